import Foundation
import OpenSSL
import TestSupport
import Testing

/// Which connections must have TLS, and what the others are told.
@Suite("TLS modes")
struct TLSModeTests {
    private static let refusal = "This server takes TLS only"

    private func withServer(
        _ options: [String], _ body: (ServerProcess, CertificateFiles) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            try body(ServerProcess(data: folder + "/puffin.json", files.options() + options), files)
        }
    }

    @Test("with a certificate TLS is required, and a plain client hears so in its dialect")
    func required() throws {
        try withServer([]) { server, files in
            let client = try SecureConnection(port: server.port, files.context())
            try client.expect("SET a 1\n" + resp("GET", "a"), "OK\n$1\r\n1\r\n")
            for (text, refusal) in [
                ("GET a\n", "ERROR: \(TLSModeTests.refusal)\n"), (resp("GET", "a"), "-ERR \(TLSModeTests.refusal)\r\n"),
            ] {
                let plain = try server.connect()
                try plain.send(text)
                #expect(try plain.receiveAll() == refusal)
            }
            #expect(server.log.contains("TLS required with the certificate of CN=server, good for "))
        }
    }

    @Test("optional takes both, also a plain client that says nothing at first, and binary keys over TLS")
    func optional() throws {
        try withServer(["--tls-mode", "optional"]) { server, files in
            let silent = try server.connect()
            let client = try SecureConnection(port: server.port, files.context())
            try client.expect("SET a 1\n", "OK\n")
            #expect(try server.connect().ask("GET a") == "1")
            // It becomes a client when its time for a handshake is over.
            let end = TimeLimit.end
            while Date() < end {
                try client.send(resp("INFO", "clients") + "PING\n")
                var text = ""
                while !text.hasSuffix("PONG\n") {
                    text += String(decoding: try client.receive(exactly: 1), as: UTF8.self)
                }
                if text.contains("connected_clients:2\r\n") { break }
                usleep(50_000)
            }
            #expect(try silent.ask("GET a") == "1")
        }
    }

    @Test("off takes no TLS, and says so to a client that tries")
    func off() throws {
        try withServer(["--tls-mode", "off"]) { server, files in
            let plain = try server.connect()
            #expect(try plain.ask("PING") == "PONG")
            let failure = #expect(throws: TLSFailure.self) {
                try SecureConnection(port: server.port, files.context())
            }
            #expect(failure?.code == .plainText)
        }
    }

    @Test("remote takes plain connections from this machine alone")
    func remote() throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            let secured = try SecuredServer(
                in: folder, "puffin.json", files.options() + ["--tls-mode", "remote", "--bind", "0.0.0.0"])
            #expect(try secured.connect().ask("PING") == "PONG")
            let port = secured.server.port
            try SecureConnection(port: port, files.context()).expect("AUTH \"correct horse\"\n", "OK\n")
            let address = try ChildProcess.run(["hostname", "-I"]).output.split(separator: " ").first.map(String.init)
            guard let address, address.contains("."), !address.hasPrefix("127.") else {
                return print("skipped: this machine has no address beside loopback")
            }
            let plain = try WireConnection(port: port, at: address)
            try plain.send("PING\n")
            #expect(try plain.receiveAll() == "ERROR: \(TLSModeTests.refusal)\n")
            try SecureConnection(port: port, files.context(), at: address).expect("AUTH \"correct horse\"\n", "OK\n")
        }
    }

    /// The port that the log names.
    private static func metricsPort(in log: String) -> UInt16? {
        guard let start = log.range(of: "Metrics on http"),
            let line = log[start.upperBound...].split(separator: "\n").first
        else { return nil }
        return line.split(separator: "/").first { $0.contains(":") && $0.count > 2 }?.split(separator: ":").last.flatMap
        {
            UInt16($0)
        }
    }

    @Test("HTTP has TLS, too: metrics with a login, health without, and a plain request is refused in words")
    func http() throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            let secured = try SecuredServer(
                in: folder, "puffin.json", files.options() + ["--metrics", "--metrics-port", "0"])
            let port = try #require(TLSModeTests.metricsPort(in: secured.server.log))
            func ask(_ path: String, _ fields: String = "") throws -> String {
                let client = try SecureConnection(port: port, files.context(protocols: ["http/1.1"]))
                #expect(client.channel.applicationProtocol == "http/1.1")
                try client.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(fields)Connection: close\r\n\r\n")
                return try client.receiveAll()
            }
            let login = Data("default:\(SecuredServer.password)".utf8).base64EncodedString()
            #expect(try ask("/healthz").hasPrefix("HTTP/1.1 200 "))
            #expect(try ask("/metrics").hasPrefix("HTTP/1.1 401 "))
            #expect(try ask("/metrics", "Authorization: Basic \(login)\r\n").contains("\npuffin_tls_"))
            let plain = try WireConnection(port: port)
            try plain.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let refusal = try plain.receiveAll()
            #expect(refusal.hasPrefix("HTTP/1.1 400 ") && refusal.hasSuffix("\r\n\r\n\(TLSModeTests.refusal)\n"))
            #expect(throws: TLSFailure.self) { try SecureConnection(port: port, files.context(protocols: ["redis"])) }
        }
    }
}
