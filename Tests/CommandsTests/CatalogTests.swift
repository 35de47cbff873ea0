import Bytes
import Commands
import Foundation
import TestSupport
import Testing
import Wire

/// The catalog of commands.
struct CatalogTests {
    @Test("each command has a row, with a name of its own that is found in any case")
    func names() {
        #expect(Catalog.rows.map(\.command) == Command.allCases)
        #expect(Set(Catalog.rows.map(\.fullName)).count == Catalog.rows.count)
        for spec in Catalog.rows {
            let words = spec.fullName.split(separator: " ").map { Array($0.utf8) }
            #expect(Catalog.find(words)?.command == spec.command)
            #expect(Catalog.find(words.map { $0.map(lowerCased) })?.command == spec.command)
            #expect(spec.command.spec.fullName == spec.fullName)
            #expect(Command(index: spec.command.index) == spec.command)
        }
        #expect(Command(index: Catalog.rows.count) == nil && Command(index: -1) == nil)
        #expect(Catalog.find([]) == nil)
        #expect(Catalog.find([Array("CONFIG".utf8), Array("FROB".utf8)])?.command == .config)
    }

    private func lowerCased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
    }

    @Test("there is room for future commands")
    func room() {
        let free = CommandNames.rowLimit - Catalog.rows.count
        #expect(
            free >= 50, "\(free) of \(CommandNames.rowLimit) rows are free: give CommandNames and RequestCounts more")
    }

    @Test("each row is consistent")
    func consistency() {
        for spec in Catalog.rows {
            let (traits, categories) = (spec.traits, spec.categories)
            #expect(!categories.isEmpty, "\(spec.fullName)")
            // As in Redis, FUNCTION FLUSH is a change, WATCH belongs to transactions, and DEBUG to administrators.
            #expect(
                categories.contains(.write) == traits.contains(.change) || spec.command == .functionFlush,
                "\(spec.fullName)")
            #expect(
                categories.contains(.read) == (traits.contains(.data) && !traits.contains(.change))
                    || [.watch, .debugDigestValue].contains(spec.command), "\(spec.fullName)")
            #expect(categories.contains(.fast) != categories.contains(.slow), "\(spec.fullName)")
            #expect(!categories.contains(.admin) || categories.contains(.dangerous), "\(spec.fullName)")
            let implied: [(Traits, Traits)] = [
                (.change, .data), (.shrink, .change), (.storesValues, .change), (.clears, .shrink),
            ]
            for (trait, other) in implied where traits.contains(trait) {
                #expect(traits.contains(other), "\(spec.fullName)")
            }
            if traits.contains(.storesValues) { #expect(spec.keys != .none, "\(spec.fullName)") }
            if traits.contains(.urgent) { #expect(!traits.contains(.data), "\(spec.fullName)") }
            #expect((spec.usage == spec.fullName) == (spec.arguments.isEmpty), "\(spec.fullName)")
            #expect(spec.summary.hasSuffix("."), "\(spec.fullName)")
        }
    }

    @Test("subcommands are of a command that says how they are used")
    func subcommands() {
        let usages: [(Command, String)] = [
            (
                .client,
                "CLIENT ID|GETNAME|SETNAME <name>|SETINFO <attribute> <value>|INFO|LIST [TYPE <type>|ID <id> …]"
                    + "|KILL <host:port>|[ID <id>] [ADDR <host:port>] [TYPE <type>] [USER <user>] [SKIPME yes|no]|REPLY ON|OFF|SKIP"
            ),
            (
                .acl,
                "ACL WHOAMI|LIST|USERS|GETUSER <user>|SETUSER <user> [<word> …]|DELUSER <user> …"
                    + "|ROLE SET <role> [<word> …]|DEL <role>|GET <role>|LIST|TOKEN <user> [<seconds>]|CAT [<category>]"
                    + "|DRYRUN <user> <request>|GENPASS [<bits>]|LOG [<count>|RESET]|SAVE"
            ),
            (.config, "CONFIG GET <pattern> …|SET <setting> <value> …|RESETSTAT"),
            (
                .command,
                "COMMAND [COUNT|INFO <name> …|DOCS [<name> …]|LIST [FILTERBY MODULE <name>|ACLCAT <category>|PATTERN <pattern>]"
                    + "|GETKEYS <request>]"
            ),
            (.script, "SCRIPT LOAD <script>|EXISTS <sha1> …|FLUSH [ASYNC|SYNC]"),
            (
                .debug,
                "DEBUG DIGEST|DIGEST-VALUE <key> …|LOADAOF|LOG <text>|PROTOCOL <type>|RELOAD [NOSAVE]|SET-ACTIVE-EXPIRE 0|1|SLEEP <seconds>"
            ),
            (.function, "FUNCTION"), (.follower, "FOLLOWER ADD|REMOVE <host:port>"),
            (.object, "OBJECT ENCODING|REFCOUNT <key>"), (.memory, "MEMORY USAGE <key> [SAMPLES <count>]"),
            (.slowlog, "SLOWLOG GET [<count>]|LEN|RESET"),
        ]
        for (command, usage) in usages { #expect(command.spec.usage == usage && command.spec.lineUsage == usage) }
        for spec in Catalog.rows {
            let subcommands = Catalog.subcommands(of: spec.command)
            #expect(subcommands.isEmpty || usages.contains { $0.0 == spec.command }, "\(spec.fullName)")
            for subcommand in subcommands {
                #expect(subcommand.parent == spec.command && subcommand.command.index > spec.command.index)
                #expect(subcommand.redisName == "\(spec.name)|\(subcommand.name)".lowercased())
                // Every request of a subcommand has a number of arguments that its command accepts.
                #expect(spec.arity.contains(subcommand.arity.lowerBound + 1), "\(subcommand.fullName)")
            }
        }
        #expect(Command.configGet.spec.redisArity == -3 && Command.clientSetName.spec.redisArity == 3)
    }

    @Test("commands of Redis that are known beforehand are not commands of Puffin")
    func foreign() {
        for name in ["READONLY", "subscribe"] {
            let bytes = Array(name.utf8)
            #expect(Catalog.foreignTraits(bytes.span) != nil, "\(name)")
        }
        for spec in Catalog.rows {
            let bytes = Array(spec.name.utf8)
            if spec.parent == nil { #expect(Catalog.foreignTraits(bytes.span) == nil, "\(spec.name)") }
        }
    }

    @Test(
        "a usage is the grammar of its arguments",
        arguments: [
            (.get, "key:key"), (.mset, "data:block{key:key value:string}*"), (.mget, "key:key*"),
            (.getrange, "key:key start:integer end:integer"), (.time, ""), (.slowlog, ""),
            (.configSet, "data:block{setting:string value:string}*"),
            (
                .set,
                "key:key value:string nx:oneof{nx:pure-token=NX xx:pure-token=XX ifeq:string=IFEQ ifne:string=IFNE "
                    + "ifdeq:string=IFDEQ ifdne:string=IFDNE}? get:pure-token=GET? ex:oneof{ex:integer=EX px:integer=PX "
                    + "exat:integer=EXAT pxat:integer=PXAT keepttl:pure-token=KEEPTTL}?"
            ),
            (
                .bitcount,
                "key:key start:block{start:integer end:integer byte:oneof{byte:pure-token=BYTE bit:pure-token=BIT}?}?"
            ),
            (
                .scan,
                "cursor:integer match:oneof{match:pattern=MATCH prefix:string=PREFIX}? count:integer=COUNT? "
                    + "type:string=TYPE?"
            ),
            (
                .range,
                "prefix:oneof{prefix:string=PREFIX from:key=FROM} to:key=TO? after:key=AFTER? limit:integer=LIMIT? "
                    + "reverse:pure-token=REVERSE? values:pure-token=VALUES?"
            ),
            (.copy, "key:key new key:key db:integer=DB? replace:pure-token=REPLACE?"),
            (.clientReply, "on:oneof{on:pure-token=ON off:pure-token=OFF skip:pure-token=SKIP}"),
            (
                .expire,
                "key:key seconds:integer nx:oneof{nx:pure-token=NX xx:pure-token=XX gt:pure-token=GT lt:pure-token=LT}?"
            ),
            (.setbit, "key:key offset:integer 0|1:integer"),
        ] as [(Command, String)])
    func grammar(command: Command, arguments: String) {
        func shown(_ arguments: [UsageArgument]) -> String {
            arguments.map { argument in
                "\(argument.name):\(argument.type)" + (argument.parts.isEmpty ? "" : "{\(shown(argument.parts))}")
                    + (argument.token.map { "=" + $0 } ?? "") + (argument.isMultiple ? "*" : "")
                    + (argument.isOptional ? "?" : "")
            }.joined(separator: " ")
        }
        #expect(shown(command.spec.parsedArguments) == arguments)
    }

    @Test(
        "keys are where a row says",
        arguments: [
            (.two, 5, [1, 2]), (.second, 5, [2]), (Keys.none, 4, []), (.one, 4, [1]), (.all, 4, [1, 2, 3]),
            (.everySecond, 5, [1, 3]), (.all, 1, []),
        ] as [(Keys, Int, [Int])])
    func keys(keys: Keys, count: Int, places: [Int]) {
        #expect(Array(keys.indices(count: count)) == places)
        for index in 0..<count { #expect(keys.contains(index) == places.contains(index)) }
    }
}

/// What docs/protocol.md and docs/commands.md say of commands and codes.
struct ReferenceTests {
    @Test(
        "the documents have the parts that the catalog generates",
        arguments: [
            ("docs/protocol.md", "commands", Catalog.reference), ("docs/protocol.md", "codes", ErrorCode.reference),
            ("docs/commands.md", "manual", Catalog.manual),
        ])
    func parts(document: String, name: String, part: String) throws {
        let parts = try Project.text(document).components(separatedBy: "<!-- \(name) -->\n")
        #expect(parts.count == 3)
        #expect(parts[1] == part, "run: make reference")
    }

    @Test("each command says what it answers, and what it costs, in sentences")
    func details() {
        for spec in Catalog.rows {
            let isAnswered = Catalog.subcommands(of: spec.command).isEmpty || spec.arity.lowerBound == 0
            #expect(
                spec.replies.isEmpty != isAnswered && spec.replies.hasSuffix(isAnswered ? "." : ""), "\(spec.fullName)")
            #expect(spec.errors?.hasSuffix(".") != false, "\(spec.fullName)")
            #expect(spec.complexity.hasPrefix("O(") || spec.complexity.hasPrefix("That of"), "\(spec.fullName)")
            for text in [spec.replies, spec.errors ?? ""] {
                #expect(text.filter { $0 == "`" }.count.isMultiple(of: 2), "\(spec.fullName)")
            }
        }
    }

    @Test("HELP of a command has its usage, what it does, its details, and its subcommands")
    func help() {
        #expect(
            Command.setnx.spec.help == [
                "SETNX <key> <value>", "Sets a key to a value if the key does not exist.", "complexity: O(1)",
                "since: 0.1.0", "categories: @write @string @fast",
                "answers: 1 if the key was set, otherwise 0 (a line: OK, ERROR: Not set: the key exists).",
            ])
        #expect(Command.set.spec.help.contains("in a line: SET <key> <value>"))
        #expect(Command.memory.spec.help.last?.hasPrefix("MEMORY USAGE <key> [SAMPLES <count>]  Returns") == true)
    }
}

/// Error codes.
struct ErrorCodeTests {
    @Test("a code is the first word of its error in RESP, and DISKFULL the second; lines have the sentence only")
    func words() {
        for code in ErrorCode.allCases {
            let error = ReplyError("Why.", code: code)
            #expect(error.line == "Why." && error.kind == code.rawValue)
            #expect(
                "\(error.code) \(error.resp)" == (code == .diskFull ? "ERR DISKFULL Why." : "\(code.rawValue) Why."))
        }
        #expect(ReplyError("Why.", code: .general) == ReplyError("Why."))
    }
}

/// Finding a command by its name.
struct CommandNamesTests {
    private func found(_ name: [UInt8], in names: CommandNames) -> Int? { names.index(of: name.span) }

    @Test("a name is compared exactly, except for the case of its letters")
    func exactness() {
        let texts = ["GET", "GET2", "A_B", "A@B", "FLUSHALL", "FLUSHDB1", "BGREWRITEAOF", "SIXTEEN_LETTERS1"]
        let names = CommandNames(texts)
        for (row, text) in texts.enumerated() {
            let bytes = Array(text.utf8)
            #expect(found(bytes, in: names) == row)
            #expect(found(Array(text.lowercased().utf8), in: names) == row)
            // A name longer by one byte, also one that the case mask turns into nothing.
            for more in [0, 0x20, 0x31, 0x5f] as [UInt8] where text + String(UnicodeScalar(more)) != "GET2" {
                #expect(found(bytes + [more], in: names) == nil, "\(text) and \(more)")
            }
            #expect(found(Array(bytes.dropLast()), in: names) == nil || text == "GET2", "\(text)")
            for index in bytes.indices {
                for bit in 0..<8 {
                    var other = bytes
                    other[index] ^= 1 << UInt8(bit)
                    let isLetter = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(bytes[index])
                    let isSame = isLetter && bit == 5
                    #expect(found(other, in: names) == (isSame ? row : nil), "\(text): byte \(index), bit \(bit)")
                }
            }
        }
        #expect(found([], in: names) == nil)
        #expect(found(Array("SEVENTEEN_LETTERS".utf8), in: names) == nil)
        #expect(found([UInt8](repeating: 0xff, count: 100), in: names) == nil)
    }

    @Test("as many names as there are rows are all found, and others are not")
    func full() {
        var random = SeededRandom(seed: 13)
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_".utf8)
        var names: Set<[UInt8]> = []
        func name() -> [UInt8] {
            (0..<Int.random(in: 1...16, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
        }
        while names.count < CommandNames.rowLimit { names.insert(name()) }
        let list = Array(names)
        let table = CommandNames(list.map { String(decoding: $0, as: UTF8.self) })
        for (row, bytes) in list.enumerated() { #expect(found(bytes, in: table) == row) }
        for _ in 0..<10_000 {
            let other = name()
            if !names.contains(other) { #expect(found(other, in: table) == nil) }
        }
    }
}
