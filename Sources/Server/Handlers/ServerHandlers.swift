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
        let time = WallClock.microseconds
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
        // No section has a long name.
        for index in 1..<arguments.count where arguments[index].count <= session.server.limits.echoSize {
            sections.append(String(arguments[index]).lowercased())
        }
        if sections.isEmpty, arguments.count > 1 { sections = [""] }
        replies.writer.verbatim(session.server.information(sections: sections))
    }

    /// Words that a request about the server may have: far more than there are sections, settings or commands.
    static let wordLimit = 1024

    static func settings(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard arguments.count - 2 <= wordLimit else {
            return replies.fail(.tooMany("patterns", count: arguments.count - 2, limit: wordLimit))
        }
        var size = 0
        for index in 2..<arguments.count { size += arguments[index].count }
        // All of them together, as they are matched in one turn.
        guard size <= GlobPattern.sizeLimit else { return replies.fail(.patternTooLong(size: size)) }
        var patterns: [GlobPattern] = []
        for index in 2..<arguments.count {
            let pattern = Array(String(arguments[index]).lowercased().utf8)
            patterns.append(GlobPattern(pattern.span))
        }
        var found: [(String, String)] = []
        for (name, value) in session.server.redisSettings {
            let bytes = Array(name.utf8)
            if patterns.contains(where: { $0.matches(bytes.span) }) { found.append((name, value)) }
        }
        replies.writer.map(found.count)
        for (name, value) in found { replies.writer.pair(name, value) }
        replies.writer.endList()
    }

    static func resetStatistics(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        session.server.statistics.reset()
        replies.writer.ok()
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
