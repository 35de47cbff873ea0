// The server under load: its address and its identity.

import BlockingClient
import Bytes
import Commands
import Reactor
import Wire

/// Why nothing can be measured. One line, with what to do.
package struct LoadError: Error, CustomStringConvertible, Sendable {
    package let description: String

    package init(description: String) { self.description = description }
}

/// A reachable server.
package struct Target: Sendable {
    package let endpoint: Endpoint
    package let dialect: Dialect
    /// The address that answered.
    package let address: Address
    package let identity: ServerIdentity
    /// The login and the TLS of each connection.
    package let access: ServerAccess

    /// Finds the server: tries the addresses of its name in turn, and asks for its identity.
    /// - Throws: `LoadError` if nothing answers, or the server is still loading its data, or does not let this program in.
    package init(
        _ endpoint: Endpoint, _ dialect: Dialect, _ access: ServerAccess = ServerAccess()
    ) throws(LoadError) {
        self.endpoint = endpoint
        self.dialect = dialect
        self.access = access
        address = try Target.reach(endpoint)
        identity = try ServerIdentity(asking: endpoint, access)
        if dialect == .line && identity.speaksOnlyRESP {
            throw LoadError(description: "\(identity.name) at \(endpoint) does not speak lines; use --dialect resp")
        }
        if identity.isLoading {
            throw LoadError(description: "\(endpoint) is still loading its data; try again when it says Ready")
        }
    }

    /// How connections get TLS; nil for plain ones.
    var security: TLSTarget? {
        access.security.map { TLSTarget($0.context, host: $0.host(of: endpoint)) }
    }

    private static func reach(_ endpoint: Endpoint) throws(LoadError) -> Address {
        var reason = "it has no address"
        do throws(ReactorError) {
            let loop = try EventLoop()
            for address in try Address.resolve(host: endpoint.host, port: endpoint.port) {
                switch try dial(address, loop) {
                case .success: return address
                case .failure(let error): reason = error.reason
                }
            }
        } catch {
            reason = "cannot \(error.operation): \(error.reason)"
        }
        throw LoadError(
            description: "cannot connect to \(endpoint): \(reason); start a server there, or name another with --addr "
                + "host:port")
    }

    /// Connects once, and closes the connection.
    private static func dial(_ address: Address, _ loop: EventLoop) throws(ReactorError) -> Result<Void, ReactorError> {
        var outcome: Result<Void, ReactorError>?
        let dialer = try Dialer(loop, to: address) { result in
            outcome = result.map { $0.close() }
        }
        return withExtendedLifetime(dialer) {
            while true {
                loop.turn(waiting: true)
                if let outcome { return outcome }
            }
        }
    }
}

/// What a server says in INFO, its name and version and its durability; and whether it has RANGE.
package struct ServerIdentity: Sendable {
    /// `Puffin 0.1.0`, `Redis 7.0.15`; `unknown` if it does not say.
    package let name: String
    /// In the server's own words; empty if it does not say.
    package let durability: String
    /// What the server answers to RANGE where it does not read ranges; nil where it does.
    package let rangeRefusal: String?
    /// The version of TLS and the cipher; empty without TLS.
    package let security: String
    let isLoading: Bool
    let speaksOnlyRESP: Bool
    /// The server's process, if it runs on this machine.
    let process: ServerProcessor?

    /// - Throws: `LoadError` if the server does not let this program in.
    init(asking endpoint: Endpoint, _ access: ServerAccess) throws(LoadError) {
        var fields: [String: String] = [:]
        var settings: [String: String] = [:]
        var refusal: String? = "no connection"
        var security = ""
        if var connection = try ServerIdentity.connect(to: endpoint, access) {
            security = connection.security.map { "\($0.version) \($0.cipher)" } ?? ""
            fields = ServerIdentity.information(&connection)
            if fields["puffin_version"] == nil && !fields.isEmpty {
                for name in ["appendonly", "appendfsync"] {
                    settings[name] = ServerIdentity.setting(name, &connection)
                }
            }
            refusal = ServerIdentity.rangeRefusal(&connection)
        }
        rangeRefusal = refusal
        self.security = security
        isLoading = fields["loading"] == "1"
        speaksOnlyRESP = fields["puffin_version"] == nil && fields["redis_version"] != nil
        name = ServerIdentity.name(fields)
        if let mode = fields["puffin_durability"] {
            durability = mode
        } else if settings["appendonly"] == "yes" {
            durability = "appendfsync \(settings["appendfsync"] ?? "unknown")"
        } else {
            durability = settings.isEmpty ? "" : "appendonly no"
        }
        process = fields["process_id"].flatMap { Int($0) }.flatMap { ServerProcessor(id: $0, on: endpoint) }
    }

    /// - Returns: nil if the server says nothing that this program understands.
    private static func connect(to endpoint: Endpoint, _ access: ServerAccess) throws(LoadError) -> Connection? {
        do throws(ClientError) {
            var connection = try Connection(to: endpoint, timeLimit: .seconds(2), security: access.security)
            if let user = access.user { try connection.logIn(user) }
            if case .error(ErrorCode.notLoggedIn.rawValue, _) = try connection.execute([Array("PING".utf8)]) {
                throw .notLoggedIn(at: endpoint, reason: "it asks for one: use --user and --password-file")
            }
            return connection
        } catch {
            switch error {
            case .cannotConnect(_, let reason):
                let advice =
                    reason == PlainRefusal.reason
                    ? "; use --tls" : reason.contains("speaks no TLS") ? "; leave out --tls" : ""
                throw LoadError(description: "\(error)\(advice)")
            case .notLoggedIn: throw LoadError(description: "\(error)")
            default: return nil
            }
        }
    }

    private static func name(_ fields: [String: String]) -> String {
        if let version = fields["puffin_version"] { return "Puffin \(version)" }
        if let version = fields["valkey_version"] { return "Valkey \(version)" }
        return fields["redis_version"].map { "Redis \($0)" } ?? "unknown"
    }

    private static func information(_ connection: inout Connection) -> [String: String] {
        guard case .bulk(let text) = try? connection.execute([Array("INFO".utf8)]) else { return [:] }
        var fields: [String: String] = [:]
        for line in String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[String(line[..<colon])] = String(line[line.index(after: colon)...])
        }
        return fields
    }

    private static func rangeRefusal(_ connection: inout Connection) -> String? {
        let request = ["RANGE", "FROM", "key:", "LIMIT", "1"].map { Array($0.utf8) }
        switch try? connection.execute(request) {
        case .array: return nil
        case .error(let code, let message): return "\(code) \(message)"
        default: return "no reply"
        }
    }

    private static func setting(_ name: String, _ connection: inout Connection) -> String? {
        let request = ["CONFIG", "GET", name].map { Array($0.utf8) }
        guard case .array(let pair) = try? connection.execute(request), pair.count == 2, case .bulk(let value) = pair[1]
        else { return nil }
        return String(decoding: value, as: UTF8.self)
    }
}
