// Admission: what is asked before a command runs. For most requests that is a look at one or two numbers, which say only that nothing is
// in the way. Where they do not say that, a verdict comes from a closer look, in one order: the data set, the role, the disk, memory.
// How large a reply is a command knows only when it has found the values; it asks then (`Session.hasMemory`).

import Bytes
import Commands
import Store
import Synchronization
import Wire

/// What a gate has to know of its server when it does not let every request through. Asked only then.
package protocol GateKeeper: AnyObject {
    /// The answer to requests for data while there is none to be used.
    var notServing: ReplyError { get }
    /// Why clients' changes are refused here; nil where they are not.
    var readOnly: ReplyError? { get }
    /// Notes what a change was refused for.
    func tell(_ obstacle: WriteObstacle)
    /// Notes that the memory limit was reached, or is no longer.
    func tell(_ news: MemoryBudget.News)
}

/// The admission of a server. Used from one thread. An object of its own with nothing but private and constant state, so that Swift checks
/// no accesses to it at run time.
package final class Gate {
    private let store: Store
    package let memory: MemoryBudget
    /// The largest key, in bytes.
    let keySize: Int
    /// Set once, when the server is made of its parts.
    private unowned var attached: (any GateKeeper)?
    private var keeper: any GateKeeper {
        guard let attached else { preconditionFailure("used before it is attached to a server") }
        return attached
    }
    /// Atomic, because that is read without a check for exclusive access.
    private let serves = Atomic(false)

    /// - Parameter keySize: the largest key, in bytes.
    package init(_ store: Store, memory: MemoryBudget, keySize: Int) {
        self.store = store
        self.memory = memory
        self.keySize = keySize
    }

    /// Is a server's from now on, which has to live as long as this is asked anything.
    package func attach(to keeper: any GateKeeper) { attached = keeper }

    /// Whether the data set can be used. False at first.
    package var isServing: Bool {
        @inline(__always) get { serves.load(ordering: .relaxed) }
        set { serves.store(newValue, ordering: .relaxed) }
    }

    // MARK: Asking

    /// Looks whether each key is as short as a key has to be.
    /// - Parameter extent: of the arguments.
    /// - Throws: what to answer where one is not.
    @inline(__always)
    package func admitKeys(of arguments: Arguments, extent: Int, _ keys: Keys) throws(ReplyError) {
        // Nearly always all arguments together are no longer than a key may be.
        if extent > keySize, let size = keys.oversized(in: arguments, limit: keySize) {
            throw .tooLong("Key", size: size, limit: keySize)
        }
    }

    /// Lets a request read data.
    /// - Throws: what to answer where it may not.
    @inline(__always)
    package func admitRead() throws(ReplyError) {
        guard isServing else { throw keeper.notServing }
    }

    /// Lets a request change data.
    /// - Parameters:
    ///   - extent: of the arguments: no change takes more.
    ///   - keys: where the keys are, each followed by its value where the command stores values.
    /// - Throws: what to answer where it may not.
    @inline(__always)
    package func admitChange(
        _ arguments: Arguments, extent: Int, _ traits: Traits, _ keys: Keys
    ) throws(ReplyError) -> Permit {
        // Nothing is granted while the data set cannot be used, nor where clients' changes are refused.
        let permit =
            if let permit = store.permit(forChangesOf: extent) { permit } else {
                try permitOnCloserLook(extent, shrinks: traits.contains(.shrink))
            }
        assert(isServing, "a change is permitted while there is no data set")
        if traits.contains(.storesValues), !memory.hasRoom(for: arguments) { try makeRoom(for: arguments, keys) }
        return permit
    }

    /// Lets a request have an effect that may be larger than its arguments: `key` gets a value of `valueSize` bytes. To be asked once that
    /// size is known, by commands whose values are not among their arguments (`admitChange` has judged those).
    /// - Throws: what to answer where it may not.
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

    // MARK: On a closer look

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

    /// Makes room for the values that a request gives to keys, unless it takes no more memory than is in use now.
    @inline(never)
    private func makeRoom(for arguments: Arguments, _ keys: Keys) throws(ReplyError) {
        assert(keys != .none, "values are stored that follow no key")
        var growth = 0
        for index in keys.indices(count: arguments.count) where index + 1 < arguments.count {
            growth += max(store.growth(for: arguments[index], valueSize: arguments[index + 1].count), 0)
        }
        try makeRoom(forGrowthBy: growth)
    }

    /// Makes room for so many bytes more, and renews the grant.
    @inline(never)
    private func makeRoom(forGrowthBy growth: Int) throws(ReplyError) {
        while growth > 0, usedMemory + growth > memory.storeLimit {
            // What was cleared is given back bit by bit; here somebody needs it now.
            guard store.clearedSize > 0 else {
                memory.countRefusal()
                if let news = memory.news(used: usedMemory, isRefused: true) { keeper.tell(news) }
                throw .outOfMemory(used: usedMemory, limit: memory.storeLimit, needed: growth)
            }
            _ = store.giveBackMemory()
        }
        memory.grant(used: usedMemory + growth)
    }

    /// Bytes that the store takes: pairs and table, and what was cleared.
    var usedMemory: Int { store.size + store.clearedSize }
}
