// Workers that may block on a disk.

import Bytes
import Synchronization
import SystemPackage

extension Background {
    /// A worker for files.
    /// - Throws: `StoreError.noThread` if none can be created.
    func startForStorage(_ name: String) throws(StoreError) -> any Worker {
        do throws(StartFailure) {
            return try start(name)
        } catch {
            throw .noThread(errno: Errno(rawValue: error.errno))
        }
    }
}

/// A worker that is created when first needed.
final class LazyWorker: Sendable {
    private let background: any Background
    private let name: String
    private let made = Mutex<(any Worker)?>(nil)

    init(_ name: String, in background: any Background) {
        self.background = background
        self.name = name
    }

    /// - Throws: `StoreError.noThread` if none can be created; the next call tries again.
    func worker() throws(StoreError) -> any Worker {
        try made.withLock { made throws(StoreError) in
            if let made { return made }
            let worker = try background.startForStorage(name)
            made = worker
            return worker
        }
    }
}
