// `puffin-server probe`: whether a server is alive or ready, for health checks that run a program.

import ArgumentParser
import BlockingClient
import Bytes
import ConnectionOptions
import OpenSSL
import Server
import ServerConfiguration
import Settings

struct ProbeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Asks a running server over its HTTP port whether it is ready, or alive.",
        discussion: """
            It takes the server's own options, so beside a server it finds the port and whether that has TLS by itself: it asks at \
            http.bind and http.port. The certificate of a server on this machine is not checked then; with --addr, or an \
            option of TLS, it is checked as puffin-cli does. The server must have http.enabled.

            Exit codes: 0 yes, 1 no, or no answer in time; the reason is printed. 2 wrong options or settings.
            """)

    /// What is asked.
    enum Question: String, EnumerableFlag {
        case ready, live, reads

        static func name(for value: Question) -> NameSpecification {
            [.customLong(value.rawValue, withSingleDash: true), .customLong(value.rawValue)]
        }

        static func help(for value: Question) -> ArgumentHelp? {
            switch value {
            case .ready: "Ask whether clients should use the server (/readyz)."
            case .live: "Ask whether the server needs no restart (/healthz): it may be loading, or have a full disk."
            case .reads:
                "Ask whether the server answers reads (/readyz?for=reads): it may be a follower that is behind."
            }
        }

        var path: String {
            switch self {
            case .ready: "/readyz"
            case .live: "/healthz"
            case .reads: "/readyz?for=reads"
            }
        }
    }

    @OptionGroup var flags: ServerFlags

    @Flag var question = Question.ready

    @Option(
        name: "-addr --addr",
        help: ArgumentHelp(
            "The HTTP address, host:port, of a server whose settings are not known here.", valueName: "address"))
    var address: String?

    @Option(name: "-timeout --timeout", help: "How long the server may take to answer, such as 500ms or 2s.")
    var timeout = TimeSpan(seconds: 2)

    @OptionGroup var security: SecurityOptions

    func run() throws {
        let (endpoint, secured, isServed) = try target()
        let name = "\(secured == nil ? "http" : "https")://\(endpoint)\(question.path)"
        let reply: HTTPReply
        do throws(SocketError) {
            reply = try HTTPReply.get(question.path, from: endpoint, security: secured, timeLimit: timeout.duration)
        } catch {
            let hint =
                isServed ? "" : "; http.enabled is false in these settings, and a server with them has no HTTP port"
            writeError("no answer from \(name): \(error.reason)\(hint)")
            throw ExitCode(1)
        }
        guard reply.status == 200 else {
            writeError("\(name) is \(reply.status): \(reply.body)")
            throw ExitCode(1)
        }
        try inspecting { try $0.write(reply.body + "\n") }
    }

    /// Whom to ask, how to get TLS, and whether the settings have an HTTP port, as far as they are known.
    private func target() throws -> (Endpoint, BlockingSecurity?, isServed: Bool) {
        do {
            let wanted = try security.wanted()
            if let address { return (try Endpoint(parsing: address), try wanted.map(ProbeCommand.security), true) }
            let configuration = Configuration(try flags.sources.resolveOrExit())
            let endpoint = try ProbeCommand.endpoint(configuration.http)
            let isServed = configuration.http.isEnabled
            if let wanted { return (endpoint, try ProbeCommand.security(wanted), isServed) }
            return (endpoint, try ProbeCommand.ownSecurity(configuration.tls, endpoint), isServed)
        } catch let error as ExitCode {
            throw error
        } catch {
            writeError("probe: \(error)")
            throw ExitCode(2)
        }
    }

    /// Where a server with these settings answers. An address that means all of them is reached over loopback.
    private static func endpoint(_ settings: HTTPSettings) throws -> Endpoint {
        guard settings.port != 0 else {
            throw ValidationError("http.port is 0, any free port; name the server's with --http-port or --addr")
        }
        let all = ["0.0.0.0": "127.0.0.1", "::": "::1"]
        return Endpoint(host: all[settings.host] ?? settings.host, port: settings.port)
    }

    /// The TLS of a server on this machine. No secret is sent, and the certificate is for the names that clients use, so it is not
    /// checked, as the kubelet does not.
    private static func ownSecurity(_ tls: TLSSettings, _ endpoint: Endpoint) throws -> BlockingSecurity? {
        switch tls.effectiveMode {
        case .off, .optional: return nil
        case .remote where ["localhost", "127.0.0.1", "::1"].contains(endpoint.host): return nil
        case .remote, .required: break
        }
        let identity = tls.requiresCertificates ? try tls.identity() : nil
        return BlockingSecurity(try .client(trust: .unverified, identity: identity, protocols: ["http/1.1"]))
    }

    private static func security(_ wanted: SecurityOptions.Wanted) throws -> BlockingSecurity {
        var trust = ServerTrust.system
        if let file = wanted.authorityFile { trust = .authorities(try PEMFile(path: file)) }
        if !wanted.isVerified { trust = .unverified }
        var identity: TLSIdentity?
        if let certificate = wanted.certificateFile, let key = wanted.keyFile {
            identity = try TLSIdentity(certificatePath: certificate, keyPath: key)
        }
        return BlockingSecurity(
            try .client(trust: trust, identity: identity, protocols: ["http/1.1"]), serverName: wanted.serverName)
    }
}

extension TimeSpan: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}
