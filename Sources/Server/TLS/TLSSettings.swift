// The settings of TLS.

import OpenSSL

/// Which connections must have TLS.
package enum TLSMode: String, CaseIterable, Sendable {
    /// None has it.
    case off
    /// Each may have it or not.
    case optional
    /// Those from other machines must have it: probes and sidecars on this one need not.
    case remote
    /// All must have it.
    case required

    /// Whether a connection from an address may do without.
    func allowsPlain(isLocal: Bool) -> Bool {
        switch self {
        case .off, .optional: true
        case .remote: isLocal
        case .required: false
        }
    }
}

/// Whether clients are asked for certificates.
package enum ClientCertificateMode: String, CaseIterable, Sendable {
    case off, optional, required
}

/// The password of an encrypted key.
package struct KeyPassword: Sendable, Equatable, CustomStringConvertible {
    package let bytes: [UInt8]

    package init(_ text: String) { bytes = Array(text.utf8) }

    package var description: String { "***" }
}

/// The certificates of a server, and what is done with them.
package struct TLSSettings: Sendable {
    /// The files of the certificate and its key; both or neither.
    package var certificateFile: String?
    package var keyFile: String?
    package var keyPassword: KeyPassword?
    /// The file of the authorities whose certificates clients, and the servers that this one dials, must have.
    package var clientCAFile: String?
    package var clientCertificates = ClientCertificateMode.off
    package var revocationFile: String?
    package var minimumVersion = TLSVersion.tls12
    /// The mode once there is a certificate.
    package var mode = TLSMode.required
    /// Whether this server dials others with TLS, once there is a certificate.
    package var dialsSecurely = true

    package init() {}

    /// The mode in force.
    package var effectiveMode: TLSMode { certificateFile == nil ? .off : mode }

    /// Whether whoever gets in has shown a certificate.
    package var requiresCertificates: Bool { effectiveMode != .off && clientCertificates == .required }
}
