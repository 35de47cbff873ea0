// One process's view of a model disk, whose calls fail according to a plan: the N-th write, the N-th call of any kind,
// every call from the N-th on. A dead one changes nothing more, like a killed process. Calls can be held too, so that
// something else happens at exactly that point of another thread's work.

import Bytes
import Store
import Synchronization
import SystemPackage

extension DiskOperation {
    /// The calls that a plan can make fail; the others fail only when the process is dead.
    package static let breakable: [DiskOperation] = [
        .open, .create, .read, .write, .sync, .truncate, .allocate, .rename, .remove, .syncFolder,
    ]
}

/// The effect of a plan on a call.
package enum DiskFault: Equatable, Sendable {
    case error(Errno)
    /// A read or write does half of what it is asked to; other calls do all of it.
    case short
    /// The process dies: this call and all later ones fail and do nothing, except that a write is half done.
    case death
}

/// A fault, and the call that it strikes.
package struct PlannedFault: Sendable {
    package var fault: DiskFault
    /// nil for any.
    package var operation: DiskOperation?
    /// The call's number among those of its kind, from 1.
    package var number: Int

    package init(_ fault: DiskFault, at operation: DiskOperation? = nil, _ number: Int) {
        self.fault = fault
        self.operation = operation
        self.number = number
    }
}

/// A fault that has struck, and its call.
package struct StruckCall: Sendable {
    package let fault: DiskFault
    package let operation: DiskOperation
    /// The call's number among those of its kind, from 1.
    package let number: Int
    package let path: String
}

/// A view of a disk that fails as planned. Each opening of a store has one of its own.
package final class FaultyDisk: ForwardingDisk {
    private struct State {
        var plan: [PlannedFault]
        var counts: [DiskOperation: Int] = [:]
        var total = 0
        var struck: [StruckCall] = []
        var isDead = false
    }

    package let base: ModelDisk
    private let state: Mutex<State>
    /// Where a call can be held.
    package let hold = DiskHold()

    package init(_ base: ModelDisk, _ plan: [PlannedFault] = []) {
        self.base = base
        state = Mutex(State(plan: plan))
    }

    /// The faults that have struck.
    package var struck: [StruckCall] { state.withLock { $0.struck } }
    /// Calls so far, of all kinds or of one.
    package var callCount: Int { state.withLock { $0.total } }
    package func callCount(of operation: DiskOperation) -> Int { state.withLock { $0.counts[operation] ?? 0 } }
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
            state.struck.append(StruckCall(fault: fault, operation: operation, number: count, path: path.string))
            if fault == .death { state.isDead = true }
            return (fault, true)
        }
        switch fault {
        case .error(let errno): throw .disk(operation: operation, path: path.string, errno: errno)
        case .death where operation != .write || !isFirst: throw dead(operation, path)
        default: return fault
        }
    }

    fileprivate func dead(_ operation: DiskOperation, _ path: FilePath) -> StoreError {
        .disk(operation: operation, path: path.string, errno: .ioError)
    }

    package func pass(_ operation: DiskOperation, _ path: FilePath) throws(StoreError) {
        if DiskOperation.breakable.contains(operation) {
            _ = try begin(operation, path)
        } else if isDead {
            throw dead(operation, path)
        }
    }

    package func wrap(_ file: any DiskFile) -> any DiskFile { FaultyFile(file, self) }
}

private final class FaultyFile: ForwardingFile {
    let base: any DiskFile
    let disk: FaultyDisk

    init(_ base: any DiskFile, _ disk: FaultyDisk) {
        self.base = base
        self.disk = disk
    }

    func attemptRead(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(StoreError) -> Int {
        let fault = try disk.begin(.read, path)
        let left = try base.size() - offset
        return try base.attemptRead(fault == .short ? min(size, max(left / 2, 1)) : size, at: offset, into: &buffer)
    }

    func attemptWrite(_ first: Span<UInt8>, _ second: Span<UInt8>, at offset: Int) throws(StoreError) -> Int {
        guard let fault = try disk.begin(.write, path) else {
            return try base.attemptWrite(first, second, at: offset)
        }
        let total = first.count + second.count
        let half = fault == .short ? max(total / 2, 1) : total / 2
        let count = try base.attemptWrite(
            first.extracting(0..<min(half, first.count)),
            second.extracting(0..<max(half - first.count, 0)), at: offset)
        if fault == .death { throw disk.dead(.write, path) }
        return count
    }

    func attemptSync() throws(StoreError) {
        do {
            try disk.pass(.sync, path)
        } catch {
            if !disk.isDead && !error.isInterruption { (base as? ModelFile)?.failSync() }
            throw error
        }
        try base.attemptSync()
    }
}
