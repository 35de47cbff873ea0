// The seam between the log and the operating system: every call that touches a file goes through here, so that tests
// can make any of them fail, or slow.

import Bytes
import SystemPackage

/// A place that holds files. Calls may come from any thread.
package protocol Disk: Sendable {
    /// Makes a folder with mode 0700 where there is none, and makes its name durable.
    func createFolder(_ path: FilePath) throws(StoreError)
    /// Opens a file that exists.
    func open(_ path: FilePath) throws(StoreError) -> any DiskFile
    /// Makes a file with mode 0600 that did not exist.
    func create(_ path: FilePath) throws(StoreError) -> any DiskFile
    /// Makes the names in a folder durable.
    func syncFolder(_ path: FilePath) throws(StoreError)
    /// The names in a folder, in no order.
    func names(in path: FilePath) throws(StoreError) -> [String]
    func exists(_ path: FilePath) -> Bool
    /// Takes a lock that ends with this process, and writes the process's id into the file.
    /// - Throws: `StoreError.locked` where another process holds it.
    func lock(_ path: FilePath) throws(StoreError) -> any DiskFile
}

/// An open file. Offsets and sizes are in bytes.
package protocol DiskFile: AnyObject, Sendable {
    var path: FilePath { get }
    func size() throws(StoreError) -> Int
    /// Appends up to `size` bytes from `offset` on to `buffer`.
    /// - Returns: how many; 0 at the end of the file.
    func read(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(StoreError) -> Int
    /// Writes all of `first`, then all of `second`, in one call where the system takes them in one.
    func write(_ first: Span<UInt8>, _ second: Span<UInt8>, at offset: Int) throws(StoreError)
    /// Returns when the content, and the size where it has changed, are on the disk.
    func sync() throws(StoreError)
    func truncate(to size: Int) throws(StoreError)
}
