// What a server needs of its certificate files, loaded together: all of it is right, or none of it is used.

import OpenSSL

/// The contexts of a server.
struct TLSContexts: Sendable {
    /// For clients and servers that connect, by the protocol that they offer (ALPN).
    let clients: TLSContext
    let http: TLSContext
    /// For the servers that this one dials.
    let links: TLSContext
    /// The content of the files.
    private let files: Files

    /// What was read.
    private struct Files: Sendable, Equatable {
        var certificate: [UInt8] = []
        var key: [UInt8] = []
        var authorities: [UInt8] = []
        var revocations: [UInt8] = []
        var settings = ""
    }

    /// Reads the files, unless they are those that were loaded before. May wait for the disk.
    /// - Parameter former: what was loaded before; nil at the start.
    /// - Returns: nil if nothing has changed.
    /// - Throws: `TLSError`, which names the file and what to do.
    static func load(_ settings: TLSSettings, unlike former: TLSContexts?) throws(TLSError) -> TLSContexts? {
        guard let certificatePath = settings.certificateFile, let keyPath = settings.keyFile else {
            throw TLSError(.invalidSettings, file: "", "tls.cert_file and tls.key_file must be set together")
        }
        let identity = TLSIdentity(
            certificate: try PEMFile(path: certificatePath), key: try PEMFile(path: keyPath),
            keyPassword: settings.keyPassword?.bytes)
        let authorities = try read(settings.clientCAFile)
        let revocations = try read(settings.revocationFile)
        var files = Files(
            certificate: identity.certificate.bytes, key: identity.key.bytes, authorities: authorities?.bytes ?? [],
            revocations: revocations?.bytes ?? [])
        files.settings = "\(settings.clientCertificates) \(settings.minimumVersion)"
        if let former, former.files == files { return nil }
        return try TLSContexts(settings, identity, authorities, revocations, files)
    }

    private static func read(_ path: String?) throws(TLSError) -> PEMFile? {
        guard let path else { return nil }
        return try PEMFile(path: path)
    }

    private init(
        _ settings: TLSSettings, _ identity: TLSIdentity, _ authorities: PEMFile?, _ revocations: PEMFile?,
        _ files: Files
    ) throws(TLSError) {
        let certificates: ClientCertificates =
            switch settings.clientCertificates {
            case .off: .off
            case .optional: .optional
            case .required: .required
            }
        let versions = settings.minimumVersion ... .tls13
        clients = try .server(
            identity, clientCertificates: certificates, authorities: authorities, revocations: revocations,
            versions: versions, protocols: ["puffin", "redis"])
        http = try .server(
            identity, clientCertificates: certificates, authorities: authorities, revocations: revocations,
            versions: versions, protocols: ["http/1.1"])
        links = try .client(
            trust: authorities.map { .authorities($0) } ?? .system, identity: identity,
            revocations: authorities == nil ? nil : revocations, versions: versions, protocols: ["puffin"])
        self.files = files
    }
}
