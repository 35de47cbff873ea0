// Commands that make snapshots, and tell of them.

import Bytes
import Wire

let compactionCommands: [Command] = [
    Command(
        "COMPACT", .server, 0...0, usage: "COMPACT",
        summary: "Begins to merge the log into the snapshot; STATS says how far it is."
    ) { _, call, replies in
        guard begin(call, "A compaction is under way", &replies) else { return }
        replies.writer.ok()
    },
    Command(
        "BGREWRITEAOF", .server, 0...0, usage: "BGREWRITEAOF", summary: "For Redis clients: COMPACT."
    ) { _, call, replies in
        guard begin(call, "Background append only file rewriting already in progress", &replies) else { return }
        replies.writer.simple("Background append only file rewriting started")
    },
    Command(
        "BGSAVE", .server, 0...1, usage: "BGSAVE [SCHEDULE]", needs: "SCHEDULE or nothing",
        summary: "For Redis clients: COMPACT."
    ) { arguments, call, replies in
        guard arguments.count == 1 || arguments[1].equalsIgnoringCase("SCHEDULE") else { return replies.fail(.syntax) }
        guard begin(call, "Background save already in progress", &replies) else { return }
        replies.writer.simple("Background saving started")
    },
    Command(
        "LASTSAVE", .server, 0...0, usage: "LASTSAVE",
        summary: "When the last snapshot was begun, in Unix seconds; 0 where this server has made none."
    ) { _, call, replies in
        replies.writer.integer(Int(call.store.compaction.lastTime / 1000))
    },
]

/// Begins a compaction, or says why not.
private func begin(_ call: Call, _ underWay: String, _ replies: inout ReplyQueue) -> Bool {
    let server = call.server
    if let loading = server.loading {
        replies.fail(.loading(loading))
        return false
    }
    if server.store.compact() { return true }
    let status = server.store.compaction
    replies.fail(ReplyError(line: "\(underWay): \(status.percent) %", resp: underWay))
    return false
}
