import Foundation
import TestSupport
import Testing

/// The audit as a server writes it: what is in it, and that it is there before the answer.
@Suite("Audit")
struct AuditTests {
    private let secret = "alice's own secret"

    /// A server with an audit and the user alice, who may use `orders:`.
    private func withAudit(
        _ options: [String] = [], _ body: (SecuredServer, AuditFiles, WireConnection) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            let secured = try SecuredServer(in: folder, "puffin.json", ["--audit"] + options)
            let administrator = try secured.connect()
            try administrator.expect(
                "ACL SETUSER alice on \">\(secret)\" +@read +@write +@connection ~orders:*\n", "OK\n")
            try body(secured, AuditFiles(data: folder + "/puffin.json"), administrator)
        }
    }

    private func login(_ secured: SecuredServer) throws -> WireConnection {
        let client = try secured.server.connect()
        try client.expect(resp("AUTH", "alice", secret), "+OK\r\n")
        return client
    }

    @Test("every kind of event is there, in order, sealed, and without a secret")
    func events() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            let key = try AuditFiles.makeKey(data: data, in: folder)
            let secured = try SecuredServer(
                in: folder, "puffin.json",
                ["--audit", "--audit-reads", "orders:", "--audit-writes", "orders:", "--audit-durability", "always"])
            let administrator = try secured.connect()
            try administrator.expect("ACL ROLE SET clerk +@read ~orders:*\n", "OK\n")
            try administrator.expect("ACL SETUSER alice on \">\(secret)\" role:clerk +@all ~orders:*\n", "OK\n")
            let token = try administrator.ask("ACL TOKEN alice")
            try secured.server.connect().expect("GET a\n", "ERROR: Log in first: AUTH <user> <password>\n")
            for name in ["alice", "my mistyped secret"] {
                try secured.server.connect().expect(
                    resp("AUTH", name, "planted guess"),
                    "-WRONGPASS invalid username-password pair or user is disabled.\r\n")
            }
            let alice = try secured.server.connect()
            try alice.expect("AUTH \(token)\n", "OK\n")
            try alice.expect(
                "SET orders:1 planted-value\nSET orders:2 x\nGET orders:1\nMGET orders:1 orders:2\n",
                "OK\nOK\nplanted-value\nplanted-value\nx\nEND\n")
            try alice.expect("SET other 1\n", "ERROR: alice may not SET this key\n")
            try alice.expect("FLUSHALL\n", "ERROR: alice may not run FLUSHALL: it concerns all keys\n")
            try alice.expect("QUIT\n", "OK\n")
            #expect(try alice.receiveAll() == "")
            try administrator.expect("CONFIG SET slowlog.threshold 50ms\nCOMPACT\nFLUSHALL\n", "OK\nOK\nOK\n")
            try administrator.expect("ACL DELUSER alice\nACL ROLE DEL clerk\n", "1\nOK\n")
            #expect(secured.server.stop() == 0)

            let audit = AuditFiles(data: data)
            let found = Set(try audit.events().map(\.description))
            for wanted in [
                "event=settings target=puffin-server 0.1.0 change=start result=ok",
                "event=login user=default how=auth.password result=ok",
                "event=users user=default command=ACL ROLE target=role clerk change=+@read ~orders:* result=ok",
                "event=users user=default command=ACL SETUSER target=user alice change=on > role:clerk +@all ~orders:* result=ok",
                "event=users user=default command=ACL TOKEN target=user alice change=+t2 result=ok",
                "event=refused command=GET result=NOAUTH count=1", "event=login user=alice result=wrong secret",
                "event=login result=unknown user", "event=login user=alice how=token:t2 result=ok",
                "event=write user=alice command=SET key=orders:1 result=ok count=1",
                "event=read user=alice command=GET key=orders:1 result=ok count=1",
                "event=read user=alice command=MGET key=orders:2 result=ok count=1",
                "event=denied user=alice command=SET key=other result=key count=1",
                "event=denied user=alice command=FLUSHALL result=reach count=1",
                "event=admin user=default command=CONFIG SET target=slowlog.threshold result=ok",
                "event=admin user=default command=COMPACT result=ok",
                "event=clear user=default command=FLUSHALL result=ok",
                "event=users user=default command=ACL DELUSER target=user alice change=removed result=ok",
                "event=users user=default command=ACL ROLE target=role clerk change=removed result=ok",
                "event=settings change=stop result=ok",
            ] { #expect(found.contains(wanted), "\(wanted) is not in \(found.sorted())") }
            #expect(try audit.events().contains { $0.kind == "logout" && $0["user"] == "alice" && $0["count"] == "8" })
            let numbers = try audit.events().compactMap { $0["n"].flatMap { Int($0) } }
            #expect(numbers == Array(1...numbers.count), "numbers without gaps")
            let verdict = try audit.verify(data: data, key: key)
            #expect(verdict.exitCode == 0 && verdict.output.hasPrefix("Sound: "), "\(verdict)")
            let text = try audit.text()
            for planted in [secret, token, "planted", "mistyped", SecuredServer.password] {
                #expect(!text.contains(planted), "\(planted)")
            }
        }
    }

    @Test("with always, what was answered is in the audit after kill -9, at each request")
    func durable() throws {
        let rounds = Torture.isOn ? 200 : 10
        try withTemporaryFolder { folder in
            let audit = AuditFiles(data: folder + "/puffin.json")
            var clears = 0
            for round in 0..<rounds { try killAfterAnswers(round, folder, audit, &clears) }
            let verdict = try audit.verify(data: folder + "/puffin.json")
            #expect(verdict.exitCode == 0)
        }
    }

    private func killAfterAnswers(_ round: Int, _ folder: String, _ audit: AuditFiles, _ clears: inout Int) throws {
        let secured = try SecuredServer(in: folder, "puffin.json", ["--audit", "--audit-durability", "always"])
        let administrator = try secured.connect()
        try administrator.expect("ACL SETUSER user\(round) on nopass +@read\n", "OK\n")
        if round.isMultiple(of: 2) {
            try administrator.expect("FLUSHALL\n", "OK\n")
            clears += 1
        }
        if round.isMultiple(of: 3) {
            try administrator.expect("MULTI\nFLUSHALL\nEXEC\n", "OK\nQUEUED\nOK\nEND\n")
            clears += 1
        }
        secured.server.kill()
        let events = try audit.events()
        let hasUser = events.contains { $0["target"] == "user user\(round)" }
        #expect(hasUser, "round \(round)")
        let found = events.count { $0.kind == "clear" }
        #expect(found == clears, "round \(round)")
        let numbers = events.compactMap { $0["n"].flatMap { Int($0) } }
        let wanted = Array(1...numbers.count)
        #expect(numbers == wanted, "round \(round): numbers without gaps")
    }

    /// Puts a file in the place of the audit's folder, as a broken mount does.
    private func breakFolder(_ audit: AuditFiles) throws {
        try FileManager.default.moveItem(atPath: audit.folder, toPath: audit.folder + ".aside")
        try "".write(toFile: audit.folder, atomically: true, encoding: .utf8)
    }

    private func mendFolder(_ audit: AuditFiles) throws {
        try FileManager.default.removeItem(atPath: audit.folder)
        try FileManager.default.moveItem(atPath: audit.folder + ".aside", toPath: audit.folder)
    }

    /// Waits until the server has noticed whether it can write.
    private func wait(_ client: WireConnection, untilItCan isWritable: Bool) throws {
        let end = TimeLimit.end
        while true {
            try client.send("STATS\n")
            let stats = String(decoding: try client.receive(through: "END\n"), as: UTF8.self)
            if stats.contains("audit_not_writable_because") != isWritable { return }
            guard Date() < end else { throw WireError(description: stats) }
            usleep(20_000)
        }
    }

    @Test("refuse: what cannot be recorded does not happen; pairs are served; it heals, and says what was lost")
    func refuses() throws {
        try withAudit(["--audit-on-failure", "refuse", "--metrics", "--metrics-port", "0"]) {
            secured, audit, administrator in
            let alice = try login(secured)
            try breakFolder(audit)
            try wait(administrator, untilItCan: false)
            for request in [
                "FLUSHALL", "CONFIG SET slowlog.threshold 1s", "ACL SETUSER bob on", "ACL TOKEN alice", "COMPACT",
            ] {
                let reply = try administrator.ask(request)
                #expect(
                    reply.hasPrefix("ERROR: Nothing was changed, because the audit cannot be written: "), "\(reply)")
            }
            try administrator.send(resp("FLUSHALL"))
            #expect(try administrator.receiveLine().hasPrefix("-AUDIT Nothing was changed"))
            let late = try secured.server.connect()
            try late.send(resp("AUTH", "alice", secret))
            #expect(try late.receiveLine().hasPrefix("-AUDIT Nothing was changed"))
            try alice.expect("SET orders:1 a\nGET orders:1\n", "OK\na\n")
            #expect(try metrics(secured, "/readyz").contains("503 Service Unavailable"))
            try mendFolder(audit)
            try wait(administrator, untilItCan: true)
            try administrator.expect("FLUSHALL\n", "OK\n")
            #expect(try metrics(secured, "/readyz").contains("200 OK"))
            _ = try login(secured)
            #expect(try audit.event { $0.kind == "lost" }["lost"].flatMap { Int($0) } ?? 0 > 0)
        }
    }

    @Test("continue: requests run, and lost events are counted and said")
    func continues() throws {
        try withAudit(["--audit-durability", "always"]) { _, audit, administrator in
            try breakFolder(audit)
            try wait(administrator, untilItCan: false)
            try administrator.expect("FLUSHALL\nACL SETUSER bob on\n", "OK\nOK\n")
            try mendFolder(audit)
            try wait(administrator, untilItCan: true)
            try administrator.expect("ACL SETUSER carol on\n", "OK\n")
            let lost = try audit.event { $0.kind == "lost" }
            #expect(lost["lost"] == "2")
            _ = try audit.event { $0["target"] == "user carol" }
            #expect(!(try audit.text().contains("user bob")))
        }
    }

    private func metrics(_ secured: SecuredServer, _ path: String) throws -> String {
        let port = try #require(
            secured.server.log.firstMatch(of: /Metrics on http:\/\/127.0.0.1:([0-9]+)\//).flatMap { UInt16($0.1) })
        let connection = try WireConnection(port: port)
        let login = Data("default:\(SecuredServer.password)".utf8).base64EncodedString()
        try connection.send(
            "GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Basic \(login)\r\n\r\n")
        return try connection.receiveAll()
    }

    @Test("a folder that cannot be opened: refuse does not start, exit 4; continue starts and tries again")
    func start() throws {
        try withTemporaryFolder { folder in
            let data = folder + "/puffin.json"
            try "".write(toFile: data + ".audit", atomically: true, encoding: .utf8)
            let failure = try #require(throws: ServerFailure.self) {
                _ = try ServerProcess(data: data, ["--audit", "--audit-on-failure", "refuse"])
            }
            #expect(failure.exitCode == 4)
            #expect(
                failure.log.contains(
                    "Not started, because audit.on_failure is refuse and the audit cannot be written: "))
            let server = try ServerProcess(data: data, ["--audit"])
            #expect(server.log.contains("The audit cannot be written, and is tried again each second: "))
            let client = try server.connect()
            try client.expect("FLUSHALL\n", "OK\n")
            try FileManager.default.removeItem(atPath: data + ".audit")
            try wait(client, untilItCan: true)
            try client.expect("FLUSHALL\n", "OK\n")
            let audit = AuditFiles(data: data)
            _ = try audit.event { $0.kind == "clear" }
            #expect(try audit.events().first?.kind == "lost", "the start and the first FLUSHALL")
            let noSecret = try #require(throws: ServerFailure.self) {
                _ = try ServerProcess(data: folder + "/other.json", ["--audit", "--audit-keys", "hashed"])
            }
            #expect(noSecret.exitCode == 2 && noSecret.log.contains("PUFFIN_AUDIT_KEY_SECRET_FILE"))
        }
    }

    @Test("keys are hashed or left out where that is set")
    func keys() throws {
        for form in ["hashed", "omitted"] {
            try withTemporaryFolder { folder in
                try "a secret for hashing keys".write(toFile: folder + "/hash", atomically: true, encoding: .utf8)
                let data = folder + "/puffin.json"
                let server = try ServerProcess(
                    data: data, ["--audit", "--audit-keys", form, "--audit-writes", "bill"],
                    wrapper: ["/usr/bin/env", "PUFFIN_AUDIT_KEY_SECRET_FILE=\(folder)/hash"])
                try server.connect().expect("SET billing:7 x\nSET other x\n", "OK\nOK\n")
                #expect(server.stop() == 0)
                let audit = AuditFiles(data: data)
                let writes = try audit.events().filter { $0.kind == "write" }
                #expect(writes.count == 1)
                #expect((writes.first?["keymac"] != nil) == (form == "hashed"))
                #expect(!(try audit.text().contains("billing")))
            }
        }
    }

    @Test("a follower writes the seals of its leader into its own audit")
    func witness() throws {
        try withTemporaryFolder { folder in
            let leaderData = folder + "/leader.json"
            let key = try AuditFiles.makeKey(data: leaderData, in: folder)
            let follower = try SecuredServer(
                in: folder, "follower.json", ["--mode", "follower", "--audit"], secrets: [SecuredServer.secret])
            let leader = try SecuredServer(
                in: folder, "leader.json",
                ["--follower", "127.0.0.1:\(follower.server.port)", "--audit", "--audit-segment-size", "64K"],
                secrets: [SecuredServer.secret])
            let administrator = try leader.connect()
            let filler = String(repeating: "x", count: 200)
            for index in 0..<400 { _ = try administrator.ask("CLIENT KILL ADDR \(filler)\(index)") }
            let audit = AuditFiles(data: leaderData)
            let found = try AuditFiles(data: folder + "/follower.json").event { $0.kind == "witness" }
            #expect(found["target"]?.hasPrefix("epoch ") == true)
            let code = try #require(found["change"])
            #expect(try audit.text().contains("\"mac\":\"\(code)\""))
            #expect(leader.server.stop() == 0)
            #expect(try audit.verify(data: leaderData, key: key).exitCode == 0)
            let seen = ["--witness", folder + "/follower.json.audit"]
            let address = "127.0.0.1:\(leader.server.port)"
            for more in [seen, seen + ["--leader", address]] {
                let compared = try audit.verify(data: leaderData, key: key, more)
                #expect(compared.exitCode == 0 && compared.output.contains("\nCompared with a follower's audit: "))
            }
            for (more, error) in [
                (["--leader", address], "--leader needs --witness"),
                (seen + ["--leader", "other:1"], "has no seal of other:1: it has seals of \(address)"),
                (["--witness", audit.folder], "has no seal of a leader: there are no witness lines"),
            ] {
                let refused = try audit.verify(data: leaderData, key: key, more)
                #expect(refused.exitCode == 2 && refused.output.contains(error), "\(refused)")
            }
            // The epochs of another audit are not those that the follower has heard of.
            let otherData = folder + "/other.json"
            let otherKey = try AuditFiles.makeKey(data: otherData, in: folder)
            let other = try SecuredServer(in: folder, "other.json", ["--audit"])
            #expect(other.server.stop() == 0)
            let foreign = try AuditFiles(data: otherData).verify(data: otherData, key: otherKey, seen)
            #expect(foreign.exitCode == 6 && foreign.output.contains("follower has heard of"), "\(foreign)")
        }
    }

    @Test("what was refused before a login, and logins over HTTP once a connection")
    func connections() throws {
        try withAudit(["--metrics", "--metrics-port", "0"]) { secured, audit, administrator in
            try administrator.expect("ACL SETUSER watcher on nopass role:monitor\n", "OK\n")
            let port = try #require(
                secured.server.log.firstMatch(of: /Metrics on http:\/\/127.0.0.1:([0-9]+)\//).flatMap { UInt16($0.1) })
            let connection = try WireConnection(port: port)
            for user in ["watcher:x", "watcher:x", "alice:\(secret)", "alice:wrong one"] {
                let login = Data(user.utf8).base64EncodedString()
                try connection.send(
                    "GET /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Basic \(login)\r\nConnection: \(user.hasSuffix("one") ? "close" : "keep-alive")\r\n\r\n"
                )
            }
            let replies = try connection.receiveAll()
            #expect(
                replies.contains("200 OK") && replies.contains("403 Forbidden") && replies.contains("401 Unauthorized"))
            _ = try audit.event {
                $0.description == "event=denied user=alice command=HTTP target=/metrics result=command count=1"
            }
            _ = try audit.event { $0.description == "event=login user=alice result=wrong secret" }
            #expect(try audit.events().count { $0.kind == "login" && $0["user"] == "watcher" } == 1)
        }
    }

    @Test("SIGHUP is recorded with the settings that changed; CONFIG SET can let a server go on")
    func reload() throws {
        try withTemporaryFolder { folder in
            try "slowlog:\n  threshold: 1s\n".write(toFile: folder + "/config.yaml", atomically: true, encoding: .utf8)
            let data = folder + "/puffin.json"
            let server = try ServerProcess(data: data, ["--audit", "--config", folder + "/config.yaml"])
            try "slowlog:\n  threshold: 2s\naudit:\n  on_failure: refuse\n".write(
                toFile: folder + "/config.yaml", atomically: true, encoding: .utf8)
            server.process.send(SIGHUP)
            let audit = AuditFiles(data: data)
            let event = try audit.event { $0["change"] == "reload" }
            #expect(event["target"] == "audit.on_failure slowlog.threshold" && event["result"] == "ok")
        }
    }
}
