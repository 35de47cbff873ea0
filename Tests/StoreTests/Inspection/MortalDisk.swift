// A disk that makes a number of changes, and then none: what a crash at that moment leaves.

import Store
import Synchronization
import SystemPackage
import TestSupport

/// The disk of this machine, up to a number of changes.
final class MortalDisk: ForwardingDisk {
    let base = LocalDisk()
    private let left: Mutex<Int>

    init(changes: Int) { left = Mutex(changes) }

    func pass(_ operation: DiskOperation, _ path: FilePath) throws(StoreError) {
        switch operation {
        case .open, .openFolder, .openSegments, .read, .list, .status, .size, .space, .lock, .createFolder: return
        case .create, .write, .sync, .truncate, .allocate, .rename, .remove, .syncFolder: break
        }
        let isAlive = left.withLock { left in
            left -= 1
            return left >= 0
        }
        if !isAlive { throw .disk(operation: operation, path: path.string, errno: .ioError) }
    }

    func wrap(_ file: any DiskFile) -> any DiskFile { MortalFile(file, self) }

    /// Syncs are skipped: what was written stays written.
    func attemptSyncFolder(_ path: FilePath) throws(StoreError) { try pass(.syncFolder, path) }
}

private final class MortalFile: ForwardingFile {
    let base: any DiskFile
    let disk: MortalDisk

    init(_ base: any DiskFile, _ disk: MortalDisk) {
        self.base = base
        self.disk = disk
    }

    func attemptSync() throws(StoreError) { try disk.pass(.sync, path) }
}
