/// Why a follower can no longer be fed.
package enum FeedFailure: Error, Equatable, Sendable {
    /// Nothing left in this log leads to the follower's position.
    case diverged(String)
    /// Compaction or retention removed a segment before it was read. A new feed finds what there is.
    case removed
    case disk(StoreError)
}

extension FeedFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .diverged(let text): text
        case .removed: "A segment that the follower needed was removed while it was fed; the link restarts"
        case .disk(let error): error.description
        }
    }

    /// The meaning of a missing file for a feed: it was removed while being read.
    init(_ error: StoreError) {
        self = error.isMissingFile ? .removed : .disk(error)
    }
}
