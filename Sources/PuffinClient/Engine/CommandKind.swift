// What is known of commands beforehand: which may be sent twice, which a follower may answer, which hold up those behind
// them. What is not known is taken for a change.

/// How a request may be sent.
struct CommandKind: Equatable {
    /// Whether it changes nothing, so that sending it twice does no harm.
    var isRead = false
    /// Whether a follower's answer is as good, but for its age.
    var suitsFollowers = false
    /// Whether it may wait on the server, and everything behind it on its connection with it.
    var waits = false

    /// - Returns: nil where replies would no longer match requests after it, or the connection would be another's.
    init?(_ arguments: [[UInt8]]) {
        var name = CommandKind.name(arguments[0])
        // AFTER <seq> <request> is what its request is, on the server that it was meant for.
        if name == "AFTER", arguments.count > 2 {
            name = CommandKind.name(arguments[2])
            self.init(name: name)
            (suitsFollowers, waits) = (false, true)
            return
        }
        guard !CommandKind.refused.contains(name) else { return nil }
        self.init(name: name)
    }

    private init(name: String) {
        suitsFollowers = CommandKind.dataReads.contains(name)
        isRead = suitsFollowers || CommandKind.otherReads.contains(name)
        waits = CommandKind.waiting.contains(name)
    }

    /// All requests of a batch together.
    init?(batch: [[[UInt8]]]) {
        self.init(isRead: true, suitsFollowers: true, waits: false)
        for arguments in batch {
            guard let kind = CommandKind(arguments) else { return nil }
            isRead = isRead && kind.isRead
            suitsFollowers = suitsFollowers && kind.suitsFollowers
            waits = waits || kind.waits
        }
    }

    init(isRead: Bool, suitsFollowers: Bool = false, waits: Bool = false) {
        (self.isRead, self.suitsFollowers, self.waits) = (isRead, suitsFollowers, waits)
    }

    /// A command's name as the sets below have it. None is longer than 16 bytes.
    static func name(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.prefix(17), as: UTF8.self).uppercased()
    }

    private static let dataReads: Set<String> = [
        "GET", "MGET", "EXISTS", "KEYS", "COUNT", "DBSIZE", "TTL", "PTTL", "STRLEN", "TYPE", "GETRANGE", "EXPIRETIME",
        "PEXPIRETIME",
    ]
    /// A SCAN's cursor means something only to the server that it came from.
    private static let otherReads: Set<String> = [
        "SCAN", "PING", "ECHO", "STATS", "INFO", "ROLE", "SEQ", "TIME", "HELP", "COMMAND", "LASTSAVE", "WAIT",
        "WAITAOF",
        "RANDOMKEY",
    ]
    private static let waiting: Set<String> = ["WAIT", "WAITAOF", "HANDOVER"]
    private static let refused: Set<String> = [
        "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR", "SYNC", "PSYNC", "REPLICATE", "HELLO", "SELECT", "QUIT",
        "RESET", "AUTH", "CLIENT", "READONLY", "READWRITE", "ASKING",
    ]
}
