import Foundation
import OpenSSL
import TestCertificates
import TestSupport
import Testing

/// Whom a server and a client believe, and with which versions and ciphers.
@Suite("TLS handshakes")
struct TLSHandshakeTests {
    private func withServer(
        _ options: [String] = [], _ body: (ServerProcess, CertificateFiles) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            try body(ServerProcess(data: folder + "/puffin.json", files.options() + options), files)
        }
    }

    @Test("a client refuses a server's certificate of another authority, for another name, or at another time")
    func servers() throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            let stranger = TestCertificate(CertificateRequest("Another authority", isAuthority: true))
            let cases: [(TestCertificate, TLSFailure.Code)] = [
                (TestCertificate(CertificateRequest("a", names: "DNS:localhost"), issuer: stranger), .unknownAuthority),
                (files.make("b", names: "DNS:db1.example"), .wrongName),
                (files.make("c", validity: -7200 ... -3600), .expired),
                (files.make("d", validity: 3600...7200), .notYetValid),
                (files.make("e", usage: "clientAuth"), .wrongUsage),
            ]
            for (certificate, code) in cases {
                let name = certificate.request.commonName
                try files.write(certificate, as: name)
                let server = try ServerProcess(data: "\(folder)/\(name).json", files.options(name))
                let failure = #expect(throws: TLSFailure.self) {
                    try SecureConnection(port: server.port, files.context())
                }
                #expect(failure?.code == code, "\(failure.map { "\($0)" } ?? "accepted")")
                #expect(server.process.waitForOutput(containing: "WARNING TLS handshake failed: the peer refused: "))
            }
        }
    }

    @Test("a server that requires certificates refuses none, a stranger's, and those that are not good now")
    func clients() throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            let stranger = TestCertificate(CertificateRequest("Another authority", isAuthority: true))
            let revoked = files.make("revoked")
            let list = files.authority.revocationList(of: [revoked])
            try Data(list).write(to: URL(fileURLWithPath: folder + "/crl.pem"))
            let server = try ServerProcess(
                data: folder + "/puffin.json",
                files.options() + files.clientOptions() + ["--tls-crl-file", folder + "/crl.pem"])
            let good = try SecureConnection(port: server.port, files.context(files.make("client", usage: "clientAuth")))
            try good.expect("PING\n", "PONG\n")
            let cases: [(TestCertificate?, String)] = [
                (nil, "the client sent no certificate"),
                (TestCertificate(CertificateRequest("foreign"), issuer: stranger), "CN=foreign"),
                (files.make("late", validity: -7200 ... -3600), "certificate has expired"),
                (files.make("early", validity: 3600...7200), "certificate is not yet valid"),
                (files.make("for servers", usage: "serverAuth"), "CN=for servers"),
                (revoked, "certificate revoked"),
            ]
            for version in [TLSVersion.tls12, .tls13] {
                for (certificate, text) in cases {
                    let failure = #expect(throws: TLSFailure.self) {
                        let context = try files.context(certificate, versions: version...version)
                        try SecureConnection(port: server.port, context).expect("PING\n", "PONG\n")
                    }
                    #expect(failure?.alert != nil, "\(failure.map { "\($0)" } ?? "")")
                    if version == .tls13 { #expect(failure?.refusesCertificate == true, "\(text)") }
                    #expect(server.process.waitForOutput(containing: text), "\(text)")
                }
            }
            try good.expect("PING\n", "PONG\n")
        }
    }

    @Test("the version is 1.2 or 1.3, or 1.3 alone where that is set")
    func versions() throws {
        try withServer(["--tls-min-version", "1.3"]) { server, files in
            let client = try SecureConnection(port: server.port, files.context())
            #expect(client.channel.version == "TLSv1.3")
            let failure = #expect(throws: TLSFailure.self) {
                try SecureConnection(port: server.port, files.context(versions: .tls12 ... .tls12))
            }
            #expect(failure?.code == .wrongVersion)
        }
    }

    @Test(
        "openssl s_client: old versions, ciphers with CBC and foreign protocols are refused",
        .enabled(if: PeerProgram.areThere("openssl")))
    func peer() throws {
        try withServer { server, files in
            func connect(_ options: String...) throws -> (exitCode: Int32, output: String) {
                try ChildProcess.run(
                    [
                        "openssl", "s_client", "-connect", "127.0.0.1:\(server.port)", "-CAfile", files.authorityFile,
                        "-verify_return_error", "-servername", "localhost",
                    ] + options)
            }
            for options in [
                ["-tls1_2"], ["-tls1_3"], ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"],
                ["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"],
            ] {
                let found = try ChildProcess.run(
                    [
                        "openssl", "s_client", "-connect", "127.0.0.1:\(server.port)", "-CAfile", files.authorityFile,
                        "-verify_return_error",
                    ] + options)
                #expect(found.exitCode == 0 && found.output.contains("Verify return code: 0"), "\(options) \(found)")
            }
            for (version, alert) in [("-tls1", "alert number 70"), ("-tls1_1", "alert number 70")] {
                let found = try connect(version, "-cipher", "ALL:@SECLEVEL=0")
                #expect(found.exitCode != 0 && found.output.contains(alert), "\(version) \(found)")
            }
            for cipher in ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "AES128-GCM-SHA256"] {
                let found = try connect("-tls1_2", "-cipher", cipher)
                #expect(found.exitCode != 0 && found.output.contains("alert number 40"), "\(cipher) \(found)")
            }
            #expect(try connect("-alpn", "redis").output.contains("ALPN protocol: redis"))
            #expect(try connect("-alpn", "puffin,redis").output.contains("ALPN protocol: puffin"))
            let web = try connect("-alpn", "http/1.1")
            #expect(web.exitCode != 0 && web.output.contains("alert number 120"), "\(web)")
        }
    }
}
