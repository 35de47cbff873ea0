// What a reply means to whoever asked: done, with what, or not done, and why.

import Commands
import Wire

/// The reply to a request, told apart by success.
package enum Outcome: Equatable, Sendable {
    case success(Reply)
    /// - code: RESP's error code; empty where the server gave none.
    case failure(code: String, message: String)

    package static let keyNotFound = Outcome.failure(code: "", message: "Key not found")

    /// - Parameters:
    ///   - spec: the command; nil where it is not known.
    ///   - arguments: the request, its name included.
    package init(_ reply: Reply, spec: CommandSpec?, arguments: [[UInt8]]) {
        let isOneKey = arguments.count == 2
        switch (reply, spec?.answer) {
        case (.error(let code, let message), _): self = .failure(code: code, message: message)
        case (.integer(0), .deleted?) where isOneKey: self = .keyNotFound
        case (.integer(1), .deleted?) where isOneKey: self = .success(.simple("OK"))
        case (.null, .plain?) where spec?.keys == Keys.none:
            self = .failure(code: "", message: "There is none")
        case (.null, _): self = .keyNotFound
        default: self = .success(reply)
        }
    }

    /// What a person reads behind `ERROR: `; nil of a success.
    package var errorText: String? {
        guard case .failure(let code, let message) = self else { return nil }
        return ErrorCode.described(code, message)
    }
}
