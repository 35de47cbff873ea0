import Foundation
import OpenSSL
import TestCertificates
import TestSupport
import Testing

/// New certificates of a running server.
@Suite("TLS reloads")
struct TLSReloadTests {
    private func server(_ files: CertificateFiles, _ name: String) throws -> ServerProcess {
        try files.write(files.make("first"), as: name)
        return try ServerProcess(data: "\(files.folder)/\(name).json", files.options(name))
    }

    private func subject(_ server: ServerProcess, _ files: CertificateFiles) throws -> String? {
        try SecureConnection(port: server.port, files.context()).channel.peerCertificate?.subject
    }

    @Test("SIGHUP takes a new certificate; connections stay, and sessions of the old one are not resumed")
    func signal() throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            let server = try server(files, "a")
            let old = try SecureConnection(port: server.port, files.context())
            #expect(old.channel.peerCertificate?.subject == "CN=first")
            try files.write(files.make("second"), as: "a")
            server.process.send(SIGHUP)
            #expect(server.process.waitForOutput(containing: "with the certificate of CN=second"))
            #expect(try subject(server, files) == "CN=second")
            try old.expect("PING\n", "PONG\n")
        }
    }

    @Test("a file that cannot be used keeps the old certificate, with an error that names it; mending it is noticed")
    func broken() throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            let server = try server(files, "a")
            try "nonsense".write(toFile: folder + "/a.crt", atomically: true, encoding: .utf8)
            server.process.send(SIGHUP)
            #expect(
                server.process.waitForOutput(
                    containing: "ERROR Certificates not reloaded, the old ones stay in use: \(folder)/a.crt: "))
            #expect(try subject(server, files) == "CN=first")
            try files.write(files.make("third"), as: "a")
            server.process.send(SIGHUP)
            #expect(server.process.waitForOutput(containing: "with the certificate of CN=third"))
            #expect(try subject(server, files) == "CN=third")
        }
    }

    @Test("changed files are noticed without a signal, whichever is written first")
    func alone() throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            let (keyFirst, certificateFirst) = (try server(files, "a"), try server(files, "b"))
            let (new, other) = (files.make("second"), files.make("third"))
            try files.writeKey(new, as: "a")
            try files.writeCertificate(other, as: "b")
            // Both are looked at while one file is of the other certificate.
            for server in [keyFirst, certificateFirst] {
                #expect(server.process.waitForOutput(containing: "ERROR Certificates not reloaded"))
                #expect(try subject(server, files) == "CN=first")
            }
            try files.writeCertificate(new, as: "a")
            try files.writeKey(other, as: "b")
            for (server, name) in [(keyFirst, "second"), (certificateFirst, "third")] {
                #expect(server.process.waitForOutput(containing: "with the certificate of CN=\(name)"))
                #expect(try subject(server, files) == "CN=\(name)")
            }
        }
    }
}
