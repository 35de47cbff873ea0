// Every command that Puffin's server has. A test compares this with what a server says of itself.

import Wire

/// The commands that puffin-cli has help for. Others are sent all the same.
package enum Catalog {
    /// In the order in which help shows them.
    package static let commands: [CommandSpec] = data + server + replication + forRedisClients

    package static let data: [CommandSpec] = [
        CommandSpec(
            "SET", "<key> <value>", 2...CommandSpec.any, needs: "a key and a value",
            "Makes a value the value of a key.",
            form: .rest(afterWords: 1), keys: .first, changes: true),
        CommandSpec(
            "GET", "<key>", 1...1, needs: "a key", "The value of a key.", keys: .first, answer: .value),
        CommandSpec(
            "DELETE", "<key> …", 1...CommandSpec.any, needs: "one or more keys",
            "Removes a key; of several, says how many were there.", keys: .all, answer: .deleted, changes: true),
        CommandSpec(
            "DEL", "<key> …", 1...CommandSpec.any, needs: "one or more keys", "The same as DELETE.", keys: .all,
            answer: .deleted, changes: true),
        CommandSpec(
            "EXISTS", "<key> …", 1...CommandSpec.any, needs: "one or more keys", "How many of the keys are there.",
            keys: .all),
        CommandSpec(
            "MGET", "<key> …", 1...CommandSpec.any, needs: "one or more keys", "The values of several keys.",
            keys: .all),
        CommandSpec(
            "MSET", "<key> <value> …", 2...CommandSpec.any, needs: "keys and values, one after the other",
            "Makes several changes as one: all of them or none.", keys: .everySecond, changes: true),
        CommandSpec(
            "KEYS", "[<pattern>]", 0...1, needs: "a pattern or nothing",
            "Every key that matches a pattern such as user:*."
        ),
        CommandSpec(
            "SCAN", "<cursor> [MATCH <pattern>] [COUNT <count>]", 1...7, needs: "a cursor, 0 at first",
            "Some keys, and the cursor that the next call goes on with; 0 at the end."),
        CommandSpec("COUNT", "How many pairs there are."),
        CommandSpec("DBSIZE", "The same as COUNT.", isHidden: true),
        CommandSpec(
            "FLUSHALL", "[ASYNC|SYNC]", 0...1, needs: "ASYNC, SYNC or nothing", "Removes every pair; asks before.",
            changes: true, clears: true),
        CommandSpec(
            "FLUSHDB", "[ASYNC|SYNC]", 0...1, needs: "ASYNC, SYNC or nothing", "The same as FLUSHALL.", changes: true,
            clears: true, isHidden: true),
    ]

    package static let server: [CommandSpec] = [
        CommandSpec(
            "PING", "[<text>]", 0...1, needs: "a text or nothing", "Answers PONG, or the text that is given.",
            form: .rest(afterWords: 0)),
        CommandSpec("ECHO", "<text>", 1...1, needs: "a text", "Sends a text back.", form: .rest(afterWords: 0)),
        CommandSpec("STATS", "What the server holds and has done.", answer: .pairs),
        CommandSpec("HELP", "The commands, as the server describes them.", isHidden: true),
        CommandSpec("TIME", "Unix time: seconds, and microseconds within the second."),
        CommandSpec(
            "SLOWLOG", "GET [<count>]|LEN|RESET", 1...2, needs: "a subcommand",
            "The last requests that took long, newest first.", answer: .rows),
        CommandSpec("COMPACT", "Begins to merge the log into the snapshot; STATS says how far it is."),
        CommandSpec(
            "INFO", "[<section> …]", 0...CommandSpec.any, needs: "sections or nothing",
            "What STATS says, in the words of Redis tools.", answer: .text),
        CommandSpec(
            "CONFIG", "GET <pattern> …", 1...CommandSpec.any, needs: "GET and a pattern",
            "The settings that Redis tools ask for.", answer: .pairs, isHidden: true),
        CommandSpec("QUIT", "Ends the connection.", isHidden: true),
    ]

    package static let replication: [CommandSpec] = [
        CommandSpec("ROLE", "Leader or follower, of whom, and how far."),
        CommandSpec("SEQ", "The number of the newest change, for AFTER: what this connection has changed is in it."),
        CommandSpec(
            "AFTER", "<seq> <request>", 2...CommandSpec.any, needs: "the number of a change, and a request",
            "Runs a request once this server has that change: to read one's writes from a follower.",
            form: .rest(afterWords: 1)),
        CommandSpec(
            "WAIT", "<followers> <milliseconds>", 2...2, needs: "a number of followers and a time",
            "Waits until so many followers have applied all changes so far; how many have."),
        CommandSpec(
            "WAITAOF", "<0|1> <followers> <milliseconds>", 3...3, needs: "0 or 1, a number of followers and a time",
            "Waits until all changes so far are on this disk and on those of so many followers."),
        CommandSpec(
            "PROMOTE", "[FORCE]", 0...1, needs: "FORCE or nothing",
            "Makes this follower the leader; FORCE also where it does not have all that its leader had."),
        CommandSpec(
            "HANDOVER", "<host:port> [<milliseconds>]", 1...2,
            needs: "a follower's address, and how long it may take or nothing",
            "Makes a follower the leader and this leader its follower, without losing a change."),
        CommandSpec(
            "FOLLOW", "<host:port>", 1...1, needs: "an address",
            "Makes this server a follower of the leader at an address, which it asks to connect."),
        CommandSpec("DEMOTE", "Makes this leader a follower of whatever leader connects to it."),
        CommandSpec(
            "FOLLOWER", "ADD|REMOVE <host:port>", 2...2, needs: "ADD or REMOVE, and an address",
            "Has one follower more, or one less, from now on and after a restart."),
        CommandSpec(
            "REPLICATE", "<greeting>", 1...1, needs: "a leader's greeting",
            "Between servers: a leader greets its follower.", form: .rest(afterWords: 0), isHidden: true),
    ]

    static let forRedisClients: [CommandSpec] = [
        CommandSpec(
            "SELECT", "0", 1...1, needs: "a database number", "There is one database, 0.", isHidden: true),
        CommandSpec(
            "HELLO", "[2|3 [SETNAME <name>]]", 0...CommandSpec.any, needs: "a protocol version or nothing",
            "The RESP version, and who answers.", answer: .pairs, isHidden: true),
        CommandSpec(
            "CLIENT", "ID|GETNAME|SETNAME <name>|SETINFO <attribute> <value>", 1...CommandSpec.any,
            needs: "a subcommand",
            "What the server knows of this connection.", isHidden: true),
        CommandSpec(
            "COMMAND", "[COUNT|INFO <name> …|DOCS]", 0...CommandSpec.any, needs: "a subcommand or nothing",
            "The commands, described for Redis clients.", isHidden: true),
        CommandSpec(
            "BGSAVE", "[SCHEDULE]", 0...1, needs: "SCHEDULE or nothing", "The same as COMPACT.", isHidden: true),
        CommandSpec("BGREWRITEAOF", "The same as COMPACT.", isHidden: true),
        CommandSpec(
            "LASTSAVE", "When the last snapshot was begun, in Unix seconds; 0 where there is none.", isHidden: true),
    ]

    private static let byName = Dictionary(uniqueKeysWithValues: commands.map { ($0.name, $0) })

    /// The command with this name, in any case.
    package static func find(_ name: String) -> CommandSpec? { byName[name.uppercased()] }

    /// The command of a request, whose first argument is its name.
    package static func find(_ arguments: [[UInt8]]) -> CommandSpec? {
        arguments.first.flatMap { find(String(decoding: $0, as: UTF8.self)) }
    }
}
