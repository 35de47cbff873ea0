// What is counted of each request. It is used from one thread, and reached over one object, so that counting is an addition.

import Wire

/// Requests by command, and errors by kind, since the start.
final class RequestCounts {
    /// By the command's place in the catalog; subcommands are counted as their commands.
    private var byCommand = InlineArray<256, Int>(repeating: 0)
    /// Requests that name no command.
    private(set) var unknown = 0
    /// Error replies by their kind.
    private(set) var errors: [String: Int] = [:]

    /// Notes a request for the command at this place of the catalog.
    @inline(__always)
    func count(_ index: Int) { byCommand[index] &+= 1 }

    /// Takes one back: the request is run again later.
    func takeBack(_ index: Int) { byCommand[index] -= 1 }

    func countUnknown() { unknown += 1 }

    /// Notes an error reply. Errors are made of texts anyway: here one more is no matter.
    func count(_ error: ReplyError) {
        errors[error.kind, default: 0] += 1
    }

    /// Requests for the command at this place of the catalog.
    func count(of index: Int) -> Int { byCommand[index] }
}
