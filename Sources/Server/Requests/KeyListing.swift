// KEYS and SCAN, as far as they take more than a moment: a few steps each turn, so that nobody else waits for them. Each key that
// is there all along is named once. KEYS sends lines as they are found; RESP wants the number of keys first, so there they are
// gathered, up to a limit, and then sent a piece at a time, as the client takes them. A reply that waits for followers may become
// an error as a whole, so there all of it is written at once.

import Bytes
import Store
import Wire

/// One KEYS or SCAN under way.
final class KeyListing: LongReply {
    /// What is asked for.
    enum Kind {
        /// Every key.
        case all
        /// Some keys, and the cursor to go on with.
        case page(count: Int)
    }

    let dialect: ReplyDialect
    private let store: Store
    /// Bytes of a reply that is not streamed, at most.
    private let sizeLimit: Int
    private let kind: Kind
    private var search: KeySearch
    /// Whether a part of the reply is written; of a page, whether it has been looked for.
    private var hasBegun = false

    /// Bytes that a step gathers or moves to the replies.
    private static let stepSize = 256 << 10
    /// Bytes of keys that SCAN answers with, but for the last key.
    private static let pageSize = 1 << 20

    /// - Parameter sizeLimit: bytes of a reply that has to be written at once, at most.
    init(
        _ kind: Kind, _ pattern: GlobPattern, from cursor: ScanCursor = ScanCursor(), in store: Store, sizeLimit: Int,
        dialect: ReplyDialect
    ) {
        self.store = store
        self.sizeLimit = sizeLimit
        self.kind = kind
        self.dialect = dialect
        search = KeySearch(pattern, from: cursor, dialect: dialect)
    }

    /// Bytes of memory that it holds.
    var heldSize: Int { search.heldSize }

    /// Whether nothing of the reply is written, so that an error can take its place.
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

    private func listPage(_ count: Int, _ replies: inout ReplyQueue, _ allowance: TurnAllowance) -> Bool {
        guard allowance.hasSteps else { return false }
        allowance.withSteps { steps in
            if hasBegun {
                // Only what was met: a page ends where the steps of its first turn did.
                search.advance(in: store, count: 0, size: KeyListing.pageSize, steps: &steps)
            } else {
                // Empty buckets count for something too, so that a sparse table does not hold the turn up.
                search.advance(
                    in: store, count: count, buckets: max(count / 10, 16), size: KeyListing.pageSize,
                    steps: &steps)
            }
        }
        hasBegun = true
        guard search.isSettled else { return false }
        assert(replies.writer.dialect == dialect, "a page is written in another dialect than its keys")
        replies.depends(on: store.position.seq)
        replies.writer.list(2)
        replies.writer.text(String(search.cursor.number))
        if !replies.writer.isLine { replies.writer.list(search.keys.count) }
        search.keys.move(to: &replies.writer)
        replies.writer.endList()
        return true
    }

    private func listAll(_ replies: inout ReplyQueue, _ allowance: TurnAllowance) -> Bool {
        let isStreamed = dialect == .line && !replies.keepsApart
        allowance.withSteps { steps in
            search.advance(
                in: store, size: isStreamed ? KeyListing.stepSize : sizeLimit &+ 1, steps: &steps)
        }
        let isFound = search.isSettled && search.cursor.isAtEnd
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
