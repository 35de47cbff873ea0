// What all connections of a listener, or to one kind of server, have in common: certificate, authorities, versions, protocols.
//
// Unsafe code: a context owns OpenSSL's SSL_CTX through `ContextHandle`, which cannot be copied and frees it in its deinit. After
// the initializer nothing of Swift writes to it; OpenSSL locks what it changes itself. Each channel and session retains its context.

import COpenSSL

/// A version of TLS.
package enum TLSVersion: Int32, Comparable, Sendable {
    /// RFC 5246, with ECDHE and AEAD ciphers only.
    case tls12 = 0x0303
    /// RFC 8446.
    case tls13 = 0x0304

    package static func < (one: TLSVersion, other: TLSVersion) -> Bool { one.rawValue < other.rawValue }
}

/// A certificate chain and its private key.
package struct TLSIdentity: Sendable {
    /// The leaf first, then what issued it, and so on; the root may be left out.
    package var certificate: PEMFile
    package var key: PEMFile
    /// For an encrypted key.
    package var keyPassword: [UInt8]?

    package init(certificate: PEMFile, key: PEMFile, keyPassword: [UInt8]? = nil) {
        self.certificate = certificate
        self.key = key
        self.keyPassword = keyPassword
    }

    /// Reads both files whole. May wait for the disk.
    package init(certificatePath: String, keyPath: String, keyPassword: [UInt8]? = nil) throws(TLSError) {
        certificate = try PEMFile(path: certificatePath)
        key = try PEMFile(path: keyPath)
        self.keyPassword = keyPassword
    }
}

/// Whether a server asks clients for a certificate. One that is sent and does not verify ends the handshake.
package enum ClientCertificates: Sendable {
    case off, optional, required
}

/// Whose certificates a client accepts from a server.
package enum ServerTrust: Sendable {
    /// Those that an authority of the operating system issued.
    case system
    /// Those that an authority of a file issued.
    case authorities(PEMFile)
    /// Any: who is on the wire can read and change everything. For tests and for a person who asked for it.
    case unverified
}

/// The common part of connections. Immutable; a reload makes a new one. Connections keep theirs. Session tickets are good for an
/// hour, and only with the context that gave them.
@safe
package final class TLSContext: @unchecked Sendable {
    let handle: ContextHandle
    private let protocols: ProtocolList
    package let isServer: Bool
    /// Whether the peer's certificate is verified if there is one.
    package let verifies: Bool
    /// This side's own certificate.
    package let certificate: Certificate?
    /// When the first of the authorities ends, in seconds since 1970; nil without a file of authorities.
    package let authoritiesNotAfter: Int?
    /// What is wrong with what was loaded, though it could be loaded.
    package let warnings: [TLSWarning]

    private init(
        _ handle: consuming ContextHandle, _ protocols: consuming ProtocolList, _ loaded: LoadedFiles, isServer: Bool,
        verifies: Bool
    ) {
        self.handle = handle
        self.protocols = protocols
        self.isServer = isServer
        self.verifies = verifies
        certificate = loaded.certificate
        authoritiesNotAfter = loaded.authoritiesNotAfter
        warnings = loaded.warnings
    }

    /// A context for connections that were accepted.
    /// - Parameters:
    ///   - authorities: whose client certificates are accepted; needed unless `clientCertificates` is off. An intermediate
    ///     authority is enough: what is in the file is trusted.
    ///   - revocations: revocation lists of all these authorities. A certificate whose list is missing or has ended is refused.
    ///   - versions: the versions that are accepted.
    ///   - protocols: this server's application protocols (ALPN, RFC 7301). A client that offers protocols and none of
    ///     these is refused; one that offers none is let in. Empty: whatever a client offers is ignored.
    package static func server(
        _ identity: TLSIdentity, clientCertificates: ClientCertificates = .off, authorities: PEMFile? = nil,
        revocations: PEMFile? = nil, versions: ClosedRange<TLSVersion> = .tls12 ... .tls13, protocols: [String] = []
    ) throws(TLSError) -> TLSContext {
        let handle = try ContextHandle.make(isServer: true, versions: versions)
        let list = try ProtocolList(protocols)
        unsafe list.select(in: handle.pointer)
        var loaded = LoadedFiles()
        try loaded.use(identity, in: handle, isServer: true)
        if clientCertificates != .off {
            guard let authorities else {
                throw TLSError(.invalidSettings, file: "", "client certificates need a file of authorities")
            }
            try loaded.trust(authorities, in: handle, namesThem: true)
            if let revocations { try loaded.revoke(revocations, in: handle) }
            handle.verifyPeers(isRequired: clientCertificates == .required)
        }
        return TLSContext(handle, list, loaded, isServer: true, verifies: clientCertificates != .off)
    }

    /// A context for connections that were dialed.
    /// - Parameters:
    ///   - identity: a client certificate, for servers that ask for one.
    ///   - revocations: as for a server; only with a file of authorities.
    ///   - protocols: the application protocols that are offered (ALPN).
    package static func client(
        trust: ServerTrust, identity: TLSIdentity? = nil, revocations: PEMFile? = nil,
        versions: ClosedRange<TLSVersion> = .tls12 ... .tls13, protocols: [String] = []
    ) throws(TLSError) -> TLSContext {
        let handle = try ContextHandle.make(isServer: false, versions: versions)
        let list = try ProtocolList(protocols)
        unsafe list.offer(in: handle.pointer)
        var loaded = LoadedFiles()
        if let identity { try loaded.use(identity, in: handle, isServer: false) }
        var verifies = true
        switch trust {
        case .system: try handle.trustSystem()
        case .authorities(let file): try loaded.trust(file, in: handle, namesThem: false)
        case .unverified: verifies = false
        }
        if let revocations { try loaded.revoke(revocations, in: handle) }
        if verifies { handle.verifyPeers(isRequired: true) }
        return TLSContext(handle, list, loaded, isServer: false, verifies: verifies)
    }

    /// The server's side of a connection that was accepted.
    package func accept() -> Channel {
        precondition(isServer, "a client's context accepts no connection")
        return Channel(self)
    }

    /// The client's side of a connection that was dialed.
    /// - Parameters:
    ///   - host: the server's name or address as the user knows it. Its certificate must be for that: a subjectAltName
    ///     with a DNS name, or with an IP address (RFC 9525); the common name does not count.
    ///   - session: of an earlier connection of this context to this host. Ignored if it is another's.
    /// - Throws: `invalidSettings` if the host is neither a name nor an address.
    package func connect(to host: String, resuming session: TLSSession? = nil) throws(TLSError) -> Channel {
        precondition(!isServer, "a server's context dials no connection")
        return try Channel(self, to: host, resuming: session)
    }
}
