// How requests may be sent: which twice, which to a follower, which delay later ones. Unknown commands count as
// changes.

import Commands

/// How a request may be sent.
struct CommandKind: Equatable {
    /// Whether it changes nothing, so sending it twice is harmless.
    var isRead = false
    /// Whether a follower's answer is as good, apart from its age.
    var suitsFollowers = false
    /// Whether it may wait on the server, together with everything after it on its connection.
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
    /// - Throws: `notSupported` if replies would no longer match requests after it, or the connection would change
    ///   hands.
    init(batch: [[[UInt8]]]) throws(PuffinError) {
        self.init(isRead: true, suitsFollowers: true)
        // A transaction that is complete within the batch leaves the connection unchanged.
        var isInTransaction = false
        for arguments in batch {
            let name = CommandKind.name(arguments[0])
            let begins = !isInTransaction && name == "MULTI"
            let ends = isInTransaction && (name == "EXEC" || name == "DISCARD")
            let kind = begins || ends ? CommandKind(isRead: true) : try CommandKind(arguments)
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
            // As its inner request, on the server that it was meant for.
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
