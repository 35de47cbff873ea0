// Carries out a plan. After each step a crash loses nothing, and a second repair finishes what the first began: what is
// set aside is durable under its new name before it leaves its old place.

import Bytes
import Store
import SystemPackage

/// A repair that holds the data set's lock.
package final class Repair {
    package let plan: RepairPlan
    private let disk: any Disk
    private let files: DataFiles
    private let time: UInt64
    private let lock: any DiskLock
    /// The names of what was set aside.
    package private(set) var setAside: [String] = []

    /// Takes the lock and makes the plan.
    /// - Parameter time: Unix milliseconds, for the names of what is set aside.
    /// - Throws: `InspectionError`; it contains `StoreError.locked` if a server runs.
    package init(_ files: DataFiles, on disk: any Disk, time: UInt64) throws(InspectionError) {
        self.disk = disk
        self.files = files
        self.time = time
        // Before locking, which would create a file.
        _ = try CapturedFiles(files, on: disk)
        do throws(StoreError) {
            try disk.createFolder(files.folder)
            lock = try disk.lock(files.lock)
        } catch {
            throw .store(error)
        }
        let verification = try Verification.run(files, on: disk)
        do throws(StoreError) {
            plan = try RepairPlan(verification)
        } catch {
            throw .store(error)
        }
    }

    /// Carries out the plan. All of it is durable on return.
    /// - Throws: `StoreError`; nothing is lost then, and a second repair continues.
    package func apply() throws(StoreError) {
        guard plan.obstacle == nil, !plan.steps.isEmpty else { return }
        for step in plan.steps {
            switch step {
            case .rewriteSnapshot: try rewriteSnapshot()
            case .setSnapshotAside: try setAside(files.snapshot)
            case .setMarkAside: try setAside(files.durable)
            case .setAside(let segment): try setAside(files.segment(firstSeq: segment))
            case .cut(let segment, let end): try cut(segment, from: end, as: "damaged")
            case .setTailAside(let segment, let end, _): try cut(segment, from: end, as: "torn")
            }
        }
    }

    private func setAside(_ path: FilePath) throws(StoreError) {
        let name = try TornTail.unusedName(path.string + ".damaged-", time: time, on: disk)
        try disk.rename(path, to: name)
        try disk.syncFolder(path.folder)
        setAside.append(name.string)
    }

    private func cut(_ segment: UInt64, from end: Int, as word: String) throws(StoreError) {
        let file = try disk.open(files.segment(firstSeq: segment), for: .writing)
        let tail = try TornTail.setAside(file, from: end, as: word, time: time, on: disk)
        try file.sync()
        if let tail { setAside.append(tail.path) }
    }

    private func rewriteSnapshot() throws(StoreError) {
        guard let header = plan.verification.files.first(where: { $0.kind == .snapshot })?.header else { return }
        try files.removeTemporaryFiles(try files.contents(on: disk), on: disk)
        let damaged = try disk.open(files.snapshot, for: .reading)
        // A copy, not a rename: a snapshot must exist under its own name all the time.
        let name = try TornTail.unusedName(files.snapshot.string + ".damaged-", time: time, on: disk)
        try copy(damaged, to: name)
        setAside.append(name.string)
        var writer = try PairWriter(creating: files.nextSnapshot, header, on: disk, syncInterval: 4 << 20)
        try LostPairs.copy(damaged, to: &writer)
        try writer.end()
        try writer.sync()
        try disk.rename(files.nextSnapshot, to: files.snapshot)
        try disk.syncFolder(files.snapshot.folder)
    }

    private func copy(_ file: any DiskFile, to name: FilePath) throws(StoreError) {
        let copy = try disk.create(name)
        var chunk = ByteBuffer()
        var position = 0
        while try file.read(1 << 20, at: position, into: &chunk) > 0 {
            try copy.write(chunk.bytes, Span(), at: position)
            position += chunk.count
            chunk.removeAll()
        }
        try copy.sync()
        try disk.syncFolder(name.folder)
    }
}
