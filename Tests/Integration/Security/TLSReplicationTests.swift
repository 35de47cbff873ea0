import Foundation
import TestCertificates
import TestSupport
import Testing

/// Leaders and followers that talk over TLS.
@Suite("Replication over TLS")
struct TLSReplicationTests {
    private struct Pair {
        let leader: SecuredServer
        let follower: SecuredServer
    }

    private func start(
        _ files: CertificateFiles, leader: [String], follower: [String], secrets: [String]
    ) throws -> Pair {
        let replica = try SecuredServer(
            in: files.folder, "follower.json", ["--mode", "follower"] + follower, secrets: secrets)
        let chief = try SecuredServer(
            in: files.folder, "leader.json",
            ["--follower", "127.0.0.1:\(replica.server.port)", "--ack", "one", "--ack-timeout", "1s"] + leader,
            secrets: secrets)
        return Pair(leader: chief, follower: replica)
    }

    private func connect(_ server: SecuredServer, _ files: CertificateFiles) throws -> SecureConnection {
        let context = try files.context(files.make("operator"))
        let client = try SecureConnection(port: server.server.port, context, host: "127.0.0.1")
        try client.expect("AUTH default \"correct horse\"\n", "OK\n")
        return client
    }

    private func expectReplication(_ pair: Pair, _ files: CertificateFiles) throws {
        let client = try connect(pair.leader, files)
        let end = TimeLimit.end
        while true {
            try client.send("SET a 1\nPING\n")
            var line = ""
            while !line.hasSuffix("PONG\n") { line += String(decoding: try client.receive(exactly: 1), as: UTF8.self) }
            if line == "OK\nPONG\n" { break }
            guard Date() < end else { throw WireError(description: pair.leader.server.log + pair.follower.server.log) }
        }
        let reader = try connect(pair.follower, files)
        try reader.expect("GET a\n", "1\n")
        // A value of many records.
        let value = String(repeating: "v", count: 2_000_000)
        try client.send(resp("SET", "b", value))
        #expect(try client.receive(exactly: 5) == Array("+OK\r\n".utf8))
        try reader.expect("STRLEN b\n", "2000000\n")
    }

    @Test("with a secret, the change is confirmed by the follower")
    func secret() throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            let options = files.options() + ["--tls-client-ca-file", files.authorityFile]
            let pair = try start(files, leader: options, follower: options, secrets: [SecuredServer.secret])
            try expectReplication(pair, files)
        }
    }

    @Test("with client certificates in place of a secret")
    func certificates() throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            let options = files.options() + files.clientOptions()
            let pair = try start(files, leader: options, follower: options, secrets: [])
            try expectReplication(pair, files)
        }
    }

    @Test("a leader does not talk to a follower of another authority, nor a follower to such a leader")
    func strangers() throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            let stranger = TestCertificate(CertificateRequest("Another authority", isAuthority: true))
            let foreign = TestCertificate(
                CertificateRequest("foreign", names: "DNS:localhost,IP:127.0.0.1"), issuer: stranger)
            try files.write(foreign, as: "foreign")
            try Data(stranger.certificate).write(to: URL(fileURLWithPath: folder + "/stranger.crt"))
            let own = files.options() + files.clientOptions()
            try FileManager.default.createDirectory(atPath: folder + "/1", withIntermediateDirectories: false)
            // The follower's certificate is foreign.
            let first = try start(
                files, leader: own, follower: files.options("foreign") + files.clientOptions(), secrets: [])
            #expect(
                first.leader.server.process.waitForOutput(
                    containing: "CN=foreign) is refused: unable to get local issuer"))
            #expect(
                first.follower.server.process.waitForOutput(
                    containing: "TLS handshake failed: the peer refused: unknown CA"))
            // The leader's is.
            let replica = try SecuredServer(in: folder, "second.json", ["--mode", "follower"] + own)
            let chief = try SecuredServer(
                in: folder, "third.json",
                ["--follower", "127.0.0.1:\(replica.server.port)"] + files.options("foreign") + files.clientOptions())
            #expect(
                replica.server.process.waitForOutput(containing: "CN=foreign) is refused: unable to get local issuer"))
            #expect(chief.server.process.waitForOutput(containing: "unknown CA"), "\(chief.server.log)")
            try connect(replica, files).expect("DBSIZE\n", "0\n")
        }
    }

    @Test("a leader that dials without TLS is told so by a follower that requires it")
    func plain() throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            let pair = try start(
                files, leader: files.options() + ["--no-replication-tls"], follower: files.options(),
                secrets: [SecuredServer.secret])
            #expect(pair.leader.server.process.waitForOutput(containing: "This server takes TLS only"))
        }
    }
}
