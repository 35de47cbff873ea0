// Threads that may wait for a disk.

import Bytes
import SystemPackage

extension Worker {
    /// A thread for work on files.
    /// - Throws: `StoreError.noThread` if the system makes none.
    static func forStorage() throws(StoreError) -> Worker {
        do throws(ThreadError) {
            return try Worker()
        } catch {
            throw .noThread(errno: Errno(rawValue: error.errno))
        }
    }
}
