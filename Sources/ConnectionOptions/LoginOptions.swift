// Who the user is to the server: a name, and a password from a file, the environment or the terminal. There is no option for the
// password itself, because every user of a machine can read the arguments of its processes.

import ArgumentParser
import BlockingClient
import Program
import Synchronization

/// The login.
package struct LoginOptions: ParsableArguments {
    @Option(
        name: "-user --user",
        help: "Who logs in; without a file the password is asked for. (default: PUFFIN_CLIENT_USER, or default)")
    package var user: String?

    @Option(
        name: "-password-file --password-file",
        help:
            "The file that has the password. (default: PUFFIN_CLIENT_PASSWORD_FILE, or PUFFIN_CLIENT_PASSWORD itself)",
        completion: .file())
    package var passwordFile: String?

    package init() {}

    /// The user and the password; nil where neither is given.
    package func credentials() throws(ConnectionOptionError) -> LoginCredentials? {
        if let known = try credentialsOfFiles() { return known }
        guard let user = user ?? given("PUFFIN_CLIENT_USER") else { return nil }
        let known = LoginOptions.typed.withLock { typed in
            typed = typed ?? askPassword("Password of \(user): ")
            return typed
        }
        guard let known else {
            throw ConnectionOptionError("\(user) has no password: name its file with --password-file")
        }
        return LoginCredentials(user: user, password: known)
    }

    /// The same without asking at the terminal.
    package func credentialsOfFiles() throws(ConnectionOptionError) -> LoginCredentials? {
        let user = user ?? given("PUFFIN_CLIENT_USER") ?? "default"
        if let path = passwordFile ?? given("PUFFIN_CLIENT_PASSWORD_FILE") {
            return LoginCredentials(user: user, password: try PasswordFile.read(path))
        }
        return given("PUFFIN_CLIENT_PASSWORD").map { LoginCredentials(user: user, password: Array($0.utf8)) }
    }

    /// What was typed: a password is asked for once.
    private static let typed = Mutex<[UInt8]?>(nil)
}

/// A variable that is set and not empty.
func given(_ variable: String) -> String? {
    guard let text = environment(variable), !text.isEmpty else { return nil }
    return text
}
