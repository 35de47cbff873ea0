// Commands about the server.

import Bytes
import Reactor
import Wire

enum ServerHandlers {
    static func statistics(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let figures = session.server.figures
        replies.writer.map(figures.count)
        for (name, value) in figures {
            if replies.writer.isLine {
                replies.writer.text(name + " " + value)
            } else {
                replies.writer.pair(name, value)
            }
        }
        replies.writer.endList()
    }

    static func time(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let time = session.server.clock.wallTime
        replies.writer.list(2)
        replies.writer.text(String(time / 1_000_000))
        replies.writer.text(String(time % 1_000_000))
        replies.writer.endList()
    }

    static func information(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard arguments.count - 1 <= wordLimit else {
            return replies.fail(.tooMany("sections", count: arguments.count - 1, limit: wordLimit))
        }
        var sections: [String] = []
        // No section's name is longer.
        for index in 1..<arguments.count where arguments[index].count <= session.server.limits.echoSize {
            sections.append(String(arguments[index]).lowercased())
        }
        if sections.isEmpty, arguments.count > 1 { sections = [""] }
        replies.writer.verbatim(session.server.information(sections: sections))
    }

    /// The largest number of arguments: far more than there are sections, settings or commands.
    static let wordLimit = 1024

    static func settings(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard arguments.count - 2 <= wordLimit else {
            return replies.fail(.tooMany("patterns", count: arguments.count - 2, limit: wordLimit))
        }
        var size = 0
        for index in 2..<arguments.count { size += arguments[index].count }
        // Bound the patterns together: they are matched in one turn.
        guard size <= GlobPattern.sizeLimit else { return replies.fail(.patternTooLong(size: size)) }
        var patterns: [GlobPattern] = []
        for index in 2..<arguments.count {
            let pattern = Array(String(arguments[index]).lowercased().utf8)
            patterns.append(GlobPattern(pattern.span))
        }
        var found: [(String, String)] = []
        let own = session.server.settingsKeeper?.shownSettings ?? []
        for (name, value) in session.server.redisSettings + own {
            let bytes = Array(name.utf8)
            if patterns.contains(where: { $0.matches(bytes.span) }) { found.append((name, value)) }
        }
        replies.writer.map(found.count)
        for (name, value) in found { replies.writer.pair(name, value) }
        replies.writer.endList()
    }

    static func changeSettings(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard arguments.count % 2 == 0 else { return replies.fail(.misused(.configSet)) }
        var values: [(name: String, value: String)] = []
        var names: Set<String> = []
        for index in stride(from: 2, to: arguments.count, by: 2) {
            let name = String(arguments[index]).lowercased()
            guard names.insert(name).inserted else {
                return replies.fail(.notSet(arguments[index], "duplicate parameter", session))
            }
            // The only parameter of Redis that is a setting of Puffin.
            if name == "maxmemory" {
                guard let size = redisMemory(String(arguments[index + 1])) else {
                    return replies.fail(.notSet(arguments[index], "argument must be a memory value", session))
                }
                values.append(("memory.max", String(size)))
            } else {
                values.append((name, String(arguments[index + 1])))
            }
        }
        do throws(SettingRefusal) {
            guard let keeper = session.server.settingsKeeper else { throw SettingRefusal(values[0].name, .unknown) }
            try keeper.change(values)
            replies.writer.ok()
        } catch {
            let place = values.firstIndex { $0.name == error.name } ?? 0
            let name = arguments[2 + 2 * place]
            switch error.reason {
            case .unknown:
                replies.fail(
                    .unknownOption("Unknown option or number of arguments for CONFIG SET -", name, session))
            case .needsRestart: replies.fail(.notSet(name, "can't set immutable config", session))
            case .notAllowed(let reason): replies.fail(.notSet(name, reason, session))
            }
        }
    }

    /// A size as Redis writes it: `100mb` is 100 MiB, `100m` a hundred million bytes. nil if it is invalid.
    private static func redisMemory(_ text: String) -> Int? {
        let units = [
            "": 1, "b": 1, "k": 1000, "kb": 1 << 10, "m": 1_000_000, "mb": 1 << 20, "g": 1_000_000_000, "gb": 1 << 30,
        ]
        let digits = text.prefix { "0"..."9" ~= $0 }
        guard let number = Int(digits), let unit = units[text.dropFirst(digits.count).lowercased()] else { return nil }
        let (size, isTooLarge) = number.multipliedReportingOverflow(by: unit)
        return isTooLarge ? nil : size
    }

    static func resetStatistics(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        session.server.statistics.reset()
        replies.writer.ok()
    }

    /// Everything acknowledged is in the log anyway, so SAVE and NOSAVE mean the same. As Redis, it sends no reply in RESP: the end of the
    /// connection is one.
    static func shutDown(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        var (saves, savesNot, aborts) = (false, false, false)
        for index in 1..<arguments.count {
            let option = arguments[index]
            if option.equalsIgnoringCase("SAVE") {
                saves = true
            } else if option.equalsIgnoringCase("NOSAVE") {
                savesNot = true
            } else if option.equalsIgnoringCase("ABORT") {
                aborts = true
            } else if !option.equalsIgnoringCase("NOW"), !option.equalsIgnoringCase("FORCE") {
                return replies.fail(.misused(.shutdown))
            }
        }
        guard !(saves && savesNot), !aborts || arguments.count == 2 else { return replies.fail(.misused(.shutdown)) }
        guard !aborts else { return replies.fail(ReplyError("No shutdown in progress.")) }
        session.server.log.notice(
            "Client requests a shutdown", metadata: ["client": "\(session.id)", "address": "\(session.stream.peer)"])
        session.server.shutdownRequest.make()
        if replies.writer.isLine { replies.writer.ok() }
        session.finish()
    }

    static func flushFunctions(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard arguments.count <= 3 else {
            return replies.fail(
                ReplyError("unknown subcommand or wrong number of arguments for 'FLUSH'. Try FUNCTION HELP."))
        }
        if arguments.count == 3, !arguments[2].equalsIgnoringCase("ASYNC"), !arguments[2].equalsIgnoringCase("SYNC") {
            return replies.fail(ReplyError("FUNCTION FLUSH only supports SYNC|ASYNC option"))
        }
        replies.writer.ok()
    }
}

extension ReplyError {
    /// The error of a setting that was not changed.
    fileprivate static func notSet(_ name: Span<UInt8>, _ reason: String, _ session: Session) -> ReplyError {
        let error = unknownOption("CONFIG SET failed (possibly related to argument", name, session)
        return ReplyError(error.line + ") - " + reason)
    }
}
