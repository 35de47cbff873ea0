import Foundation
import TestSupport
import Testing

/// An audit on a disk that fails while the server runs, over the wire: what is answered, what is counted, and that it heals by itself.
@Suite("The audit on a failing disk")
struct AuditFailureTests {
    @Test("continue: everything runs; what is lost is counted, said and recorded", arguments: AuditFault.available)
    func continues(fault: AuditFault) throws {
        try BrokenAudit.with(fault, ["--audit-durability", "always"]) { broken in
            let administrator = try broken.secured.connect()
            try administrator.expect("ACL SETUSER alice on >password +@all ~*\n", "OK\n")
            // Every event from now on: users that were made, and logins.
            var (made, logins) = (1, 1)
            try broken.fail()
            try broken.waitUntilNoticed(administrator) {
                try administrator.expect("ACL SETUSER user\(made) on\n", "OK\n")
                made += 1
            }
            let reason = try broken.stats(administrator)["audit_not_writable_because"] ?? ""
            #expect(reason.hasSuffix(fault.reason), "\(reason)")
            #expect(
                broken.secured.server.process.waitForOutput(containing: "ERROR The audit cannot be written: Cannot "))

            // Nobody is kept from anything.
            let other = try broken.secured.connect()
            try other.expect("SET a 1\nGET a\nFLUSHALL\nCONFIG SET slowlog.threshold 2s\n", "OK\n1\nOK\nOK\n")
            logins += 1
            let alice = try broken.secured.server.connect()
            try alice.expect(resp("AUTH", "alice", "password") + resp("SET", "b", "1"), "+OK\r\n+OK\r\n")
            logins += 1
            #expect(try broken.get("/readyz").contains("200 OK"))
            #expect(try broken.get("/metrics").contains(/\npuffin_audit_writable [01]\n/))
            logins += 1
            for _ in 0..<20 {
                try administrator.expect("ACL SETUSER user\(made) on\n", "OK\n")
                made += 1
            }

            try broken.mend()
            try broken.waitUntilHealed(administrator)
            try administrator.expect("ACL SETUSER last on\n", "OK\n")
            made += 1
            _ = try broken.files.event { $0["target"] == "user last" }
            let lost = try #require(try broken.figure("puffin_audit_lost_total"))
            logins += 1
            #expect(lost > 0)
            #expect(try broken.stats(administrator)["audit_lost"] == "\(lost)")
            #expect(broken.secured.server.log.contains("WARNING The audit can be written again; "))
            #expect(broken.secured.server.stop() == 0)
            try check(broken, lost: lost, made: made, logins: logins)
        }
    }

    /// Each event is in the audit, or counted as lost.
    private func check(_ broken: BrokenAudit, lost: Int, made: Int, logins: Int) throws {
        let events = try broken.files.events()
        let counted = events.reduce(0) { $0 + ($1["lost"].flatMap { Int($0) } ?? 0) }
        #expect(counted == lost, "lost lines: \(counted), said: \(lost)")
        // Besides users and logins: a start, a stop, FLUSHALL, CONFIG SET, and the ends of three sessions.
        let recorded = events.count { $0.kind != "lost" }
        #expect(recorded + lost == made + logins + 7, "\(recorded) recorded, \(lost) lost")
        let verdict = try broken.verify()
        #expect(verdict.exitCode == 0, "\(verdict.report)")
        #expect(verdict.report["state"] as? String == "sound" && verdict.report["lost"] as? Int == lost)
        let numbers = events.compactMap { $0["n"].flatMap { Int($0) } }
        #expect(numbers == Array(1...max(numbers.count, 1)), "numbers without gaps")
    }

    /// The replies of a request that is recorded, while the audit cannot be written.
    private enum Outcome { case done, doneUnaudited, refused }

    private func outcome(of reply: String) throws -> Outcome {
        if reply == "OK" { return .done }
        if reply.hasPrefix("ERROR: Nothing was changed, because the audit cannot be written: Cannot ") {
            return .refused
        }
        guard reply.hasPrefix("ERROR: It was done, but its line of the audit may be lost: ") else {
            throw WireError(description: reply)
        }
        return .doneUnaudited
    }

    /// Asks again until the request is refused: a full disk may have had space for another line.
    private func refused(_ text: String, _ ask: () throws -> String) throws {
        let end = TimeLimit.end
        while true {
            let reply = try ask()
            if reply.hasPrefix(text) { return }
            guard Date() < end else { throw WireError(description: "never refused: \(reply)") }
        }
    }

    @Test("refuse: what would be recorded is refused, with its code; the rest runs", arguments: AuditFault.available)
    func refuses(fault: AuditFault) throws {
        try BrokenAudit.with(fault, ["--audit-durability", "always", "--audit-on-failure", "refuse"]) { broken in
            let administrator = try broken.secured.connect()
            try administrator.expect("ACL SETUSER alice on >password +@all ~*\n", "OK\n")
            let alice = try broken.secured.server.connect()
            try alice.expect(resp("AUTH", "alice", "password"), "+OK\r\n")
            try broken.fail()
            var ledger: [Outcome] = []
            func makeUser() throws -> Outcome {
                let reply = try administrator.ask("ACL SETUSER user\(ledger.count) on")
                let outcome = try outcome(of: reply)
                ledger.append(outcome)
                return outcome
            }
            try broken.waitUntilNoticed(administrator) { _ = try makeUser() }
            while try makeUser() != .refused {}

            let nothing = "Nothing was changed, because the audit cannot be written: "
            for request in ["FLUSHALL", "CONFIG SET slowlog.threshold 1s", "ACL TOKEN alice", "COMPACT"] {
                try refused("ERROR: " + nothing) { try administrator.ask(request) }
                try refused("-AUDIT " + nothing) {
                    try administrator.send(resp(request.split(separator: " ").map(String.init)))
                    let reply = try administrator.receiveLine()
                    // A token is a bulk string.
                    if reply.hasPrefix("$") { _ = try administrator.receiveLine() }
                    return reply
                }
            }
            try refused("-AUDIT " + nothing) {
                let late = try broken.secured.server.connect()
                try late.send(resp("AUTH", "alice", "password"))
                return try late.receiveLine()
            }
            // Who is logged in reads and changes pairs; nobody looks at the audit for that.
            try alice.expect("SET a 1\nGET a\nDELETE a\nACL WHOAMI\n", "OK\n1\nOK\nalice\n")
            try alice.expect("MULTI\nSET b 2\nGET b\nEXEC\n", "OK\nQUEUED\nQUEUED\nOK\n2\nEND\n")
            try refused("HTTP/1.1 503 ") { try broken.get("/readyz") }
            #expect(try broken.get("/healthz").hasPrefix("HTTP/1.1 200 "))
            for _ in 0..<10 { _ = try makeUser() }

            try broken.mend()
            try broken.waitUntilHealed(administrator)
            #expect(try makeUser() == .done)
            #expect(try broken.get("/readyz").hasPrefix("HTTP/1.1 200 "))
            try broken.secured.connect().expect("FLUSHALL\n", "OK\n")
            try check(ledger, broken, administrator)
        }
    }

    /// Users are there if and only if they were not refused, and those whose reply was OK are in the audit.
    private func check(_ ledger: [Outcome], _ broken: BrokenAudit, _ administrator: WireConnection) throws {
        let lost = Int(try broken.stats(administrator)["audit_lost"] ?? "") ?? -1
        try administrator.send("ACL USERS\n")
        let users = Set(
            String(decoding: try administrator.receive(through: "END\n"), as: UTF8.self).split(separator: "\n").map {
                String($0)
            })
        #expect(broken.secured.server.stop() == 0)
        let recorded = Set(try broken.files.events().compactMap { $0["target"] })
        for (number, outcome) in ledger.enumerated() {
            #expect(users.contains("user\(number)") == (outcome != .refused), "user\(number): \(outcome)")
            let isRecorded = recorded.contains("user user\(number)")
            if outcome == .done { #expect(isRecorded, "user\(number)") }
            if outcome == .refused { #expect(!isRecorded, "user\(number)") }
        }
        #expect(ledger.contains(.refused))
        let counted = try broken.files.events().reduce(0) { $0 + ($1["lost"].flatMap { Int($0) } ?? 0) }
        #expect(counted == lost)
        let verdict = try broken.verify()
        #expect(verdict.exitCode == 0 && verdict.report["state"] as? String == "sound", "\(verdict.report)")
        #expect(verdict.report["lost"] as? Int == lost)
    }

    @Test("refuse: what the settings do not record is not refused")
    func unrecorded() throws {
        let options = ["--audit-events", "clear,denied", "--audit-on-failure", "refuse", "--audit-writes", "bill:"]
        try BrokenAudit.with(.writes, options) { broken in
            let administrator = try broken.secured.connect()
            try administrator.expect("ACL SETUSER alice on >password +@all -@clear ~*\n", "OK\n")
            try broken.fail()
            try broken.waitUntilNoticed(administrator) { _ = try administrator.ask("FLUSHALL") }
            for request in ["FLUSHALL", "SET bill:1 x"] {
                let reply = try administrator.ask(request)
                #expect(reply.hasPrefix("ERROR: Nothing was changed, because the audit cannot be written: "))
            }
            // Logins, changes of users and administration are not recorded.
            let alice = try broken.secured.server.connect()
            try alice.expect(resp("AUTH", "alice", "password") + resp("SET", "other", "1"), "+OK\r\n+OK\r\n")
            try administrator.expect(
                "ACL SETUSER bob on >password\nACL ROLE SET clerk +@read\nCONFIG SET slowlog.threshold 1s\nACL DELUSER bob\n",
                "OK\nOK\nOK\n1\n")
            // A denied request is recorded and stays denied: nothing happens that would have to be refused.
            try alice.expect(
                resp("FLUSHALL"), "-NOPERM this user has no permissions to run the 'flushall' command\r\n")
            #expect(try broken.get("/readyz").contains("503 Service Unavailable"))
            try broken.mend()
            try broken.waitUntilHealed(administrator)
            try administrator.expect("FLUSHALL\nSET bill:1 x\n", "OK\nOK\n")
            _ = try broken.files.event { $0.kind == "write" }
            #expect(broken.secured.server.stop() == 0)
            let kinds = Set(try broken.files.events().map(\.kind))
            #expect(kinds.isSubset(of: ["clear", "denied", "write", "lost"]), "\(kinds)")
        }
    }
}
