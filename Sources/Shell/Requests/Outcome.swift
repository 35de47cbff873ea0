// A reply's meaning: success, with a result, or failure, with a reason.

import Commands
import Wire

/// The reply to a request, as success or failure.
package enum Outcome: Equatable, Sendable {
    case success(Reply)
    /// - code: RESP's error code; empty if the server sent none.
    case failure(code: String, message: String)

    package static let keyNotFound = Outcome.failure(code: "", message: "Key not found")

    /// - Parameters:
    ///   - spec: the command; nil if it is unknown.
    ///   - arguments: the request, its name included.
    package init(_ reply: Reply, spec: CommandSpec?, arguments: [[UInt8]]) {
        let isOneKey = arguments.count == 2
        switch (reply, spec?.answer) {
        case (.error(let code, let message), _): self = .failure(code: code, message: message)
        case (.integer(0), .deleted?) where isOneKey: self = .keyNotFound
        case (.integer(1), .deleted?) where isOneKey: self = .success(.simple("OK"))
        case (.null, _) where spec?.command == .exec:
            self = .failure(code: "", message: "Not run: a watched key has changed")
        case (.null, .plain?) where spec?.keys == Keys.none:
            self = .failure(code: "", message: "There is none")
        case (.null, .plain?)
        where spec?.traits.contains(.change) == true && spec?.hasShortReply(to: arguments) == true:
            self = .failure(code: "", message: "Not set: the condition is not met")
        case (.null, _): self = .keyNotFound
        default: self = .success(reply)
        }
    }

    /// The text after `ERROR: `; nil for a success.
    package var errorText: String? {
        guard case .failure(let code, let message) = self else { return nil }
        return ErrorCode.described(code, message)
    }
}
