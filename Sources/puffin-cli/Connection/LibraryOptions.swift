// The login and the TLS of the command line in the words of the client library.

import ArgumentParser
import ConnectionOptions
import PuffinClient

extension LoginOptions {
    /// The user and the password; nil where neither is given.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func libraryCredentials() throws -> Credentials? {
        try checked { () throws(ConnectionOptionError) in try credentials() }.map {
            Credentials(user: $0.user, password: String(decoding: $0.password, as: UTF8.self))
        }
    }
}

extension SecurityOptions {
    /// The TLS; nil for plain connections.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func librarySecurity() throws -> ClientSecurity? {
        guard let wanted = try checked({ () throws(ConnectionOptionError) in try wanted() }) else { return nil }
        let trust: ClientSecurity.Trust =
            wanted.isVerified ? wanted.authorityFile.map { .authorities(file: $0) } ?? .system : .unverified
        return ClientSecurity(
            trust: trust, certificateFile: wanted.certificateFile, keyFile: wanted.keyFile,
            serverName: wanted.serverName)
    }
}

/// Evaluates options.
/// - Throws: an `ExitCode`, after the reason has been printed.
func checked<Result>(_ body: () throws(ConnectionOptionError) -> Result) throws -> Result {
    do throws(ConnectionOptionError) {
        return try body()
    } catch {
        throw failed("\(error)")
    }
}
