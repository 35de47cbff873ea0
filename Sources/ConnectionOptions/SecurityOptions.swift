// TLS: options, and variables of the environment in their place.

import ArgumentParser
import BlockingClient
import OpenSSL

/// How connections get TLS.
package struct SecurityOptions: ParsableArguments {
    @Flag(
        name: "-tls --tls",
        help: "Connect with TLS. --cacert, --cert, --server-name and --insecure imply it. (default: PUFFIN_CLIENT_TLS)")
    package var tls = false

    @Option(
        name: "-cacert --cacert",
        help: ArgumentHelp(
            "The file of the authorities whose server certificates are accepted. (default: PUFFIN_CLIENT_CACERT, or the system's authorities)",
            valueName: "file"), completion: .file())
    package var authorityFile: String?

    @Option(
        name: "-cert --cert",
        help: ArgumentHelp(
            "The file of this client's certificate, if the server asks for one. (default: PUFFIN_CLIENT_CERT)",
            valueName: "file"), completion: .file())
    package var certificateFile: String?

    @Option(
        name: "-cert-key --cert-key",
        help: ArgumentHelp("The file of that certificate's key. (default: PUFFIN_CLIENT_KEY)", valueName: "file"),
        completion: .file())
    package var keyFile: String?

    @Option(
        name: "-server-name --server-name",
        help: ArgumentHelp(
            "The name that the server's certificate must be for. (default: the host of --addr)", valueName: "name"))
    package var serverName: String?

    @Flag(
        name: "-insecure --insecure",
        help: "Accept any certificate: who is on the wire can then read and change everything.")
    package var insecure = false

    package init() {}

    /// What connections need for TLS: the options, and the variables in their place.
    package struct Wanted: Equatable, Sendable {
        /// Whose certificates are accepted; nil for the authorities of the operating system.
        package let authorityFile: String?
        /// This client's certificate and its key: both or neither.
        package let certificateFile: String?
        package let keyFile: String?
        /// Whether the server's certificate is checked.
        package let isVerified: Bool
        /// What the server's certificate must be for; nil for the host that is dialed.
        package let serverName: String?
    }

    /// What connections need for TLS; nil for plain ones.
    package func wanted() throws(ConnectionOptionError) -> Wanted? {
        let authorityFile = authorityFile ?? given("PUFFIN_CLIENT_CACERT")
        let certificateFile = certificateFile ?? given("PUFFIN_CLIENT_CERT")
        let keyFile = keyFile ?? given("PUFFIN_CLIENT_KEY")
        let isAsked =
            tls || insecure || serverName != nil || self.authorityFile != nil || self.certificateFile != nil
        let isImplied = authorityFile != nil || certificateFile != nil
        let variable = try variable()
        guard isAsked || variable ?? isImplied else { return nil }
        guard (certificateFile == nil) == (keyFile == nil) else {
            throw ConnectionOptionError(
                "a certificate and its key are needed together: --cert FILE --cert-key FILE")
        }
        return Wanted(
            authorityFile: authorityFile, certificateFile: certificateFile, keyFile: keyFile, isVerified: !insecure,
            serverName: serverName)
    }

    /// The same with the files read.
    package func security() throws(ConnectionOptionError) -> BlockingSecurity? {
        guard let wanted = try wanted() else { return nil }
        do throws(TLSError) {
            return try BlockingSecurity(
                authorityFile: wanted.authorityFile, certificateFile: wanted.certificateFile, keyFile: wanted.keyFile,
                isVerified: wanted.isVerified, serverName: wanted.serverName)
        } catch {
            throw ConnectionOptionError("TLS cannot be set up: \(error)")
        }
    }

    /// What PUFFIN_CLIENT_TLS says; nil if it is not set.
    private func variable() throws(ConnectionOptionError) -> Bool? {
        guard let text = given("PUFFIN_CLIENT_TLS") else { return nil }
        switch text.lowercased() {
        case "1", "on", "yes", "true": return true
        case "0", "off", "no", "false": return false
        default: throw ConnectionOptionError("PUFFIN_CLIENT_TLS is on or off; found \"\(text)\"")
        }
    }
}
