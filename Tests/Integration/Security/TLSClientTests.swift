import Foundation
import OpenSSL
import PuffinClient
import TestCertificates
import TestSupport
import Testing

/// Puffin's own clients over TLS.
@Suite("Clients over TLS")
struct TLSClientTests {
    private static let password = Credentials(password: SecuredServer.password)

    /// Lends a server that wants a login, and the files of its authority.
    private func withServer(
        _ options: (CertificateFiles) -> [String] = { $0.options() },
        _ body: (SecuredServer, CertificateFiles) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("puffin-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = try CertificateFiles(in: folder.path)
        try await body(SecuredServer(in: folder.path, "puffin.json", options(files)), files)
    }

    private func client(
        _ server: SecuredServer, _ security: ClientSecurity?, _ credentials: Credentials? = TLSClientTests.password
    ) throws -> Client {
        var options = Client.Options()
        options.requestTimeout = .seconds(60)
        options.credentials = credentials
        options.security = security
        return try Client("localhost:\(server.server.port)", options: options)
    }

    /// What a request throws.
    private func failure(of body: () async throws -> Void) async -> PuffinError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? PuffinError
        }
    }

    @Test("the library sets, gets, follows changes, and sends 3 MB")
    func library() async throws {
        try await withServer { server, files in
            let client = try client(server, ClientSecurity(trust: .authorities(file: files.authorityFile)))
            defer { client.close() }
            let value = [UInt8](repeating: 0x0a, count: 3 << 20)
            try await client.set("large", value)
            #expect(try await client.get("large") == value)
            try await withThrowingTaskGroup { group in
                for number in 0..<200 { group.addTask { try await client.set("k\(number)", "\(number)") } }
                try await group.waitForAll()
            }
            #expect(try await client.count() == 201)
            var keys: [[UInt8]] = []
            for try await change in client.changes(prefix: "k", from: "0") {
                if !change.key.isEmpty { keys.append(change.key) }
                if keys.count == 200 { break }
            }
            #expect(Set(keys).count == 200)
        }
    }

    @Test("the library says why it cannot connect, before a request and before a feed")
    func libraryFailures() async throws {
        try await withServer { server, files in
            let trusted = ClientSecurity.Trust.authorities(file: files.authorityFile)
            let other = TestCertificate(CertificateRequest("Another authority", isAuthority: true))
            try files.write(other, as: "other")
            let cases: [(ClientSecurity?, String)] = [
                (ClientSecurity(trust: .authorities(file: files.folder + "/other.crt")), "unable to get local issuer"),
                (ClientSecurity(trust: .system), "unable to get local issuer"),
                (ClientSecurity(trust: trusted, serverName: "db1.example"), "db1.example was expected"),
                (nil, "takes TLS only"),
            ]
            for (security, text) in cases {
                let client = try client(server, security)
                defer { client.close() }
                for _ in 0..<2 {
                    let error = await failure { try await client.set("a", "1") }
                    guard case .cannotConnect(_, let reason)? = error else {
                        Issue.record("\(text): \(error.map { "\($0)" } ?? "no error")")
                        continue
                    }
                    #expect(reason.contains(text))
                }
                let error = await failure { for try await _ in client.changes() {} }
                guard case .cannotConnect? = error else {
                    Issue.record("\(text): \(error.map { "\($0)" } ?? "no error")")
                    continue
                }
            }
            let unverified = try client(server, ClientSecurity(trust: .unverified))
            try await unverified.set("a", "1")
            unverified.close()
            let named = try client(server, ClientSecurity(trust: trusted, serverName: "127.0.0.1"))
            #expect(try await named.get("a", as: String.self) == "1")
            named.close()
            let wrong = try client(server, ClientSecurity(trust: trusted), Credentials(password: "wrong horse"))
            defer { wrong.close() }
            let error = await failure { _ = try await wrong.get("a") }
            guard case .notLoggedIn? = error else {
                Issue.record("\(error.map { "\($0)" } ?? "no error")")
                return
            }
        }
    }

    @Test("files that cannot be used are an error of every request, until they can")
    func files() async throws {
        try await withServer { server, files in
            let path = files.folder + "/later.crt"
            let client = try client(server, ClientSecurity(trust: .authorities(file: path)))
            defer { client.close() }
            for _ in 0..<2 {
                let error = await failure { _ = try await client.get("a") }
                guard case .invalidSecurity(let message)? = error else {
                    Issue.record("\(error.map { "\($0)" } ?? "no error")")
                    return
                }
                #expect(message.contains(path))
            }
            try FileManager.default.copyItem(atPath: files.authorityFile, toPath: path)
            #expect(try await client.get("a") == nil)
            for security in [
                ClientSecurity(certificateFile: path), ClientSecurity(keyFile: path),
                ClientSecurity(certificateFile: path, keyFile: path),
            ] {
                let client = try self.client(server, security)
                defer { client.close() }
                let error = await failure { try await client.ping() }
                guard case .invalidSecurity? = error else {
                    Issue.record("\(error.map { "\($0)" } ?? "no error")")
                    return
                }
            }
        }
    }

    @Test("a client certificate is a login; without one nothing is run, and the error says so")
    func certificates() async throws {
        try await withServer({ $0.options() + $0.clientOptions() }) { server, files in
            try files.write(files.make("client"), as: "client")
            let trust = ClientSecurity.Trust.authorities(file: files.authorityFile)
            let good = ClientSecurity(
                trust: trust, certificateFile: files.folder + "/client.crt", keyFile: files.folder + "/client.key")
            let client = try client(server, good, nil)
            defer { client.close() }
            for credentials in [nil, TLSClientTests.password] {
                let stranger = try self.client(server, ClientSecurity(trust: trust), credentials)
                defer { stranger.close() }
                for _ in 0..<5 {
                    let error = await failure { try await stranger.set("a", "1") }
                    guard case .cannotConnect(_, let reason)? = error else {
                        Issue.record("\(error.map { "\($0)" } ?? "no error")")
                        continue
                    }
                    #expect(reason.contains("certificate required"))
                }
            }
            #expect(try await client.count() == 0)
            let tool = CommandTool(folder: files.folder, address: "localhost:\(server.server.port)")
            for words in [["get", "a"], ["keys", "*"]] {
                let refused = try tool.run(["--cacert", "ca.crt"] + words)
                #expect(refused.exitCode == 2 && refused.isOneLine && refused.errors.contains("--cert and --cert-key"))
                let served = try tool.run(
                    ["--cacert", "ca.crt", "--cert", "client.crt", "--cert-key", "client.key"] + words)
                #expect(served.exitCode == (words[0] == "get" ? 1 : 0), "\(served)")
            }
        }
    }

    @Test("puffin-cli takes options and variables, over the library and over its own connections")
    func tool() async throws {
        try await withServer { server, files in
            let tool = CommandTool(folder: files.folder, address: "localhost:\(server.server.port)")
            let login = ["--password-file", "password"]
            #expect(try tool.run(["--cacert", "ca.crt"] + login + ["set", "a", "1"]) == .init(0, "OK\n"))
            #expect(try tool.run(login + ["get", "a", "--tls", "--insecure"]) == .init(0, "1\n"))
            let value = String(repeating: "v", count: 3_000_000)
            let batch = try tool.run(["--cacert", "ca.crt"] + login, input: Array("set b \(value)\nget b\n".utf8))
            #expect(batch.output == "OK\n\(value)\n")
            let environment = try ChildProcess.run(
                [
                    "env", "PUFFIN_ADDR=\(tool.address)", "PUFFIN_CLIENT_CACERT=\(files.authorityFile)",
                    "PUFFIN_CLIENT_PASSWORD_FILE=\(files.folder)/password", ChildProcess.program("puffin-cli"), "keys",
                    "*",
                ])
            #expect(environment.exitCode == 0 && environment.output.contains("a\n"), "\(environment)")
            try files.write(files.make("other"), as: "other")
            for words in [["get", "a"], ["keys", "*"], ["ping", "--wait", "100ms"], ["watch", "a"]] {
                for (options, text) in [
                    ([], "the server takes TLS only"), (["--tls"], "unable to get local issuer"),
                    (["--cacert", "other.crt"], "unable to get local issuer"),
                    (["--cacert", "ca.crt", "--server-name", "db1.example"], "db1.example was expected"),
                    (["--cacert", "missing.crt"], "missing.crt"), (["--tls", "--cert", "ca.crt"], "--cert-key"),
                ] {
                    let refused = try tool.run(options + login + words)
                    #expect(
                        refused.exitCode == 2 && refused.isOneLine && refused.errors.contains(text),
                        "\(words) \(refused)"
                    )
                }
            }
            try "wrong horse".write(toFile: files.folder + "/wrong", atomically: true, encoding: .utf8)
            for words in [["get", "a"], ["keys", "*"]] {
                let refused = try tool.run(["--cacert", "ca.crt", "--password-file", "wrong"] + words)
                #expect(refused.exitCode != 0 && refused.errors.contains("refuses the login"), "\(refused)")
            }
        }
        try await withServer({ _ in [] }) { server, files in
            let tool = CommandTool(folder: files.folder, address: "localhost:\(server.server.port)")
            for words in [["get", "a"], ["keys", "*"]] {
                let refused = try tool.run(["--cacert", "ca.crt", "--password-file", "password"] + words)
                #expect(refused.exitCode == 2 && refused.errors.contains("speaks no TLS on this port; leave out --tls"))
            }
        }
    }

    @Test("puffin-bench loads over TLS after a login, and its report names version and cipher")
    func bench() async throws {
        try await withServer { server, files in
            func run(_ options: String...) throws -> (exitCode: Int32, output: String) {
                try ChildProcess.run(
                    [
                        ChildProcess.program("puffin-bench"), "--addr", "localhost:\(server.server.port)", "--clients",
                        "20", "--requests", "2000", "--keys", "100", "--threads", "2",
                    ] + options, in: files.folder)
            }
            for dialect in ["line", "resp"] {
                let found = try run(
                    "--cacert", "ca.crt", "--password-file", "password", "--verify", "--dialect", dialect)
                #expect(found.exitCode == 0 && found.output.contains(", TLSv1.3 TLS_AES_256_GCM_SHA384"), "\(found)")
            }
            for (options, text) in [
                (["--password-file", "password"], "takes TLS only; use --tls"),
                (["--tls", "--password-file", "password"], "unable to get local issuer"),
                (["--cacert", "ca.crt"], "use --user and --password-file"),
                (["--cacert", "ca.crt", "--password-file", "ca.crt"], "refuses the login"),
                (["--cacert", "missing.crt"], "missing.crt"), (["--cert", "ca.crt"], "--cert-key"),
            ] {
                let found = try ChildProcess.run(
                    [ChildProcess.program("puffin-bench"), "--addr", "localhost:\(server.server.port)"] + options,
                    in: files.folder)
                #expect(found.exitCode == 2 && found.output.contains(text), "\(options) \(found)")
            }
        }
    }
}
