// `puffin-cli users apply`: makes users and roles what a file says.

import Access
import ArgumentParser
import BlockingClient
import Bytes
import Commands
import ConnectionOptions
import Shell
import SystemPackage
import Wire

struct UsersApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Makes roles and users what a YAML file says; prints each difference, and sends only that.",
        discussion: """
            The file has roles: and users:, described in docs/cli.md. A line begins with + for what is added, ~ for what is \
            changed and - for what is removed. Users and roles that the file does not have are left alone unless --prune is \
            given. Applying a file again changes nothing.

            Exit codes: 0 done, also where there was nothing to do, or something with --dry-run; 1 the server refused a change, \
            2 a wrong file, wrong usage or no server.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: FormatOptions
    @Argument(help: "The file; - for standard input.", completion: .file(extensions: ["yaml", "yml"])) var file: String
    @Flag(name: "-dry-run --dry-run", help: "Print the differences, and change nothing.")
    var dryRun = false
    @Flag(
        name: "-prune --prune",
        help: "Remove users and roles that the file does not have; the user default is never removed.")
    var prune = false

    func run() async throws {
        let format = try format.value()
        let bytes = try readAll(file)
        let declared = try parsed { () throws(UserFileError) in try UserFile(parsing: bytes) }
        let passwords = try passwords(of: declared)
        let link = try UserLink(server)
        let known = try link.known()
        var wrong: Set<UserName> = []
        for user in UserPlan.toTry(declared, known) where try !isRight(passwords[user.name] ?? [], of: user.name) {
            wrong.insert(user.name)
        }
        let plan = try parsed { () throws(UserFileError) in
            try UserPlan(declared, known, wrong: wrong, prunes: prune)
        }
        // An open server without users lets everybody in. The first user ends such sessions.
        let isFounding = try server.access().user == nil && known.hasNoUsers
        var run = UserApplication(
            link: link, passwords: passwords, format: format,
            relink: isFounding ? { try UserLink(server, as: LoginCredentials(user: $0.text, password: $1)) } : nil)
        if dryRun {
            for step in plan.steps { try run.print(step) }
        } else {
            try run.send(plan.steps)
        }
        try run.output.flush()
        if !plan.surplus.isEmpty {
            printError(
                "\(file) does not have \(plan.surplus.joined(separator: ", ")); --prune removes what it does not have")
        }
        let count = counted(plan.steps.count, "change")
        printError("\(file): " + (plan.steps.isEmpty ? "nothing to change" : dryRun ? "\(count) to make" : count))
    }

    /// Evaluates what the file says.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    private func parsed<Value>(_ body: () throws(UserFileError) -> Value) throws -> Value {
        do throws(UserFileError) {
            return try body()
        } catch {
            throw failed("\(file == "-" ? "standard input" : file), \(error)")
        }
    }

    // MARK: Passwords

    /// The passwords in the files that the file names, relative to its folder.
    private func passwords(of declared: UserFile) throws -> [UserName: [UInt8]] {
        var passwords: [UserName: [UInt8]] = [:]
        for user in declared.users {
            guard case .file(let path)? = user.password else { continue }
            let place = FilePath(file).removingLastComponent().pushing(FilePath(path)).string
            do throws(ConnectionOptionError) {
                passwords[user.name] = try PasswordFile.read(place)
            } catch {
                throw failed("\(file), line \(user.line): users.\(user.name).password_file: \(error)")
            }
        }
        return passwords
    }

    /// Whether a password is the user's. A connection of its own tries that: a login is the only way to know.
    private func isRight(_ password: [UInt8], of user: UserName) throws -> Bool {
        let (endpoint, access) = (try server.endpoint(), try server.access())
        let link = try orExit { () throws(ClientError) in
            try ServerLink(to: endpoint, within: server.limit, ServerAccess(security: access.security))
        }
        let reply = try orExit { () throws(ClientError) in
            try link.execute([Array("AUTH".utf8), Array(user.text.utf8), password])
        }
        guard case .error(let code, _) = reply else { return true }
        if code == ErrorCode.wrongPassword.rawValue { return false }
        throw serverError("\(user): \(Outcome(reply, spec: nil, arguments: []).errorText ?? "")")
    }
}

/// The changes of one run, sent in their order.
private struct UserApplication {
    private var link: UserLink
    private let passwords: [UserName: [UInt8]]
    private let format: OutputFormat
    let output = BufferedOutput()
    /// Connects as the first user, where there was none.
    private var relink: ((UserName, [UInt8]) throws -> UserLink)?
    private var done = 0

    init(
        link: UserLink, passwords: [UserName: [UInt8]], format: OutputFormat,
        relink: ((UserName, [UInt8]) throws -> UserLink)?
    ) {
        (self.link, self.passwords, self.format, self.relink) = (link, passwords, format, relink)
    }

    func print(_ step: UserStep) throws {
        guard format == .json else { return try output.write { $0.append(text: step.line + "\n") } }
        try output.write { buffer in
            buffer.append(json: .compact) { json in
                json.object { json in
                    json.member("change", step.change == .add ? "add" : step.change == .remove ? "remove" : "change")
                    json.member("kind", step.kind.rawValue)
                    json.member("name", step.name.text)
                    json.member("words", step.words.map(\.shown))
                }
            }
            buffer.append("\n")
        }
    }

    /// Sends changes, and prints each once it is made.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    mutating func send(_ steps: [UserStep]) throws {
        for step in steps {
            let reply = try answer(step, of: steps.count)
            if let text = Outcome(reply, spec: nil, arguments: []).errorText {
                try output.flush()
                throw serverError("\(step.line): \(text.trimmed)\(advice(text)); \(progress(of: steps.count))")
            }
            done += 1
            try print(step)
            if step.kind == .user, let relink, let password = passwords[step.name] {
                link = try relink(step.name, password)
                self.relink = nil
            }
        }
    }

    private func answer(_ step: UserStep, of count: Int) throws -> Reply {
        let words = step.words.map { word -> [UInt8] in
            switch word {
            case .text(let text): Array(text.utf8)
            case .password: [UInt8(ascii: ">")] + (passwords[step.name] ?? [])
            }
        }
        do {
            return try link.answer(step.command.map { Array($0.utf8) } + words)
        } catch {
            try? output.flush()
            printError(progress(of: count))
            throw error
        }
    }

    private func progress(of count: Int) -> String {
        "\(done) of \(counted(count, "change")) made; apply the file again once that is mended"
    }

    private func advice(_ text: String) -> String {
        text.contains("Nobody could change users")
            ? ". In the file such a user has roles: [admin] and a password_file, a password_sha256 or certs" : ""
    }
}
