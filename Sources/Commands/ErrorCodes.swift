// The codes of errors, by which programs tell them apart. The sentence after a code is for people, and may change.

import Wire

/// The first word of an error in RESP, or the second after `ERR`. Lines have only the sentence. The order is that of
/// the metrics.
package enum ErrorCode: String, CaseIterable, Sendable {
    case general = "ERR"
    case audit = "AUDIT"
    case behind = "BEHIND"
    case compacted = "COMPACTED"
    case diskFull = "DISKFULL"
    case diverged = "DIVERGED"
    case aborted = "EXECABORT"
    case loading = "LOADING"
    case notLoggedIn = "NOAUTH"
    case notPermitted = "NOPERM"
    case unknownProtocol = "NOPROTO"
    case noScript = "NOSCRIPT"
    case outOfMemory = "OOM"
    case readOnly = "READONLY"
    case superseded = "SUPERSEDED"
    case unacknowledged = "UNACKED"
    case unknown = "UNKNOWN"
    case wrongPassword = "WRONGPASS"

    /// What happened to the change that a request asked for.
    package enum Effect: Equatable, Sendable {
        case none
        /// It was made, and may still be lost.
        case made
        /// It may or may not have been made.
        case unknown
    }

    package var effect: Effect {
        switch self {
        case .general, .behind, .compacted, .diskFull, .diverged, .aborted, .loading, .notLoggedIn, .notPermitted,
            .unknownProtocol, .noScript, .outOfMemory, .readOnly, .wrongPassword:
            .none
        case .unacknowledged: .made
        case .audit, .superseded, .unknown: .unknown
        }
    }

    /// What it is in HTTP.
    package var problem: HTTPProblem {
        switch self {
        case .general, .aborted, .unknownProtocol, .noScript: .badRequest
        case .compacted: .gone
        case .diverged: .anotherHistory
        case .audit: .notAudited
        case .behind: .behind
        case .diskFull: .diskFull
        case .loading: .loading
        case .notLoggedIn, .wrongPassword: .notLoggedIn
        case .notPermitted: .notPermitted
        case .outOfMemory: .outOfMemory
        case .readOnly: .readOnly
        case .superseded: .superseded
        case .unacknowledged: .unacknowledged
        case .unknown: .unknownOutcome
        }
    }

    /// An error as a person reads it: the general code adds nothing, and READONLY's sentence names the leader.
    package static func described(_ code: String, _ message: String) -> String {
        if code == readOnly.rawValue { return "\(code) \(splitLeader(message).sentence)" }
        return code.isEmpty || code == general.rawValue ? message : "\(code) \(message)"
    }

    /// The field for programs at the end of READONLY's message in RESP: ` leader=10.0.0.2:8080`.
    /// - Parameter leader: where clients reach the leader; nil if that is unknown: then the field is missing.
    package static func leaderField(_ leader: String?) -> String { leader.map { " \(leaderName)\($0)" } ?? "" }

    /// Splits that field off a message.
    package static func splitLeader(_ message: String) -> (sentence: String, leader: String?) {
        guard let space = message.lastIndex(of: " ") else { return (message, nil) }
        let field = message[message.index(after: space)...]
        guard field.hasPrefix(leaderName) else { return (message, nil) }
        return (String(message[..<space]), String(field.dropFirst(leaderName.count)))
    }

    private static let leaderName = "leader="

    /// The token in COMPACTED's message; empty if there is none.
    package static func oldestToken(in message: String) -> String {
        let words = message.split { " ;".contains($0) }
        guard let index = words.firstIndex(of: "token"), words.indices.contains(index + 2) else { return "" }
        return String(words[index + 2])
    }

    /// Whether the code follows `ERR`, because clients know only that word.
    package var isSecondWord: Bool { self == .diskFull }

    /// Its meaning, for docs/protocol.md.
    package var meaning: String {
        switch self {
        case .general: "Nothing was changed: the request is wrong, or cannot be run; the sentence says why."
        case .audit:
            "The audit cannot be written. Nothing was changed, or the change was made and its line is lost; the sentence says which."
        case .behind: "Nothing was changed: this server lacks the change that `AFTER` or a token names."
        case .compacted:
            "Nothing was changed: the log no longer has the changes after a token. The sentence has the oldest token."
        case .diskFull: "Nothing was changed: there is no space on the disk."
        case .diverged: "Nothing was changed: a token is of another history than this server's."
        case .aborted: "Nothing was changed: the transaction was not run; the sentence says why."
        case .loading: "Nothing was changed: the server is loading its data."
        case .notLoggedIn: "Nothing was changed: the connection has not logged in."
        case .notPermitted: "Nothing was changed: the user has no right to this command, or to one of its keys."
        case .unknownProtocol: "Nothing was changed: this version of RESP is not offered."
        case .noScript: "Nothing was changed: no script with this digest was sent since the start."
        case .outOfMemory: "Nothing was changed: the memory limit is reached."
        case .readOnly:
            "Nothing was changed: this server is a follower, or about to be one. Ends with ` leader=host:port` where the leader is known."
        case .superseded: "The change may or may not be in the data that has replaced this server's."
        case .unacknowledged: "The change is on the leader's disk; followers have not acknowledged it."
        case .unknown: "The change may or may not be there after a restart."
        case .wrongPassword: "Nothing was changed: there is no user with this name and password."
        }
    }

    /// What raises it, for docs/protocol.md.
    package var raisedBy: String {
        switch self {
        case .general: "any request"
        case .audit: "what is audited, with `audit.on_failure: refuse`"
        case .behind: "`AFTER`, `CHANGES`"
        case .compacted: "`CHANGES`"
        case .diskFull: "changes; those that only remove pairs have a reserve"
        case .diverged: "`CHANGES`"
        case .aborted: "`EXEC`"
        case .loading: "what reads or changes pairs, roles or snapshots"
        case .notLoggedIn: "all but `AUTH`, `HELLO`, `QUIT` and `RESET`, where users log in"
        case .notPermitted: "any request, where there are users"
        case .unknownProtocol: "`HELLO`"
        case .noScript: "`EVALSHA`"
        case .outOfMemory: "changes that add, and large replies"
        case .readOnly: "changes"
        case .superseded: "what waited for a commit when the server became a follower"
        case .unacknowledged: "changes and what reads them, with `--ack`"
        case .unknown: "what waited for a commit when the disk failed"
        case .wrongPassword: "`AUTH`"
        }
    }
}

extension ReplyError {
    /// An error that reads the same in both dialects.
    package init(_ message: String, code: ErrorCode) {
        self.init(line: message, resp: message, code: code)
    }

    package init(line: String, resp: String, code: ErrorCode) {
        self.init(
            line: line, resp: code.isSecondWord ? "\(code.rawValue) \(resp)" : resp,
            code: code.isSecondWord ? ErrorCode.general.rawValue : code.rawValue, kind: code.rawValue,
            problem: code.problem)
    }
}
