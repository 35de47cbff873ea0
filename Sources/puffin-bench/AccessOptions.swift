// Who this program is to a server, and how it gets TLS.

import ArgumentParser
import Bench
import BlockingClient
import Bytes
import OpenSSL

struct AccessOptions: ParsableArguments {
    @Option(name: "-user --user", help: "Who logs in on each connection, before the run begins. (default: default)")
    var user: String?

    @Option(
        name: "-password-file --password-file",
        help: ArgumentHelp("The file that has the password; without it nobody logs in.", valueName: "file"))
    var passwordFile: String?

    @Flag(
        name: "-tls --tls", help: "Connect with TLS. --cacert, --cert, --server-name and --insecure imply it.")
    var tls = false

    @Option(
        name: "-cacert --cacert",
        help: ArgumentHelp(
            "The file of the authorities whose server certificates are accepted. (default: the system's authorities)",
            valueName: "file"))
    var authorityFile: String?

    @Option(
        name: "-cert --cert",
        help: ArgumentHelp("The file of this client's certificate, if the server asks for one.", valueName: "file"))
    var certificateFile: String?

    @Option(
        name: "-cert-key --cert-key", help: ArgumentHelp("The file of that certificate's key.", valueName: "file"))
    var keyFile: String?

    @Option(
        name: "-server-name --server-name",
        help: ArgumentHelp(
            "The name that the server's certificate must be for. (default: the host of --addr)", valueName: "name"))
    var serverName: String?

    @Flag(
        name: "-insecure --insecure",
        help: "Accept any certificate: who is on the wire can then read and change everything.")
    var insecure = false

    /// The login and the TLS.
    /// - Throws: `LoadError`.
    func access() throws(LoadError) -> ServerAccess { ServerAccess(user: try credentials(), security: try security()) }

    private func credentials() throws(LoadError) -> LoginCredentials? {
        guard let passwordFile else {
            guard user == nil else { throw LoadError(description: "--user needs a --password-file") }
            return nil
        }
        return LoginCredentials(user: user ?? "default", password: try PasswordFile.read(passwordFile))
    }

    private func security() throws(LoadError) -> BlockingSecurity? {
        guard tls || insecure || serverName != nil || authorityFile != nil || certificateFile != nil else { return nil }
        guard (certificateFile == nil) == (keyFile == nil) else {
            throw LoadError(description: "a certificate and its key are needed together: --cert FILE --cert-key FILE")
        }
        do throws(TLSError) {
            return try BlockingSecurity(
                authorityFile: authorityFile, certificateFile: certificateFile, keyFile: keyFile,
                isVerified: !insecure, serverName: serverName)
        } catch {
            throw LoadError(description: "TLS cannot be set up: \(error)")
        }
    }
}
