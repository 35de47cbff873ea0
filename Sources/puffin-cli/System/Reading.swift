// Reading from a descriptor into an array. `unsafe` is allowed here because the memory is the array's own, lent for the
// length of the call that fills it.

import SystemPackage

extension FileDescriptor {
    /// Waits for the next bytes, `size` at most.
    /// - Returns: none at the end.
    func readPiece(upTo size: Int) throws -> [UInt8] {
        try unsafe Array(unsafeUninitializedCapacity: size) { memory, count in
            count = unsafe try read(into: UnsafeMutableRawBufferPointer(memory))
        }
    }
}
