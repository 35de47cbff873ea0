// How requests may be sent: which twice, which to a follower, which hold up those behind them. What is not known is taken for a
// change.

import Commands

/// How a request may be sent.
struct CommandKind: Equatable {
    /// Whether it changes nothing, so that sending it twice does no harm.
    var isRead = false
    /// Whether a follower's answer is as good, but for its age.
    var suitsFollowers = false
    /// Whether it may wait on the server, and everything behind it on its connection with it.
    var waits = false

    init(isRead: Bool, suitsFollowers: Bool = false, waits: Bool = false) {
        (self.isRead, self.suitsFollowers, self.waits) = (isRead, suitsFollowers, waits)
    }

    private init(_ traits: Traits?) {
        guard let traits else { return }
        suitsFollowers = traits.contains(.data) && traits.isDisjoint(with: [.change, .local])
        isRead = traits.isDisjoint(with: [.change, .effect, .connection, .takesConnection])
        waits = traits.contains(.later)
    }

    /// All requests of a batch together.
    /// - Throws: `notSupported` where replies would no longer match requests after it, or the connection would be another's.
    init(batch: [[[UInt8]]]) throws(PuffinError) {
        self.init(isRead: true, suitsFollowers: true)
        // A transaction that is whole within the batch leaves the connection as it was.
        var isInTransaction = false
        for arguments in batch {
            let name = CommandKind.name(arguments[0])
            let begins = !isInTransaction && name == "MULTI"
            let ends = isInTransaction && (name == "EXEC" || name == "DISCARD")
            let kind = begins || ends ? CommandKind(isRead: false) : try CommandKind(arguments)
            isInTransaction = begins || isInTransaction && !ends
            isRead = isRead && kind.isRead
            suitsFollowers = suitsFollowers && kind.suitsFollowers
            waits = waits || kind.waits
        }
        if isInTransaction { throw .notSupported(command: "MULTI") }
    }

    private init(_ arguments: [[UInt8]]) throws(PuffinError) {
        let traits = CommandKind.traits(arguments)
        if arguments.count > 2, Catalog.find(arguments)?.command == .after {
            // It is what its request is, on the server that it was meant for.
            self.init(CommandKind.traits(Array(arguments[2...])))
            (suitsFollowers, waits) = (false, true)
            return
        }
        guard traits?.isDisjoint(with: [.connection, .takesConnection]) != false else {
            throw .notSupported(command: CommandKind.name(arguments[0]))
        }
        self.init(traits)
    }

    private static func traits(_ arguments: [[UInt8]]) -> Traits? {
        if let spec = Catalog.find(arguments) { return spec.traits }
        let name = arguments[0]
        return Catalog.foreignTraits(name.span)
    }

    /// A command's name in upper case. None is longer than 16 bytes.
    static func name(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.prefix(17), as: UTF8.self).uppercased()
    }
}
