// How a client gets TLS.

import OpenSSL
import Reactor

/// The TLS of a client's connections: 1.2 or 1.3, with the ciphers that the server accepts. The certificate of each server must be for
/// the name or the address by which the client knows it.
public struct ClientSecurity: Sendable, Equatable {
    /// Whose certificates are accepted from a server.
    public enum Trust: Sendable, Equatable {
        /// Those of the operating system's authorities.
        case system
        /// Those of the authorities in a file in PEM.
        case authorities(file: String)
        /// Any. Who is on the wire can read and change everything: for tests.
        case unverified
    }

    /// Whose certificates are accepted from a server.
    public var trust: Trust
    /// The file of the client's own certificate in PEM, followed by those that issued it; nil unless the server asks for one.
    public var certificateFile: String?
    /// The file of its private key in PEM, without a password.
    public var keyFile: String?
    /// The name or address that a server's certificate must be for; nil for the host of each server's address.
    public var serverName: String?

    /// TLS.
    /// - Parameters:
    ///   - trust: whose certificates are accepted from a server.
    ///   - certificateFile: the file of the client's own certificate; with `keyFile`.
    ///   - keyFile: the file of its private key.
    ///   - serverName: what a server's certificate must be for, in place of the host of its address.
    public init(
        trust: Trust = .system, certificateFile: String? = nil, keyFile: String? = nil, serverName: String? = nil
    ) {
        self.trust = trust
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.serverName = serverName
    }

    /// Reads the files.
    /// - Throws: `PuffinError.invalidSecurity`.
    func load() throws(PuffinError) -> LinkSecurity {
        do throws(TLSError) {
            let trust: ServerTrust =
                switch trust {
                case .system: .system
                case .authorities(let file): .authorities(try PEMFile(path: file))
                case .unverified: .unverified
                }
            return LinkSecurity(
                context: try .client(trust: trust, identity: try identity(), protocols: ["puffin", "redis"]),
                serverName: serverName)
        } catch {
            throw .invalidSecurity("\(error)")
        }
    }

    private func identity() throws(TLSError) -> TLSIdentity? {
        switch (certificateFile, keyFile) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return try TLSIdentity(certificatePath: certificate, keyPath: key)
        default: throw TLSError(.invalidSettings, file: "", "a certificate and its key are needed together")
        }
    }
}

/// The TLS of a client, loaded.
struct LinkSecurity: Sendable {
    let context: TLSContext
    let serverName: String?

    /// What a connection to a server needs.
    func target(for server: ServerAddress) -> TLSTarget { TLSTarget(context, host: serverName ?? server.host) }
}
