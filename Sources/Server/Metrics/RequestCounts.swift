// Counters of requests. Used from one thread, and reached through one object, so that counting is a single addition.

import Wire

/// Requests by command, and errors by kind, since the start.
final class RequestCounts {
    /// By the command's index in the catalog; a subcommand counts as its command.
    private var byCommand = InlineArray<256, Int>(repeating: 0)
    /// Requests that name no command.
    private(set) var unknown = 0
    /// Error replies by their kind.
    private(set) var errors: [String: Int] = [:]

    /// Counts a request of the command at an index of the catalog.
    @inline(__always)
    func count(_ index: Int) { byCommand[index] &+= 1 }

    /// Uncounts a request that is deferred.
    func takeBack(_ index: Int) { byCommand[index] -= 1 }

    func countUnknown() { unknown += 1 }

    /// Counts an error reply. Errors allocate strings anyway, so this may, too.
    func count(_ error: ReplyError) {
        errors[error.kind, default: 0] += 1
    }

    /// The requests of the command at an index of the catalog.
    func count(of index: Int) -> Int { byCommand[index] }
}
