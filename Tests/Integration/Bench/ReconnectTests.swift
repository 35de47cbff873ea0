import Foundation
import TestSupport
import Testing

/// puffin-bench --reconnect, and the login and TLS of its other tools.
@Suite("puffin-bench: connections that come and go, login and TLS")
struct ReconnectTests {
    private func connections(_ server: ServerProcess) throws -> Int {
        let client = try server.connect()
        try client.send("STATS\n")
        let text = String(decoding: try client.receive(through: "END\n"), as: UTF8.self)
        let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("connections_accepted ") }
        return try #require(line.flatMap { Int($0.dropFirst(21)) }, "\(text)")
    }

    @Test(
        "each connection is closed after its share of requests, in both loops and dialects",
        arguments: [
            ["--pipeline", "1"], ["--pipeline", "7", "--dialect", "resp"], ["--rate", "20000", "--pipeline", "2"],
            ["--threads", "2"],
        ])
    func reconnects(options: [String]) throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", ["--durability", "never"])
            let before = try connections(server)
            let outcome = try BenchRunTests.run(
                server.port,
                ["--requests", "2000", "--reconnect", "10", "--no-fill", "--ratio", "0:1:0", "--format", "json"]
                    + options)
            #expect(outcome.exitCode == 0, "\(outcome)")
            let report = try BenchRunTests.json(outcome)
            #expect((report["total"] as? [String: Any])?["count"] as? Int == 2000)
            let reconnects = try #require(report["reconnects"] as? [String: Any])
            let count = try #require(reconnects["count"] as? Int)
            // 2000 requests of ten on a connection, of which the first five are there before.
            #expect((190...200).contains(count), "\(count)")
            #expect(try connections(server) - before >= 200)
            let load = (report["context"] as? [String: Any])?["load"] as? String
            #expect(load?.hasSuffix("; a new connection after each 10 requests") == true)
        }
    }

    @Test("over TLS the report has the handshakes, with version and cipher; without --reconnect there are none")
    func handshakes() throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            let secured = try SecuredServer(in: folder, "puffin.json", files.options())
            let login = ["--cacert", files.authorityFile, "--password-file", folder + "/password"]
            let load = ["--requests", "100", "--no-fill", "--ratio", "0:1:0"]
            let outcome = try BenchRunTests.run(secured.server.port, load + login + ["--reconnect", "5"])
            #expect(outcome.exitCode == 0, "\(outcome)")
            #expect(
                outcome.output.contains(
                    /TLSv1\.3 TLS_AES_256_GCM_SHA384 handshakes a second, [0-9]+ in all; each took/),
                "\(outcome)")
            let quiet = try BenchRunTests.run(secured.server.port, load + login)
            #expect(quiet.exitCode == 0 && !quiet.output.contains("handshakes"))
            let wrong = try BenchRunTests.run(secured.server.port, ["--reconnect", "0"])
            #expect(
                wrong.exitCode == 2 && wrong.output.contains("--reconnect is a number from 1 to 1000000000; found 0"))
        }
    }

    @Test("pauses log in and ping over TLS; what is wrong with either is told", arguments: ["line", "resp"])
    func pauses(dialect: String) throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            let secured = try SecuredServer(in: folder, "puffin.json", files.options())
            try "wrong".write(toFile: folder + "/wrong", atomically: false, encoding: .utf8)
            func run(_ options: String...) throws -> (exitCode: Int32, output: String) {
                try ChildProcess.run(
                    [
                        ChildProcess.program("puffin-bench"), "pauses", "--addr", "localhost:\(secured.server.port)",
                        "--duration", "50ms", "--dialect", dialect,
                    ] + options, in: folder)
            }
            let found = try run("--cacert", "ca.crt", "--password-file", "password")
            #expect(found.exitCode == 0 && found.output.contains(", TLSv1.3 TLS_AES_256_GCM_SHA384\n"), "\(found)")
            #expect(found.output.contains(/\n[0-9]+ pings?; microseconds:\n/))
            let object = try run("--cacert", "ca.crt", "--password-file", "password", "--format", "json")
            #expect(
                (try JSONSerialization.jsonObject(with: Data(object.output.utf8)) as? [String: Any])?["pings"] is Int)
            let refused = try run("--cacert", "ca.crt", "--password-file", "wrong")
            #expect(refused.exitCode == 2 && refused.output.contains("refuses the login: WRONGPASS"), "\(refused)")
            let stranger = try run("--tls", "--password-file", "password")
            #expect(stranger.exitCode == 2 && stranger.output.contains("unable to get local issuer"), "\(stranger)")
            let nobody = try run("--cacert", "ca.crt")
            #expect(
                nobody.exitCode == 1 && nobody.output.contains("the server asks for a login; use --user"), "\(nobody)")
            let plain = try run("--password-file", "password")
            #expect(plain.exitCode == 2 && plain.output.contains("takes TLS only"), "\(plain)")
            let unnamed = try run("--cacert", "ca.crt", "--user", "alice")
            #expect(
                unnamed.exitCode == 2
                    && unnamed.output.contains("alice has no password: name its file with --password-file"),
                "\(unnamed)")
        }
    }

    @Test("torture tortures a server that wants TLS and a login; without them it ends at once")
    func torture() throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            try "a long secret".write(toFile: folder + "/password", atomically: false, encoding: .utf8)
            func run(_ options: String...) throws -> (exitCode: Int32, output: String) {
                try ChildProcess.run(
                    [
                        "env", "PUFFIN_TLS_CERT_FILE=\(folder)/server.crt", "PUFFIN_TLS_KEY_FILE=\(folder)/server.key",
                        "PUFFIN_AUTH_PASSWORD_FILE=\(folder)/password", ChildProcess.program("puffin-bench"), "torture",
                        "--data", folder + "/t", "--cycles", "2", "--seed", "7",
                    ] + options)
            }
            let found = try run("--cacert", files.authorityFile, "--password-file", folder + "/password")
            #expect(found.exitCode == 0 && found.output.contains(", lost 0\n"), "\(found)")
            let plain = try run("--password-file", folder + "/password")
            #expect(
                plain.exitCode == 3 && plain.output.contains("takes TLS only; name the login and the TLS"), "\(plain)")
            let nobody = try run("--cacert", files.authorityFile)
            #expect(
                nobody.exitCode == 3 && nobody.output.contains("refuses the login: Authentication required"),
                "\(nobody)")
        }
    }

    @Test("puffin-bench takes the variables of puffin-cli in place of options")
    func variables() throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            let secured = try SecuredServer(in: folder, "puffin.json", files.options())
            let found = try ChildProcess.run(
                [
                    "env", "PUFFIN_CLIENT_CACERT=\(files.authorityFile)",
                    "PUFFIN_CLIENT_PASSWORD_FILE=\(folder)/password",
                    ChildProcess.program("puffin-bench"), "--addr", "localhost:\(secured.server.port)", "--requests",
                    "100",
                    "--keys", "10", "--clients", "2",
                ])
            #expect(found.exitCode == 0 && found.output.contains(", TLSv1.3 "), "\(found)")
        }
    }
}
