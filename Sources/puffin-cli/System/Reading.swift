// Reads from a descriptor into an array. `unsafe` is allowed here because the memory is the array's own, lent for the
// duration of the call.

import SystemPackage

extension FileDescriptor {
    /// Waits for the next bytes, at most `size`.
    /// - Returns: none at the end.
    func readPiece(upTo size: Int) throws -> [UInt8] {
        try unsafe Array(unsafeUninitializedCapacity: size) { memory, count in
            count = unsafe try read(into: UnsafeMutableRawBufferPointer(memory))
        }
    }
}
