// `puffin-cli users add`, `remove`, `passwd` and `token`: one change of one user.

import Access
import ArgumentParser
import Bytes
import ConnectionOptions
import Program
import Shell
import Wire

/// The password that a user gets. The login of who does this has `--password-file`.
struct NewPasswordOptions: ParsableArguments {
    @Option(
        name: "-new-password-file --new-password-file",
        help: ArgumentHelp("The file that has the user's new password; - for standard input.", valueName: "file"),
        completion: .file())
    var file: String?

    /// The password in the file; nil if none is named.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func password() throws -> [UInt8]? {
        guard let file else { return nil }
        return try checked { () throws(ConnectionOptionError) in try PasswordFile.read(file) }
    }

    /// The password in the file, or one that is typed twice at the terminal.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func passwordOrTyped(for user: String) throws -> [UInt8] {
        if let password = try password() { return password }
        guard let typed = askPassword("New password of \(user): ") else {
            throw failed("there is no terminal to ask for the new password; name its file with --new-password-file")
        }
        guard !typed.isEmpty else { throw failed("an empty password is none; nothing was changed") }
        guard askPassword("The same again: ") == typed else {
            throw failed("the two passwords differ; nothing was changed")
        }
        return typed
    }
}

struct UserAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Adds a user, who is on.",
        discussion: """
            Without a password or certificate the user cannot log in yet: users passwd and users token give one. The first user \
            of a server must be able to change users: --role admin with --new-password-file.
            """)

    @OptionGroup var server: ServerOptions
    @Argument(help: "The user's name: letters, digits, '.', '_', '@' and '-'.") var name: String
    @Option(name: "-role --role", help: "A role of the user; may be given several times (see users roles).")
    var role: [String] = []
    @Option(
        name: "-rule --rule", parsing: .unconditionalSingleValue,
        help: "A rule of the user's own, such as +@read or ~orders:*; may be given several times.")
    var rule: [String] = []
    @Option(
        name: "-cert-name --cert-name",
        help: ArgumentHelp(
            "A name of certificates that log in as the user: cn:, dns:, email: or uri: and the name; may be given several times.",
            valueName: "name"))
    var certificateName: [String] = []
    @Option(
        name: "-until --until", help: "When the user ends, such as 2027-01-31T12:00:00Z or a date.",
        transform: { text in
            guard Timestamp(parsing: text) != nil else {
                throw ValidationError("a time is like 2027-01-31T12:00:00Z, a date, or Unix seconds")
            }
            return text
        })
    var until: String?
    @OptionGroup var password: NewPasswordOptions

    func run() async throws {
        let new = try password.password()
        let link = try UserLink(server)
        guard try link.user(name) == nil else {
            throw serverError("\(name) is there already; see puffin-cli users show \(name)")
        }
        let words =
            ["on"] + rule + role.map { "role:\($0)" } + certificateName.map { "cert:\($0)" }
            + (until.map { ["until:\($0)"] } ?? [])
        try link.set(name, words, password: new)
        if new == nil, certificateName.isEmpty {
            printError("\(name) cannot log in yet: puffin-cli users passwd \(name), or users token \(name)")
        }
    }
}

struct UserRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Removes a user, and ends that user's sessions.")

    @OptionGroup var server: ServerOptions
    @Argument(help: "The user's name.") var name: String

    func run() async throws {
        guard try UserLink(server).ask(["ACL", "DELUSER", name]) == .integer(1) else { throw noSuchUser(name) }
        try printLine("OK")
    }
}

struct UserPasswordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "passwd",
        abstract: "Gives a user a new password in place of the old ones; tokens stay.",
        discussion: """
            Sessions that logged in with an old password end. With --keep the user has the old password, too, until the next \
            passwd: for the time in which clients move to the new one.
            """)

    @OptionGroup var server: ServerOptions
    @Argument(help: "The user's name.") var name: String
    @OptionGroup var password: NewPasswordOptions
    @Flag(name: "-keep --keep", help: "Keep the old password beside the new one.")
    var keep = false

    func run() async throws {
        let link = try UserLink(server)
        guard let user = try link.user(name) else { throw noSuchUser(name) }
        let new = try password.passwordOrTyped(for: name)
        try link.set(name, keep ? [] : user.passwordIDs.map { "-secret:\($0)" }, password: new)
    }
}

struct UserTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Makes a token of a user, and prints it once: a password for a program, which names its user.")

    @OptionGroup var server: ServerOptions
    @Argument(help: "The user's name.") var name: String
    @Option(
        name: "-for --for",
        help: ArgumentHelp("How long it is good for, such as 12h or 30d. (default: for ever)", valueName: "time"),
        transform: tokenSeconds)
    var seconds: Int?

    func run() async throws {
        let token = try UserLink(server).ask(["ACL", "TOKEN", name] + (seconds.map { ["\($0)"] } ?? []))
        try printLine(token.word)
    }
}

/// Parses a time of whole seconds: days, or the units of `TimeSpan`.
@Sendable private func tokenSeconds(_ text: String) throws -> Int {
    if text.hasSuffix("d"), let days = Int(text.dropLast()), (1...3650).contains(days) { return days * 86_400 }
    guard let span = TimeSpan(text), span.nanoseconds >= 1_000_000_000 else {
        throw ValidationError("a token is good for a second or more: a number and a unit, such as 90s, 12h or 30d")
    }
    return span.nanoseconds / 1_000_000_000
}

extension UserLink {
    /// Sends ACL SETUSER, and prints OK.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    fileprivate func set(_ name: String, _ words: [String], password: [UInt8]?) throws {
        let secret = password.map { [[UInt8(ascii: ">")] + $0] } ?? []
        let reply = try answer((["ACL", "SETUSER", name] + words).map { Array($0.utf8) } + secret)
        if let text = Outcome(reply, spec: nil, arguments: []).errorText { throw serverError(text.trimmed) }
        try printLine("OK")
    }
}
