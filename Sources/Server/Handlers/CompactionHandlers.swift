// Commands that make and describe snapshots.

import Bytes
import Wire

enum CompactionHandlers {
    static func compact(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard begin(session, "A compaction is under way", &replies) else { return }
        replies.writer.ok()
    }

    static func rewrite(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard begin(session, "Background append only file rewriting already in progress", &replies) else { return }
        replies.writer.simple("Background append only file rewriting started")
    }

    static func save(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard arguments.count == 1 || arguments[1].equalsIgnoringCase("SCHEDULE") else {
            return replies.fail(.misused(.bgsave))
        }
        guard begin(session, "Background save already in progress", &replies) else { return }
        replies.writer.simple("Background saving started")
    }

    static func saveAndWait(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard begin(session, "Background save already in progress", &replies) else { return }
        let store = session.store
        let failures = store.compaction.failures
        session.deferReply(
            DeferredRequest(replies.writer.dialect, within: .unlimited) {
                !store.compaction.isRunning
            } answer: { replies, _ in
                let compaction = store.compaction
                guard compaction.failures > failures, let failure = compaction.lastFailure else {
                    return replies.writer.ok()
                }
                replies.fail(ReplyError("Not saved: \(failure)"))
            })
    }

    static func lastTime(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        replies.writer.integer(Int(session.store.compaction.lastTime / 1000))
    }

    /// Begins a compaction, or replies with the reason why not.
    private static func begin(_ session: Session, _ underWay: String, _ replies: inout ReplyQueue) -> Bool {
        let server = session.server
        if let loading = server.loading {
            replies.fail(.loading(loading))
            return false
        }
        if server.store.compact() { return true }
        let status = server.store.compaction
        replies.fail(ReplyError(line: "\(underWay): \(status.percent) %", resp: underWay))
        return false
    }
}
