// Overwrites secrets that are no longer needed, in a way that no optimizer removes.
//
// Unsafe code: libcrypto is lent the memory of one buffer for the length of one call.

import Bytes
import COpenSSL

extension [UInt8] {
    /// Overwrites the content with zeros and empties the array. Copies are not reached: an array that shares its memory with another
    /// leaves that memory as it is.
    package mutating func cleanse() {
        unsafe withUnsafeMutableBytes { unsafe OPENSSL_cleanse($0.baseAddress, $0.count) }
        removeAll()
    }
}

extension ByteBuffer {
    /// Empties the buffer and overwrites all of its memory, including what earlier contents left there. Memory that the buffer gave
    /// back when it grew is not reached.
    package mutating func cleanse() {
        removeAll()
        guard capacity > 0 else { return }
        unsafe append(upTo: capacity) { room in
            unsafe OPENSSL_cleanse(room.baseAddress, room.count)
            return 0
        }
    }
}
