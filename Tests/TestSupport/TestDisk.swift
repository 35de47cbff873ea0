// The disk of this machine with two differences. Syncs do not wait for it: the tests' crashes lose nothing that was
// written, so thousands of syncs would only take time. And it fails on request.

import Store
import Synchronization
import SystemPackage

/// A disk that can be made to fail.
package final class TestDisk: ForwardingDisk {
    /// A gate for each sync of a file.
    package let gate = SyncGate()
    private struct Plan {
        var failing: [DiskOperation: Errno] = [:]
        var syncs = 0
    }

    package let base = LocalDisk()
    private let plan = Mutex(Plan())

    package init() {}

    /// Makes every `operation` fail from now on.
    package func fail(_ operation: DiskOperation, with errno: Errno) {
        plan.withLock { $0.failing[operation] = errno }
    }

    /// Makes everything work again.
    package func mend() { plan.withLock { $0.failing = [:] } }

    /// Makes the disk full: whatever needs space fails, and none is free.
    package func fill() {
        for operation: DiskOperation in [.create, .write, .allocate] { fail(operation, with: .noSpace) }
    }

    /// How often a file was synced.
    package var syncs: Int { plan.withLock { $0.syncs } }

    package func pass(_ operation: DiskOperation, _ path: FilePath) throws(StoreError) {
        let errno = plan.withLock { plan in
            if operation == .sync { plan.syncs += 1 }
            return plan.failing[operation]
        }
        if let errno { throw .disk(operation: operation, path: path.string, errno: errno) }
    }

    package func wrap(_ file: any DiskFile) -> any DiskFile { TestFile(file, self) }

    package func attemptSyncFolder(_ path: FilePath) throws(StoreError) { try pass(.syncFolder, path) }

    package func space(at path: FilePath) throws(StoreError) -> DiskSpace {
        var space = try base.space(at: path)
        if plan.withLock({ $0.failing[.write] == .noSpace }) { space.available = 0 }
        return space
    }
}

private final class TestFile: ForwardingFile {
    let base: any DiskFile
    let disk: TestDisk

    init(_ base: any DiskFile, _ disk: TestDisk) {
        self.base = base
        self.disk = disk
    }

    func attemptSync() throws(StoreError) {
        try disk.pass(.sync, path)
        if let errno = disk.gate.pass() { throw .disk(operation: .sync, path: path.string, errno: errno) }
    }
}
