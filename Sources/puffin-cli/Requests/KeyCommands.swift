// Commands on one key or two that have options: expire, incr, decr, append, rename, copy; and scan.

import ArgumentParser
import BlockingClient
import Bytes
import Commands
import Shell
import Wire

struct ExpireCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "expire",
        abstract: "Makes a key expire after a time, or at one; prints 1 if the key exists, otherwise 0.",
        usage: """
            puffin-cli expire <key> <time> [--nx|--xx|--gt|--lt] [<options>]
            puffin-cli expire <key> --at <unix seconds> [--nx|--xx|--gt|--lt] [<options>]
            """,
        discussion: """
            The time is in seconds, or has a unit: 30m, 500ms. A time of 0 or less removes the key. ttl prints the \
            seconds that are left, persist makes the key permanent.
            """)

    enum Condition: String, EnumerableFlag {
        case nx, xx, gt, lt

        static func name(for value: Condition) -> NameSpecification {
            [.customLong(value.rawValue), .customLong(value.rawValue, withSingleDash: true)]
        }

        static func help(for value: Condition) -> ArgumentHelp? {
            switch value {
            case .nx: "Only if the key does not expire yet."
            case .xx: "Only if the key expires."
            case .gt: "Only if it is later than before."
            case .lt: "Only if it is earlier than before."
            }
        }
    }

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @Option(name: "-at --at", help: "A Unix time in seconds, in place of the time to live.") var at: Int?
    @Flag(exclusivity: .exclusive) var condition: Condition?
    @Argument(help: "The key.", completion: .custom(completeArguments)) var key: RawBytes
    @Argument(help: "The time to live, such as 60 or 30m.") var time: ExpiryTime?

    func validate() throws {
        if (time == nil) == (at == nil) { throw ValidationError("expire needs a key and either a time or --at") }
    }

    func run() async throws {
        var words: [[UInt8]] = [key.bytes]
        var name = "EXPIRE"
        if let time {
            if time.isMilliseconds { name = "PEXPIRE" }
            words.append(Array(time.number.utf8))
        }
        if let at {
            name = "EXPIREAT"
            words.append(Array(String(at).utf8))
        }
        if let condition { words.append(Array(condition.rawValue.uppercased().utf8)) }
        try await SingleRequest(arguments: [Array(name.utf8)] + words, server: server, format: format.value()).run()
    }
}

/// An amount that is added or subtracted.
struct Amount: ExpressibleByArgument {
    let text: String
    var isInteger: Bool { Int(text) != nil }

    init?(argument: String) {
        let text = String(decoding: RawBytes(argument: argument).bytes, as: UTF8.self)
        guard Double(text) != nil else { return nil }
        self.text = text
    }
}

struct IncrementCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "incr", abstract: "Adds 1, or an amount, to the number that a key holds; prints the new number.",
        usage: "puffin-cli incr <key> [<amount>] [<options>]",
        discussion: "An amount with decimals is added by INCRBYFLOAT.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @Argument(help: "The key.", completion: .custom(completeArguments)) var key: RawBytes
    @Argument(help: "The amount.") var amount: Amount?

    func run() async throws {
        var words = [Array("INCR".utf8), key.bytes]
        if let amount {
            words = [Array((amount.isInteger ? "INCRBY" : "INCRBYFLOAT").utf8), key.bytes, Array(amount.text.utf8)]
        }
        try await SingleRequest(arguments: words, server: server, format: format.value()).run()
    }
}

struct DecrementCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decr",
        abstract: "Subtracts 1, or an amount, from the number that a key holds; prints the new number.",
        usage: "puffin-cli decr <key> [<amount>] [<options>]")

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @Argument(help: "The key.", completion: .custom(completeArguments)) var key: RawBytes
    @Argument(help: "The amount, an integer.") var amount: Amount?

    func run() async throws {
        var words = [Array("DECR".utf8), key.bytes]
        if let amount { words = [Array("DECRBY".utf8), key.bytes, Array(amount.text.utf8)] }
        try await SingleRequest(arguments: words, server: server, format: format.value()).run()
    }
}

struct AppendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "append", abstract: "Appends to the value of a key; prints its new size in bytes.",
        usage: "puffin-cli append <key> <value> [<options>]",
        discussion: "A value of - is read from standard input.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @OptionGroup var source: ValueOptions
    @Argument(help: "The key.", completion: .custom(completeArguments)) var key: RawBytes
    @Argument(help: "What is appended; - reads it from standard input.") var value: RawBytes?

    func run() async throws {
        guard let bytes = try source.value(or: value) else {
            throw failed("append needs a key and a value: puffin-cli append <key> <value>")
        }
        try await SingleRequest(
            arguments: [Array("APPEND".utf8), key.bytes, bytes], server: server, format: format.value()
        ).run()
    }
}

struct RenameCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename", abstract: "Renames a key; prints OK when that is safe on disk.",
        usage: "puffin-cli rename <key> <new key> [--nx] [<options>]")

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @Flag(name: "-nx --nx", help: "Only if the new key does not exist; prints 1 if it was renamed, otherwise 0.")
    var nx = false
    @Argument(help: "The key.", completion: .custom(completeArguments)) var key: RawBytes
    @Argument(help: "The new name of the key.", completion: .custom(completeArguments)) var newKey: RawBytes

    func run() async throws {
        try await SingleRequest(
            arguments: [Array((nx ? "RENAMENX" : "RENAME").utf8), key.bytes, newKey.bytes], server: server,
            format: format.value()
        ).run()
    }
}

struct CopyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy",
        abstract: "Copies a value, and when it expires, to another key; prints 1 if it was copied.",
        usage: "puffin-cli copy <key> <new key> [--replace] [<options>]",
        discussion: "It prints 0 if the key does not exist, or if the new key exists and --replace is not given.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @Flag(name: "-replace --replace", help: "Replace the new key if it exists.") var replace = false
    @Argument(help: "The key.", completion: .custom(completeArguments)) var key: RawBytes
    @Argument(help: "The key that gets the value.", completion: .custom(completeArguments)) var newKey: RawBytes

    func run() async throws {
        try await SingleRequest(
            arguments: [Array("COPY".utf8), key.bytes, newKey.bytes] + (replace ? [Array("REPLACE".utf8)] : []),
            server: server, format: format.value()
        ).run()
    }
}

struct ScanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan", abstract: "Prints the keys of the server as it finds them, one a line.",
        usage: """
            puffin-cli scan [--prefix <prefix>|--match <pattern>] [--limit <n>] [<options>]
            puffin-cli scan <cursor> [MATCH <pattern>] [COUNT <n>] [<options>]
            """,
        discussion: """
            Without a cursor it goes through the whole server, a part at a time. A key that exists throughout is \
            printed at least once; one that is added or removed meanwhile may be printed or not. With a cursor it sends \
            one SCAN.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @Option(name: "-prefix --prefix", help: "Only keys that begin with a prefix.") var prefix: RawBytes?
    @Option(name: "-match --match", help: "Only keys that match a pattern such as user:*.") var match: RawBytes?
    @Option(name: "-limit --limit", help: "How many keys to print at most.") var limit: Int?
    @Argument(help: ArgumentHelp("SCAN's arguments.", visibility: .hidden)) var arguments: [RawBytes] = []

    func validate() throws {
        if prefix != nil, match != nil { throw ValidationError("--prefix and --match cannot be combined") }
        if let limit, limit < 1 { throw ValidationError("--limit is 1 or more") }
        if !arguments.isEmpty, prefix != nil || match != nil || limit != nil {
            throw ValidationError("a cursor and --prefix, --match or --limit cannot be combined")
        }
    }

    func run() async throws {
        guard arguments.isEmpty else {
            return try await SingleRequest(
                arguments: [Array("SCAN".utf8)] + arguments.map(\.bytes), server: server, format: format.value()
            ).run()
        }
        let format = try format.value()
        let link = try server.connect()
        let printer = ReplyPrinter(format: format, style: .batch)
        var left = limit ?? .max
        do {
            var walk = KeyWalk(
                over: link, matching: prefix.map { GlobPattern.text(ofPrefix: $0.bytes) } ?? match?.bytes)
            while left > 0, let keys = try walk.next() {
                for key in keys.prefix(left) { try print(key, printer) }
                left -= min(left, keys.count)
                try printer.output.flush()
            }
        } catch let error as ClientError {
            throw failed(error.advice)
        }
    }

    private func print(_ key: [UInt8], _ printer: ReplyPrinter) throws {
        guard printer.format == .json else {
            _ = try printer.print(.success(.bulk(key)), spec: nil, ReplyContext())
            if printer.format == .raw { try printer.output.write { $0.append("\n") } }
            return
        }
        try printer.output.write { buffer in
            buffer.append(json: .compact) { json in json.object { $0.member("key", bytes: key.span) } }
            buffer.append("\n")
        }
    }
}
