// set, get and delete. Keys and values are the raw bytes of the arguments, or of a file or stdin.

import ArgumentParser
import Shell
import Wire

struct SetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Sets a key to a value; prints OK when it is safe on disk.",
        usage: "puffin-cli set <key> <value> [--nx|--xx|--if-equal <value>] [--ex <time>] [<options>]",
        discussion: """
            If a condition is not met, it prints an error and exits with 1. With --get it prints the value that the key \
            had before.
            A value of - is read from standard input. An argument that begins with a dash and is not a number must \
            follow --:
              puffin-cli set mood -- -cheerful
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @OptionGroup var source: ValueOptions
    @OptionGroup var condition: ConditionOptions
    @OptionGroup var expiry: ExpiryOptions
    @Flag(name: "-get --get", help: "Print the old value, whether the key is set or not.") var get = false
    @Argument(help: "The key.", completion: .custom(completeArguments)) var key: RawBytes
    @Argument(help: "The value; - reads it from standard input.") var value: RawBytes?

    func run() async throws {
        guard let bytes = try source.value(or: value) else {
            throw failed("set needs a key and a value: puffin-cli set <key> <value>")
        }
        try await SingleRequest(
            arguments: [Array("SET".utf8), key.bytes, bytes] + condition.words + (get ? [Array("GET".utf8)] : [])
                + expiry.words,
            server: server, format: format.value()
        )
        .run()
    }
}

struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Prints the value of a key and a line feed.",
        usage: "puffin-cli get <key> [<options>]",
        discussion: """
            In a pipe or a file the value is printed byte for byte. On a terminal a value with control characters is \
            printed as a JSON string. With --format raw only its bytes are written, everywhere.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @Argument(help: "The key.", completion: .custom(completeArguments)) var key: RawBytes

    func run() async throws {
        try await SingleRequest(arguments: [Array("GET".utf8), key.bytes], server: server, format: format.value()).run()
    }
}

struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Deletes a key; prints OK when that is safe on disk. For several keys, prints how many existed.",
        usage: """
            puffin-cli delete <key> … [<options>]
            puffin-cli delete --match <pattern> [<options>]
            """,
        discussion: """
            With --match it finds the keys, shows how many there are, and asks for confirmation; a script needs \
            --yes. Keys that are added meanwhile stay.
            """, aliases: ["del"])

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @OptionGroup var safety: SafetyOptions
    @Option(name: "-match --match", help: "Deletes the keys that match a pattern such as user:*.") var match: RawBytes?
    @Argument(help: "The keys.", completion: .custom(completeArguments)) var keys: [RawBytes] = []

    func run() async throws {
        if let match {
            guard keys.isEmpty else { throw failed("keys and --match cannot be combined") }
            return try PatternDeletion(
                pattern: match.bytes, server: server, format: format.value(), isConfirmed: safety.yes
            ).run()
        }
        guard !keys.isEmpty else {
            throw failed("delete needs one or more keys, or --match: puffin-cli delete <key> …")
        }
        try await SingleRequest(
            arguments: [Array("DEL".utf8)] + keys.map(\.bytes), server: server, format: format.value()
        )
        .run()
    }
}

/// The source of a value that is not an argument.
struct ValueOptions: ParsableArguments {
    @Option(name: "-value-file --value-file", help: "Reads the value from a file, byte for byte.", completion: .file())
    var valueFile: String?

    /// The value from its source; nil if no source is given.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func value(or argument: RawBytes?) throws -> [UInt8]? {
        guard let valueFile else {
            guard let argument else { return nil }
            return argument.isStandardInput ? try readAll("-") : argument.bytes
        }
        guard argument == nil else { throw failed("a value and --value-file cannot be combined") }
        return try readAll(valueFile)
    }
}
