import Foundation
import OpenSSL
import TestCertificates
import TestSupport

/// An authority, and certificates of it in the files of a folder.
struct CertificateFiles {
    let folder: String
    let authority = TestCertificate(CertificateRequest("Test authority", isAuthority: true))

    /// Writes the authority's own certificate, and `server.crt` for this machine.
    init(in folder: String) throws {
        self.folder = folder
        try Data(authority.certificate).write(to: URL(fileURLWithPath: folder + "/ca.crt"))
        try write(make("server"), as: "server")
    }

    var authorityFile: String { folder + "/ca.crt" }

    /// A certificate of the authority.
    func make(
        _ name: String, names: String = "DNS:localhost,IP:127.0.0.1", usage: String = "",
        validity: ClosedRange<Int> = -3600...86_400 * 60
    ) -> TestCertificate {
        TestCertificate(CertificateRequest(name, names: names, usage: usage, validity: validity), issuer: authority)
    }

    /// Writes `name.crt` and `name.key`.
    func write(_ certificate: TestCertificate, as name: String) throws {
        try writeCertificate(certificate, as: name)
        try writeKey(certificate, as: name)
    }

    func writeCertificate(_ certificate: TestCertificate, as name: String) throws {
        try Data(certificate.certificate).write(to: URL(fileURLWithPath: "\(folder)/\(name).crt"))
    }

    func writeKey(_ certificate: TestCertificate, as name: String) throws {
        let path = "\(folder)/\(name).key"
        try Data(certificate.privateKey).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }

    /// A server's options for one of these certificates.
    func options(_ name: String = "server") -> [String] {
        ["--tls-cert-file", "\(folder)/\(name).crt", "--tls-key-file", "\(folder)/\(name).key"]
    }

    /// A server's options for asking clients for certificates.
    func clientOptions(_ mode: String = "required") -> [String] {
        ["--tls-client-certs", mode, "--tls-client-ca-file", authorityFile]
    }

    /// A client's context, which trusts the authority.
    func context(
        _ identity: TestCertificate? = nil, versions: ClosedRange<TLSVersion> = .tls12 ... .tls13,
        protocols: [String] = []
    ) throws -> TLSContext {
        try .client(
            trust: .authorities(authority.authorities), identity: identity?.identity(), versions: versions,
            protocols: protocols)
    }
}
