// One process's view of a model disk, whose calls fail where a plan says so: the N-th write, the N-th call of any kind,
// every call from the N-th on. What is dead changes nothing any more, as a process that was killed does not. Calls can be
// held too, so that something else happens at exactly that point of what another thread does.

import Bytes
import Store
import Synchronization
import SystemPackage

/// A call that can fail.
package enum DiskOperation: String, CaseIterable, Sendable {
    case open, create, read, write, sync, truncate, allocate, rename, remove
    case syncFolder = "sync the folder"
}

/// What a plan makes of a call.
package enum DiskFault: Equatable, Sendable {
    case error(Errno)
    /// A read or write does half of what it is asked to; other calls do all of it.
    case short
    /// The process dies: this call and all later ones fail and do nothing, but for a write, half of which is done.
    case death
}

/// A fault, and the call that it strikes.
package struct PlannedFault: Sendable {
    package var fault: DiskFault
    /// nil for any.
    package var operation: DiskOperation?
    /// Of the calls of that kind, from 1.
    package var number: Int

    package init(_ fault: DiskFault, at operation: DiskOperation? = nil, _ number: Int) {
        self.fault = fault
        self.operation = operation
        self.number = number
    }
}

/// A fault that has struck, and what.
package struct StruckCall: Sendable {
    package let fault: DiskFault
    package let operation: DiskOperation
    package let path: String
}

/// A view of a disk that fails as planned. Each opening of a store has one of its own.
package final class FaultyDisk: Disk {
    private struct State {
        var plan: [PlannedFault]
        var counts: [DiskOperation: Int] = [:]
        var total = 0
        var struck: [StruckCall] = []
        var isDead = false
    }

    private let disk: ModelDisk
    private let state: Mutex<State>
    /// Where a call can be held.
    package let hold = DiskHold()

    package init(_ disk: ModelDisk, _ plan: [PlannedFault] = []) {
        self.disk = disk
        state = Mutex(State(plan: plan))
    }

    /// The faults that have struck.
    package var struck: [StruckCall] { state.withLock { $0.struck } }
    /// Calls so far, of all kinds or of one.
    package var callCount: Int { state.withLock { $0.total } }
    package var isDead: Bool { state.withLock { $0.isDead } }
    /// Makes every call fail and do nothing from now on.
    package func kill() { state.withLock { $0.isDead = true } }

    /// Counts a call.
    /// - Returns: the fault that strikes it and lets it do something.
    fileprivate func begin(_ operation: DiskOperation, _ path: FilePath) throws(StoreError) -> DiskFault? {
        hold.pass(operation, path.string)
        let (fault, isFirst) = state.withLock { state -> (DiskFault?, Bool) in
            if state.isDead { return (.death, false) }
            state.total += 1
            state.counts[operation, default: 0] += 1
            let (total, count) = (state.total, state.counts[operation] ?? 0)
            let planned = state.plan.first { planned in
                planned.operation.map { $0 == operation && planned.number == count } ?? (planned.number == total)
            }
            guard let fault = planned?.fault else { return (nil, true) }
            state.struck.append(StruckCall(fault: fault, operation: operation, path: path.string))
            if fault == .death { state.isDead = true }
            return (fault, true)
        }
        switch fault {
        case .error(let errno): throw .disk(operation: operation.rawValue, path: path.string, errno: errno)
        case .death where operation != .write || !isFirst: throw dead(operation.rawValue, path)
        default: return fault
        }
    }

    fileprivate func dead(_ operation: String, _ path: FilePath) -> StoreError {
        .disk(operation: operation, path: path.string, errno: .ioError)
    }

    fileprivate func requireLife(_ operation: String, _ path: FilePath) throws(StoreError) {
        if isDead { throw dead(operation, path) }
    }

    package func createFolder(_ path: FilePath) throws(StoreError) {
        try requireLife("make the folder", path)
        try disk.createFolder(path)
    }

    package func attemptOpen(_ path: FilePath, for access: FileAccess) throws(StoreError) -> any DiskFile {
        _ = try begin(.open, path)
        return FaultyFile(try disk.open(path), self)
    }

    package func attemptCreate(_ path: FilePath) throws(StoreError) -> any DiskFile {
        _ = try begin(.create, path)
        return FaultyFile(try disk.create(path), self)
    }

    package func attemptRename(_ path: FilePath, to name: FilePath) throws(StoreError) {
        _ = try begin(.rename, path)
        try disk.attemptRename(path, to: name)
    }

    package func attemptRemove(_ path: FilePath) throws(StoreError) {
        _ = try begin(.remove, path)
        try disk.attemptRemove(path)
    }

    package func attemptSyncFolder(_ path: FilePath) throws(StoreError) {
        _ = try begin(.syncFolder, path)
        try disk.attemptSyncFolder(path)
    }

    package func names(in path: FilePath) throws(StoreError) -> [String] {
        try requireLife("list", path)
        return try disk.names(in: path)
    }

    package func status(of path: FilePath) throws(StoreError) -> FileStatus? {
        try requireLife("look at", path)
        return try disk.status(of: path)
    }

    package func space(at path: FilePath) throws(StoreError) -> DiskSpace {
        try requireLife("read the free space of", path)
        return try disk.space(at: path)
    }

    package func lock(_ path: FilePath) throws(StoreError) -> any DiskFile {
        try requireLife("lock", path)
        return try disk.lock(path)
    }
}

private final class FaultyFile: DiskFile {
    private let file: ModelFile
    private let disk: FaultyDisk

    init(_ file: ModelFile, _ disk: FaultyDisk) {
        self.file = file
        self.disk = disk
    }

    var path: FilePath { file.path }
    func size() throws(StoreError) -> Int { try file.size() }
    func isInPlace() -> Bool { file.isInPlace() }

    func attemptRead(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(StoreError) -> Int {
        let fault = try disk.begin(.read, path)
        let left = try file.size() - offset
        return try file.attemptRead(fault == .short ? min(size, max(left / 2, 1)) : size, at: offset, into: &buffer)
    }

    func attemptWrite(_ first: Span<UInt8>, _ second: Span<UInt8>, at offset: Int) throws(StoreError) -> Int {
        guard let fault = try disk.begin(.write, path) else {
            return try file.attemptWrite(first, second, at: offset)
        }
        let total = first.count + second.count
        let half = fault == .short ? max(total / 2, 1) : total / 2
        let count = try file.attemptWrite(
            first.extracting(0..<min(half, first.count)),
            second.extracting(0..<max(half - first.count, 0)), at: offset)
        if fault == .death { throw disk.dead("write", path) }
        return count
    }

    func attemptSync() throws(StoreError) {
        do {
            _ = try disk.begin(.sync, path)
        } catch {
            if !disk.isDead && !error.isInterruption { file.failSync() }
            throw error
        }
        try file.attemptSync()
    }

    func attemptTruncate(to size: Int) throws(StoreError) {
        _ = try disk.begin(.truncate, path)
        try file.attemptTruncate(to: size)
    }

    func attemptAllocate(_ size: Int) throws(StoreError) {
        _ = try disk.begin(.allocate, path)
        try file.attemptAllocate(size)
    }
}
