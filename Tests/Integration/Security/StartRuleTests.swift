import Foundation
import TestSupport
import Testing

/// Which servers do not start, because strangers could use them.
@Suite("Starting exposed")
struct StartRuleTests {
    private func failure(_ arguments: [String], environment: [String] = []) throws -> ServerFailure {
        try withTemporaryFolder { folder in
            try #require(throws: ServerFailure.self) {
                try ServerProcess(data: folder + "/puffin.json", arguments, wrapper: ["/usr/bin/env"] + environment)
            }
        }
    }

    @Test(
        "beyond loopback without a password is refused, with the lines that mend it",
        arguments: [
            ["--bind", "0.0.0.0"], ["--bind", "127.0.0.1,::"], ["--bind", "::"],
            ["--metrics", "--metrics-port", "0", "--metrics-bind", "0.0.0.0"],
        ])
    func exposed(_ options: [String]) throws {
        let found = try failure(options)
        #expect(found.exitCode == 2)
        #expect(found.log.contains("could read and change everything. One of these lines mends that:"), "\(found.log)")
        for line in ["PUFFIN_AUTH_PASSWORD_FILE=", "--bind 127.0.0.1", "--auth-mode open"] {
            #expect(found.log.contains(line), "\(line)")
        }
    }

    @Test("each of those lines starts it")
    func mended() throws {
        try withTemporaryFolder { folder in
            let open = try ServerProcess(data: folder + "/open.json", ["--bind", "0.0.0.0", "--auth-mode", "open"])
            #expect(try open.connect().ask("SET a 1") == "OK")
            #expect(open.log.contains("Everyone who reaches 0.0.0.0:\(open.port) can read and change everything"))
            let secured = try SecuredServer(in: folder, "secured.json", ["--bind", "0.0.0.0"])
            #expect(try secured.server.connect().ask("SET a 1") == "ERROR: Log in first: AUTH <user> <password>")
            #expect(try secured.connect().ask("SET a 1") == "OK")
            let local = try ServerProcess(data: folder + "/local.json", ["--bind", "127.0.0.1,::1"])
            #expect(try local.connect().ask("SET a 1") == "OK")
        }
    }

    @Test("a leader whose followers could not tell it from a stranger is refused")
    func followers() throws {
        try withTemporaryFolder { folder in
            try SecuredServer.password.write(toFile: folder + "/password", atomically: true, encoding: .utf8)
            let found = try failure(
                ["--follower", "127.0.0.1:1"], environment: ["PUFFIN_AUTH_PASSWORD_FILE=\(folder)/password"])
            #expect(found.exitCode == 2 && found.log.contains("PUFFIN_REPLICATION_SECRET_FILE="))
        }
    }

    @Test(
        "a password or a secret that is too short is refused without being repeated",
        arguments: [("PUFFIN_AUTH_PASSWORD", "short"), ("PUFFIN_REPLICATION_SECRET", "fifteen letters")])
    func short(variable: String, text: String) throws {
        let found = try failure([], environment: ["\(variable)=\(text)"])
        #expect(found.exitCode == 2 && found.log.contains(variable) && !found.log.contains(text), "\(found.log)")
    }
}
