// KEYS and SCAN as long replies: a few steps each turn, so that other clients do not wait. Each key that exists
// throughout is listed once. In the line protocol KEYS streams its lines as they are found. RESP needs the number of
// keys first, so there the keys are collected, up to a limit, and then sent in pieces as the client takes them. A reply
// that waits for followers may still become an error, so it is written as a whole.

import Access
import Bytes
import Store
import Wire

/// A KEYS or SCAN in progress.
final class KeyListing: LongReply {
    /// The request.
    enum Kind {
        /// Every key.
        case all
        /// Some keys, and the cursor of the next page.
        case page(count: Int)
    }

    let dialect: ReplyDialect
    private let store: Store
    /// The maximum size of a reply that is not streamed, in bytes.
    private let sizeLimit: Int
    private let kind: Kind
    private var search: KeySearch
    /// Whether a part of the reply is written; for a page, whether its search has begun.
    private var hasBegun = false

    /// Bytes that a step collects or moves to the replies.
    private static let stepSize = 256 << 10
    /// The maximum size of the keys in a SCAN reply, in bytes, not counting the last key.
    private static let pageSize = 1 << 20

    /// - Parameters:
    ///   - filter: the keys that the user may read; nil for all.
    ///   - sizeLimit: the maximum size of a reply that is written at once, in bytes.
    init(
        _ kind: Kind, _ pattern: GlobPattern, from cursor: ScanCursor = ScanCursor(), in store: Store,
        filter: KeyFilter?,
        sizeLimit: Int, dialect: ReplyDialect
    ) {
        self.store = store
        self.sizeLimit = sizeLimit
        self.kind = kind
        self.dialect = dialect
        let isOrdered = if case .all = kind { store.order == .known } else { false }
        search = KeySearch(pattern, from: cursor, isOrdered: isOrdered, filter: filter, dialect: dialect)
    }

    /// Bytes of memory in use.
    var heldSize: Int { search.heldSize }

    /// Whether no part of the reply is written, so that an error can replace it.
    var canFail: Bool {
        if case .page = kind { return true }
        return !hasBegun
    }

    func step(_ replies: inout ReplyQueue, _ allowance: TurnAllowance) -> Bool {
        switch kind {
        case .all: listAll(&replies, allowance)
        case .page(let count): listPage(count, &replies, allowance)
        }
    }

    /// The steps of a search that runs at once: some 10 ms.
    private static let stepLimit = 16 << 20

    /// Makes the whole reply at once, inside EXEC.
    /// - Returns: false if that would take too long: then nothing is written.
    func finish(_ replies: inout ReplyQueue) -> Bool {
        var steps = KeyListing.stepLimit
        switch kind {
        case .all: search.advance(in: store, size: sizeLimit &+ 1, steps: &steps)
        case .page(let count):
            search.advance(
                in: store, count: count, buckets: max(count / 10, 16), size: KeyListing.pageSize, steps: &steps)
        }
        guard search.isSettled, steps > 0 else { return false }
        guard case .all = kind else {
            writePage(&replies)
            return true
        }
        guard search.keys.size <= sizeLimit else {
            replies.fail(.replyTooLarge(limit: sizeLimit))
            return true
        }
        replies.depends(on: store.position.seq)
        replies.writer.list(search.keys.count)
        search.keys.move(to: &replies.writer)
        replies.writer.endList()
        return true
    }

    private func listPage(_ count: Int, _ replies: inout ReplyQueue, _ allowance: TurnAllowance) -> Bool {
        guard allowance.hasSteps else { return false }
        allowance.withSteps { steps in
            if hasBegun {
                // Only keys that were reached: a page ends where its first turn ran out of steps.
                search.advance(in: store, count: 0, size: KeyListing.pageSize, steps: &steps)
            } else {
                // Empty buckets cost steps too, so that a sparse table does not prolong the turn.
                search.advance(
                    in: store, count: count, buckets: max(count / 10, 16), size: KeyListing.pageSize,
                    steps: &steps)
            }
        }
        hasBegun = true
        guard search.isSettled else { return false }
        writePage(&replies)
        return true
    }

    private func writePage(_ replies: inout ReplyQueue) {
        assert(replies.writer.dialect == dialect, "a page and its keys differ in dialect")
        replies.depends(on: store.position.seq)
        replies.writer.list(2)
        replies.writer.text(String(search.cursor.number))
        if !replies.writer.isLine { replies.writer.list(search.keys.count) }
        search.keys.move(to: &replies.writer)
        replies.writer.endList()
    }

    private func listAll(_ replies: inout ReplyQueue, _ allowance: TurnAllowance) -> Bool {
        let isStreamed = dialect == .line && !replies.keepsApart
        allowance.withSteps { steps in
            search.advance(
                in: store, size: isStreamed ? KeyListing.stepSize : sizeLimit &+ 1, steps: &steps)
        }
        let isFound = search.isSettled && search.isAtEnd
        if !isStreamed, !hasBegun {
            guard search.keys.size <= sizeLimit else {
                replies.fail(.replyTooLarge(limit: sizeLimit))
                return true
            }
            guard isFound else { return false }
        }
        replies.depends(on: store.position.seq)
        if !isStreamed, !hasBegun, !replies.writer.isLine { replies.writer.list(search.keys.count) }
        hasBegun = true
        search.keys.move(atLeast: replies.keepsApart ? .max : KeyListing.stepSize, to: &replies.writer)
        guard isFound, search.keys.isEmpty else { return false }
        replies.writer.endList()
        return true
    }
}
