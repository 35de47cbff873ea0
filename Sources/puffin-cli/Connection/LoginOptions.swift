// Who the user is to the server: a name, and a password from a file, the environment or the terminal. There is no option for the
// password itself, because every user of a machine can read the arguments of its processes.

import ArgumentParser
import BlockingClient
import Bytes
import PuffinClient
import Synchronization

/// The login.
struct LoginOptions: ParsableArguments {
    @Option(
        name: "-user --user",
        help: "Who logs in; without a file the password is asked for. (default: PUFFIN_CLIENT_USER, or default)")
    var user: String?

    @Option(
        name: "-password-file --password-file",
        help:
            "The file that has the password. (default: PUFFIN_CLIENT_PASSWORD_FILE, or PUFFIN_CLIENT_PASSWORD itself)",
        completion: .file())
    var passwordFile: String?

    /// The user and the password; nil where neither is given.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func credentials() throws -> LoginCredentials? {
        if let known = try credentialsOfFiles() { return known }
        guard let user = user ?? given("PUFFIN_CLIENT_USER") else { return nil }
        return try LoginOptions.typed.withLock { typed in
            guard let password = typed ?? askPassword("Password of \(user): ") else {
                throw failed("\(user) has no password: name its file with --password-file")
            }
            typed = password
            return LoginCredentials(user: user, password: password)
        }
    }

    /// The same without asking at the terminal.
    func credentialsOfFiles() throws -> LoginCredentials? {
        let user = user ?? given("PUFFIN_CLIENT_USER") ?? "default"
        if let path = passwordFile ?? given("PUFFIN_CLIENT_PASSWORD_FILE") {
            return LoginCredentials(user: user, password: try password(in: path))
        }
        return given("PUFFIN_CLIENT_PASSWORD").map { LoginCredentials(user: user, password: Array($0.utf8)) }
    }

    /// The same for the client library.
    func libraryCredentials() throws -> Credentials? {
        try credentials().map { Credentials(user: $0.user, password: String(decoding: $0.password, as: UTF8.self)) }
    }

    /// What was typed: a password is asked for once.
    private static let typed = Mutex<[UInt8]?>(nil)

    private func given(_ variable: String) -> String? {
        guard let text = environment(variable), !text.isEmpty else { return nil }
        return text
    }

    private func password(in path: String) throws -> [UInt8] {
        var password = try readAll(path)
        if password.last == UInt8(ascii: "\n") { password.removeLast() }
        guard !password.isEmpty else { throw failed("\(path) is empty; it should have a password") }
        return password
    }
}
