/// Why a follower cannot be fed any more.
package enum FeedFailure: Error, Equatable, Sendable {
    /// Nothing that this log still has leads to where the follower is.
    case diverged(String)
    /// A segment that was to be read was removed meanwhile, as compaction and retention do. A new feed finds what there is.
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

    /// What a missing file means to a feed: segments go while they are read.
    init(_ error: StoreError) {
        self = error.isMissingFile ? .removed : .disk(error)
    }
}
