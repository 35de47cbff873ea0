// The failures of feeds.

import LogFormat

/// Why a feed ends.
package enum FeedFailure: Error, Equatable, Sendable {
    /// Nothing left in this log leads to the position that was asked for.
    case diverged(String)
    /// Compaction or retention removed a segment before it was read. A new feed finds what there is.
    case removed
    /// The log no longer has the change after the position that was asked for, only what follows `oldest`.
    case compacted(oldest: ChainPosition)
    /// The position that was asked for comes after `newest`, the newest change that is written or synced.
    case ahead(newest: UInt64)
    case disk(StoreError)
}

extension FeedFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .diverged(let text): text
        case .removed: "A segment that the follower needed was removed while it was fed; the link restarts"
        case .compacted(let oldest):
            "Changes up to \(oldest.seq) are no longer kept; the oldest token is \(oldest.token); read the pairs again, then go on from there"
        case .ahead(let newest): "The newest change is \(newest)"
        case .disk(let error): error.description
        }
    }

    /// The meaning of a missing file for a feed: it was removed while being read.
    init(_ error: StoreError) {
        self = error.isMissingFile ? .removed : .disk(error)
    }
}
