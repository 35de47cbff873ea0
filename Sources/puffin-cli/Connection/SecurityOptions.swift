// TLS: options, and variables of the environment in their place.

import ArgumentParser
import BlockingClient
import OpenSSL
import PuffinClient

/// How connections get TLS.
struct SecurityOptions: ParsableArguments {
    @Flag(
        name: "-tls --tls",
        help: "Connect with TLS. --cacert, --cert, --server-name and --insecure imply it. (default: PUFFIN_CLIENT_TLS)")
    var tls = false

    @Option(
        name: "-cacert --cacert",
        help: ArgumentHelp(
            "The file of the authorities whose server certificates are accepted. (default: PUFFIN_CLIENT_CACERT, or the system's authorities)",
            valueName: "file"), completion: .file())
    var authorityFile: String?

    @Option(
        name: "-cert --cert",
        help: ArgumentHelp(
            "The file of this client's certificate, if the server asks for one. (default: PUFFIN_CLIENT_CERT)",
            valueName: "file"), completion: .file())
    var certificateFile: String?

    @Option(
        name: "-cert-key --cert-key",
        help: ArgumentHelp("The file of that certificate's key. (default: PUFFIN_CLIENT_KEY)", valueName: "file"),
        completion: .file())
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

    /// The options in words of the client library; nil for plain connections.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func librarySecurity() throws -> ClientSecurity? {
        let authorityFile = authorityFile ?? given("PUFFIN_CLIENT_CACERT")
        let certificateFile = certificateFile ?? given("PUFFIN_CLIENT_CERT")
        let keyFile = keyFile ?? given("PUFFIN_CLIENT_KEY")
        let isAsked =
            tls || insecure || serverName != nil || self.authorityFile != nil || self.certificateFile != nil
        let isImplied = authorityFile != nil || certificateFile != nil
        guard try isAsked || variable() ?? isImplied else { return nil }
        guard (certificateFile == nil) == (keyFile == nil) else {
            throw failed("a certificate and its key are needed together: --cert FILE --cert-key FILE")
        }
        let trust: ClientSecurity.Trust =
            insecure ? .unverified : authorityFile.map { .authorities(file: $0) } ?? .system
        return ClientSecurity(
            trust: trust, certificateFile: certificateFile, keyFile: keyFile, serverName: serverName)
    }

    /// The same for connections of this program's own.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func security() throws -> BlockingSecurity? {
        guard let wanted = try librarySecurity() else { return nil }
        var authorityFile: String?
        if case .authorities(let file) = wanted.trust { authorityFile = file }
        do throws(TLSError) {
            return try BlockingSecurity(
                authorityFile: authorityFile, certificateFile: wanted.certificateFile, keyFile: wanted.keyFile,
                isVerified: wanted.trust != .unverified, serverName: wanted.serverName)
        } catch {
            throw failed("TLS cannot be set up: \(error)")
        }
    }

    /// What PUFFIN_CLIENT_TLS says; nil if it is not set.
    private func variable() throws -> Bool? {
        guard let text = given("PUFFIN_CLIENT_TLS") else { return nil }
        switch text.lowercased() {
        case "1", "on", "yes", "true": return true
        case "0", "off", "no", "false": return false
        default: throw failed("PUFFIN_CLIENT_TLS is on or off; found \"\(text)\"")
        }
    }

    private func given(_ variable: String) -> String? {
        guard let text = environment(variable), !text.isEmpty else { return nil }
        return text
    }
}
