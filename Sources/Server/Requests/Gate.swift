// Admission: the checks before a command runs. The fast path compares one or two numbers, and can only admit a request.
// The slow path decides, in this order: data set, role, disk, memory. The size of a large reply is known only after the
// values are looked up, so the command itself asks for it (`Session.hasMemory`).

import Bytes
import Commands
import Store
import Synchronization
import Wire

/// The slow path's view of the server.
package protocol GateKeeper: AnyObject {
    /// The error for requests that need data while the data set is not loaded.
    var notServing: ReplyError { get }
    /// The error for clients' changes on a server that does not accept them; nil if it accepts them.
    var readOnly: ReplyError? { get }
    /// Reports the obstacle for which a change was refused.
    func tell(_ obstacle: WriteObstacle)
    /// Reports that the memory limit was reached, or is no longer reached.
    func tell(_ news: MemoryBudget.News)
}

/// The admission control of a server. Used from one thread. A class of its own with private or constant state only, so
/// that the compiler omits run-time exclusivity checks.
package final class Gate {
    private let store: Store
    package let memory: MemoryBudget
    /// The maximum size of a key, in bytes.
    let keySize: Int
    /// Set once, when the server is assembled.
    private unowned var attached: (any GateKeeper)?
    private var keeper: any GateKeeper {
        guard let attached else { preconditionFailure("used before it is attached to a server") }
        return attached
    }
    /// Atomic, because an atomic is read without an exclusivity check.
    private let serves = Atomic(false)

    /// - Parameter keySize: the maximum size of a key, in bytes.
    package init(_ store: Store, memory: MemoryBudget, keySize: Int) {
        self.store = store
        self.memory = memory
        self.keySize = keySize
    }

    /// Attaches the gate to its server, which must outlive its last use.
    package func attach(to keeper: any GateKeeper) { attached = keeper }

    /// Whether the data set is loaded. Initially false.
    package var isServing: Bool {
        @inline(__always) get { serves.load(ordering: .relaxed) }
        set { serves.store(newValue, ordering: .relaxed) }
    }

    // MARK: Fast path

    /// Checks the sizes of the keys.
    /// - Parameter extent: the total size of the arguments, in bytes.
    /// - Throws: the error reply for the first key that is too long.
    @inline(__always)
    package func admitKeys(of arguments: Arguments, extent: Int, _ keys: Keys) throws(ReplyError) {
        // Nearly always the arguments together are no longer than one key may be.
        if extent > keySize, let size = keys.oversized(in: arguments, limit: keySize) {
            throw .tooLong("Key", size: size, limit: keySize)
        }
    }

    /// Admits a request that reads data.
    /// - Throws: the error reply if it may not run.
    @inline(__always)
    package func admitRead() throws(ReplyError) {
        guard isServing else { throw keeper.notServing }
    }

    /// Admits a request that changes data.
    /// - Parameters:
    ///   - extent: the total size of the arguments, in bytes: an upper bound for the change.
    ///   - keys: the positions of the keys; `valueDistance` behind each is its value if the command stores values.
    /// - Throws: the error reply if it may not run.
    @inline(__always)
    package func admitChange(
        _ arguments: Arguments, extent: Int, _ traits: Traits, _ keys: Keys
    ) throws(ReplyError) -> Permit {
        // The store's quota is zero while the data set is not loaded or clients' changes are refused.
        let permit =
            if let permit = store.permit(forChangesOf: extent) { permit } else {
                try permitOnCloserLook(extent, shrinks: traits.contains(.shrink))
            }
        assert(isServing, "a change was admitted before the data set is loaded")
        if traits.contains(.storesValues), !memory.hasRoom(for: arguments) { try makeRoom(for: arguments, keys) }
        return permit
    }

    /// Admits an effect that may be larger than the request's arguments: `key` gets a value of `valueSize` bytes. For
    /// commands whose value is not among their arguments, once its size is known. `admitChange` covers the others.
    /// - Throws: the error reply if it may not run.
    @inline(__always)
    package func admitEffect(on key: Span<UInt8>, valueSize: Int) throws(ReplyError) -> Permit {
        let size = key.count &+ valueSize
        let permit =
            if let permit = store.permit(forChangesOf: size) { permit } else {
                try permitOnCloserLook(size, shrinks: false)
            }
        if !memory.hasRoom(forPairs: 1, of: size) {
            try makeRoom(forGrowthBy: max(store.growth(for: key, valueSize: valueSize), 0))
        }
        return permit
    }

    /// Admits the changes of a transaction together. Each of them is admitted once more when it runs: that makes no
    /// difference unless the table or the log grows by more than the sizes of keys and values suggest.
    /// - Parameters:
    ///   - growth: an upper bound of the bytes by which the table grows; called only if memory is short.
    /// - Throws: the error reply if they may not run.
    package func admitTransaction(
        _ summary: Transaction.Summary, growth: () -> Int
    ) throws(ReplyError) -> Permit {
        let permit =
            if let permit = store.permit(forChangesOf: summary.changeSize) { permit } else {
                try permitOnCloserLook(summary.changeSize, shrinks: summary.onlyShrinks)
            }
        if summary.storedCount > 0, !memory.hasRoom(forPairs: summary.storedCount, of: summary.storedSize) {
            try makeRoom(forGrowthBy: growth())
        }
        return permit
    }

    /// Why changes are refused whatever their size; nil if they are not. For a door that is asked before the change is there.
    var refusalOfChanges: ReplyError? {
        guard isServing else { return keeper.notServing }
        return keeper.readOnly ?? store.obstacle.map { .refused($0) }
    }

    // MARK: Slow path

    @inline(never)
    private func permitOnCloserLook(_ extent: Int, shrinks: Bool) throws(ReplyError) -> Permit {
        guard isServing else { throw keeper.notServing }
        if let refusal = keeper.readOnly { throw refusal }
        do throws(WriteObstacle) {
            return try store.permitOnCloserLook(forChangesOf: extent, shrinks: shrinks)
        } catch {
            keeper.tell(error)
            throw .refused(error)
        }
    }

    /// Makes room for the values that a request stores, unless it needs no more memory than is in use now.
    @inline(never)
    private func makeRoom(for arguments: Arguments, _ keys: Keys) throws(ReplyError) {
        try makeRoom(forGrowthBy: growth(of: arguments, keys))
    }

    /// The bytes by which the table grows at most if a request that stores values runs.
    func growth(of arguments: Arguments, _ keys: Keys) -> Int {
        assert(keys != .none, "a command that stores values has no keys")
        var growth = 0
        for index in keys.indices(count: arguments.count) where index + keys.valueDistance < arguments.count {
            let value = arguments[index + keys.valueDistance]
            growth += max(store.growth(for: arguments[index], valueSize: value.count), 0)
        }
        return growth
    }

    /// Makes room for so many more bytes, and renews the quota.
    @inline(never)
    private func makeRoom(forGrowthBy growth: Int) throws(ReplyError) {
        while growth > 0, usedMemory + growth > memory.storeLimit {
            // Cleared memory is normally freed in small steps; this request needs it now.
            guard store.clearedSize > 0 else {
                memory.countRefusal()
                if let news = memory.news(used: usedMemory, isRefused: true) { keeper.tell(news) }
                throw .outOfMemory(used: usedMemory, limit: memory.storeLimit, needed: growth)
            }
            _ = store.giveBackMemory()
        }
        memory.renewQuota(used: usedMemory + growth)
    }

    /// Bytes that the store takes: pairs, table, and cleared memory that is not freed yet.
    var usedMemory: Int { store.size + store.clearedSize }
}
