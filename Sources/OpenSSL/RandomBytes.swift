// Random bytes that cannot be guessed.
//
// Unsafe code: libcrypto fills an array for the length of one call.

import COpenSSL

/// Randomness for secrets: salts, tokens, nonces.
package enum RandomBytes {
    /// `count` bytes of OpenSSL's generator for private values. Ends the process if the system has no randomness.
    package static func make(_ count: Int) -> [UInt8] {
        Library.setUp()
        guard count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: count)
        let isDone = unsafe bytes.withUnsafeMutableBufferPointer { bytes in
            unsafe RAND_priv_bytes(bytes.baseAddress, Int32(bytes.count)) == 1
        }
        precondition(isDone, "the system has no random bytes")
        return bytes
    }
}
