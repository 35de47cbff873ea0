// The error replies of commands, in both dialects.

import Bytes
import Commands
import Store
import Wire

extension ReplyError {
    static let syntax = ReplyError("syntax error")
    static let notAnInteger = ReplyError("value is not an integer or out of range")
    static let invalidCursor = ReplyError("invalid cursor")
    static let matchAndPrefix = ReplyError("MATCH and PREFIX exclude each other: use one of them")

    /// In the line dialect, the error includes the command's usage.
    static func wrongArity(of command: Command, isTooMany: Bool = false) -> ReplyError {
        let spec = command.spec
        let resp = "wrong number of arguments for '\(spec.redisName)' command"
        guard spec.parent == nil else { return ReplyError(resp) }
        let takesTexts = [.strings, .keys, .connection].contains(spec.group) && spec.lineArity.upperBound > 0
        let hint = isTooMany && takesTexts ? "; write an argument that has spaces as \"a JSON string\"" : ""
        return ReplyError(line: "\(spec.name) needs \(spec.lineNeeds): \(spec.lineUsage)\(hint)", resp: resp)
    }

    static func replyTooLarge(limit: Int) -> ReplyError {
        ReplyError("Reply too large: more than \(limit) bytes; use SCAN, or a narrower pattern")
    }

    /// The error of a reply whose values are too large together. No value is sent.
    static func valuesTooLarge(limit: Int) -> ReplyError {
        ReplyError("Reply too large: more than \(limit) bytes; ask for fewer keys at a time")
    }

    /// Of KEYS or SCAN inside EXEC, which holds up all clients.
    static func tooManyKeys(limit: Int) -> ReplyError {
        ReplyError(
            "Too much to search in a transaction: more than \(limit) keys, or a slow pattern; use SCAN outside of it")
    }

    // MARK: RANGE

    static let noIndex = ReplyError("RANGE needs the ordered index: set storage.index to ordered")

    static func indexIsBuilt(_ percent: Int) -> ReplyError { ReplyError("The index is being built: \(percent) %") }

    static func tooManyExpired(limit: Int) -> ReplyError {
        ReplyError(
            "More than \(limit) expired pairs in this range are still to be removed; try again, or with a narrower range"
        )
    }

    static func rangeTooLarge(limit: Int) -> ReplyError {
        ReplyError("Reply too large: more than \(limit) bytes; use a smaller LIMIT")
    }

    static func patternTooLong(size: Int) -> ReplyError {
        .tooLong("Pattern", size: size, limit: GlobPattern.sizeLimit)
    }

    static func tooMany(_ what: String, count: Int, limit: Int) -> ReplyError {
        ReplyError("Too many \(what): \(count), the limit is \(limit)")
    }

    /// The error of an option, which follows the message.
    static func unknownOption(_ message: String, _ name: Span<UInt8>, _ session: Session) -> ReplyError {
        ReplyError("\(message) '\(echo(name, session.server.limits.echoSize))'")
    }

    /// The error of an option of EXPIRE.
    static func unsupportedOption(_ name: Span<UInt8>, _ session: Session) -> ReplyError {
        ReplyError("Unsupported option \(echo(name, session.server.limits.echoSize))")
    }

    static func tooLong(_ what: String, size: Int, limit: Int) -> ReplyError {
        ReplyError(
            "\(what) too long: \(size) bytes, the limit is \(limit)",
            problem: what == "Key" ? .targetTooLong : .tooLarge)
    }

    static func loading(_ loading: Loading) -> ReplyError {
        ReplyError("Loading: \(loading.description)", code: .loading)
    }

    static func refused(_ obstacle: WriteObstacle) -> ReplyError {
        guard obstacle.isDiskFull else { return ReplyError(obstacle.description, problem: .unavailable) }
        return ReplyError(obstacle.description, code: .diskFull)
    }

    /// - Parameter leader: the leader's address. In RESP the error ends with it, as a field for programs.
    static func readOnly(_ sentence: String, leader: String?) -> ReplyError {
        ReplyError(line: sentence, resp: sentence + ErrorCode.leaderField(leader), code: .readOnly)
    }

    /// The error of requests that waited for a commit when the leader's snapshot replaced the data set.
    static let replaced = ReplyError(
        "Not kept, perhaps: this server became a follower, and its leader did not have this change", code: .superseded)

    static func unacknowledged(by count: Int, within milliseconds: Int) -> ReplyError {
        ReplyError(
            "Written here, not yet acknowledged by \(counted(count, "follower")) within \(milliseconds) ms; a crash of this server could lose it",
            code: .unacknowledged)
    }

    /// The error of requests that waited for followers when this server stopped being the leader.
    static func leftBehind(by count: Int) -> ReplyError {
        ReplyError(
            "Not acknowledged by \(counted(count, "follower")) before this server became a follower; its leader may lack this change",
            code: .unacknowledged)
    }

    /// The error of a change that is on this server's disk when its log fails.
    static func leftAlone(by count: Int, _ reason: StoreError) -> ReplyError {
        ReplyError(
            "Written here, not acknowledged by \(counted(count, "follower")) before the log failed: \(reason)",
            code: .unacknowledged)
    }

    /// The error of a change that was never handed to the disk when the log failed: a restart does not have it.
    static func notWritten(_ reason: StoreError) -> ReplyError {
        ReplyError("Not written: \(reason)", problem: .logFailed)
    }

    /// The error of a change that was being written when the log failed, and of its dependants: the disk's content is unknown.
    static func unknownOutcome(_ reason: StoreError) -> ReplyError {
        ReplyError("Outcome unknown, this change may or may not be there after a restart: \(reason)", code: .unknown)
    }

    static func unknownCommand(_ arguments: Arguments, echoSize: Int) -> ReplyError {
        let name = echo(arguments[0], echoSize)
        var first = ""
        for index in 1..<max(arguments.count, 1) where first.utf8.count < echoSize {
            first += "'\(echo(arguments[index], echoSize - first.utf8.count))' "
        }
        return ReplyError(
            line: "Unknown command \"\(name)\" (try HELP)",
            resp: "unknown command '\(name)', with args beginning with: \(first)")
    }

    static func unknownSubcommand(_ command: String, _ name: Span<UInt8>, echoSize: Int) -> ReplyError {
        ReplyError("unknown subcommand '\(echo(name, echoSize))'. Try \(command) HELP.")
    }

    /// Received bytes, escaped and truncated.
    static func echo(_ bytes: Span<UInt8>, _ limit: Int) -> String {
        var shown = ByteBuffer()
        shown.append(lineQuoted: bytes.extracting(0..<min(bytes.count, limit)))
        return String(shown.bytes.extracting(1..<shown.count - 1)) + (bytes.count > limit ? "…" : "")
    }
}
