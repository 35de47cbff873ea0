// Each setting is reloaded: a live one has a visible effect, any other reports that it needs a restart.

import Bytes
import Foundation
import Server
import ServerConfiguration
import Settings
import TestCertificates
import TestSupport
import Testing

@Suite("Reloading each setting")
struct LiveSettingTests {
    private static let settings = ServerSettings.all.map(\.setting)

    @Test("a live setting has an effect", arguments: settings.filter(\.isLive).map(\.name))
    func live(name: String) throws {
        let change = try #require(
            LiveChange.all[name], "how is it seen that \(name) has changed? LiveChange.all is to say it")
        try withTemporaryFolder { folder in
            let options = try change.options + change.setUp(folder)
            let reloaded = try Reloaded(in: folder, change.file(name, change.before), options)
            let others = try change.prepare(reloaded.server, folder)
            #expect(try !change.isSeen(reloaded), "\(name) is \(change.before)")
            try reloaded.reload(change.file(name, change.after))
            try wait("\(name) is \(change.after)", description: { reloaded.server.log }) {
                try change.isSeen(reloaded)
            }
            for server in others + [reloaded.server] { server.stop() }
        }
    }

    @Test("every other setting stays as it was, and says that it needs a restart")
    func others() throws {
        try withTemporaryFolder { folder in
            // Replica gives these by flags, which come before the file.
            let flags = ["server.port", "server.data_file"]
            let others = LiveSettingTests.settings.filter { !$0.isLive && !$0.isSecret && !flags.contains($0.name) }
            var lines: [String] = []
            var expected: [String] = []
            for setting in others {
                let value = try #require(
                    (setting.words + ["17", "2M", "https://a.example"]).first {
                        setting.isAllowed($0) && setting.default != [$0]
                    })
                let former = setting.default.isEmpty ? "none" : setting.default.joined(separator: ", ")
                if !lines.contains("\(setting.section):") { lines.append("\(setting.section):") }
                lines.append("  \(setting.key): \(setting.isList ? "[\(value)]" : value)")
                expected.append(
                    "\(setting.name) is \(value) (\(folder)/config.yaml:\(lines.count)) after a restart; until then it is \(former)"
                )
            }
            let reloaded = try Reloaded(in: folder, "# nothing\n")
            try reloaded.reload(lines.joined(separator: "\n"))
            for line in expected { try reloaded.server.waitForLog("WARNING Not reloaded: " + line) }
            #expect(expected.count > 10)
            #expect(reloaded.server.count(of: "eloaded: ") == expected.count)
            #expect(try reloaded.server.ask("SET a 1") == "OK")
            reloaded.server.stop()
        }
    }
}

/// A change of a live setting, and how its effect is observed.
private struct LiveChange: Sendable {
    let before: String
    let after: String
    /// Other lines of the setting's section.
    var others = ""
    var options: [String] = []
    /// Makes files that the server needs.
    /// - Returns: options that name them.
    var setUp: @Sendable (_ folder: String) throws -> [String] = { _ in [] }
    /// Steps before the reload.
    /// - Returns: servers that were started for it.
    var prepare: @Sendable (Replica, _ folder: String) throws -> [Replica] = { _, _ in [] }
    /// Whether the value behind the change is in force, observed without the log's word for it.
    let isSeen: @Sendable (Reloaded) throws -> Bool

    /// A configuration file.
    func file(_ name: String, _ value: String) -> String {
        let parts = name.split(separator: ".")
        return "\(parts[0]):\n  \(parts[1]): \(value)\n\(others)"
    }

    static let all: [String: LiveChange] = [
        "auth.password": LiveChange(before: "correct horse", after: "battery staple") {
            try $0.server.ask("AUTH \"battery staple\"") == "OK"
        },
        "audit.on_failure": refusal, "audit.retain_size": auditRetention(before: "0", after: "64K"),
        "audit.retain_age": auditRetention(before: "0", after: "1s"),
        "replication.secret": LiveChange(before: "a secret of servers", after: "another secret of servers") {
            let secret = try #require(LinkSecret("another secret of servers"))
            let proof = DialingProof(secret, nonce: .random(), binding: [])
            return try $0.server.ask(String(proof.greeting.bytes.extracting(0..<proof.greeting.count - 1)))
                .hasPrefix("{\"nonce\":")
        },
        "tls.mode": LiveChange(before: "optional", after: "required", setUp: certificate) {
            try $0.server.connect().ask("PING") == "ERROR: This server takes TLS only"
        },
        "replication.followers": LiveChange(before: "[]", after: "[127.0.0.1:1]") {
            try $0.server.figure("followers") == 1
        },
        "replication.ack_timeout": LiveChange(
            before: "1ms", after: "2ms", options: ["--ack", "one", "--follower", "127.0.0.1:1"]
        ) { try $0.server.ask("SET a 1").contains(" within 2 ms") },
        "replication.timeout": silence,
        "replication.adopt_history": adoption,
        "storage.compact_ratio": compaction(before: "0", after: "1", others: "  compact_size: 1\n"),
        "storage.compact_size": compaction(before: "1G", after: "1"),
        "storage.compact_share": pause(before: "0.001", after: "1", others: "  compact_backlog: 1T\n"),
        "storage.compact_backlog": pause(before: "1T", after: "1", others: "  compact_share: 0.001\n"),
        "storage.retain_size": retention(before: "1G", after: "0"),
        "storage.retain_age": retention(before: "7d", after: "0"),
        "storage.index": LiveChange(before: "none", after: "ordered") { try $0.server.ask("RANGE FROM a") == "END" },
        "memory.max": LiveChange(before: "1G", after: "1M") {
            try $0.server.figure("memory_limit_bytes") == 1 << 20
        },
        "logging.level": level,
        "logging.format": LiveChange(before: "text", after: "json") { $0.server.log.contains("\"message\":\"") },
        "slowlog.threshold": LiveChange(before: "off", after: "0") {
            _ = try $0.server.ask("SET a 1")
            return $0.server.log.contains("Slow request")
        },
    ]

    private static let certificate: @Sendable (String) throws -> [String] = { folder in
        let made = TestCertificate(CertificateRequest("localhost"))
        try Data(made.certificate).write(to: URL(filePath: folder + "/server.pem"))
        try Data(made.privateKey).write(to: URL(filePath: folder + "/server.key"))
        return ["--tls-cert-file", folder + "/server.pem", "--tls-key-file", folder + "/server.key"]
    }

    /// What cannot be recorded is refused: a file is in the place of the audit's folder.
    private static var refusal: LiveChange {
        LiveChange(before: "continue", after: "refuse", options: ["--audit"]) {
            let folder = $0.server.data + ".audit"
            if FileManager.default.fileExists(atPath: folder + "/RESERVE") {
                try FileManager.default.moveItem(atPath: folder, toPath: folder + ".aside")
                try "".write(toFile: folder, atomically: true, encoding: .utf8)
            }
            return try $0.server.ask("FLUSHALL").hasPrefix("ERROR: Nothing was changed, because the audit")
        }
    }

    /// The first file of an audit that has several is removed.
    private static func auditRetention(before: String, after: String) -> LiveChange {
        let first: @Sendable (Replica) -> String = { $0.data + ".audit/00000000000000000001.jsonl" }
        return LiveChange(
            before: before, after: after, options: ["--audit", "--audit-segment-size", "64K"],
            prepare: { server, _ in
                let address = String(repeating: "x", count: 200)
                for index in 0..<500 { _ = try server.ask("CLIENT KILL ADDR \(address)\(index)") }
                try wait("a file that is older than a second") {
                    let files = try FileManager.default.contentsOfDirectory(atPath: server.data + ".audit")
                    let attributes = try FileManager.default.attributesOfItem(atPath: first(server))
                    let age = (attributes[.modificationDate] as? Date)?.timeIntervalSinceNow ?? 0
                    return files.count { $0.hasSuffix(".jsonl") } > 1 && age < -1.5
                }
                return []
            }
        ) { !FileManager.default.fileExists(atPath: first($0.server)) }
    }

    /// A follower that says nothing is given up.
    private static var silence: LiveChange {
        guard let follower = try? WireListener() else { preconditionFailure("no port to listen on") }
        return LiveChange(before: "1h", after: "2s", options: ["--follower", "127.0.0.1:\(follower.port)"]) {
            reloaded in
            withExtendedLifetime(follower) { reloaded.server.log.contains("no heartbeat for ") }
        }
    }

    /// A follower takes the history of a leader that dials it.
    private static var adoption: LiveChange {
        LiveChange(
            before: "false", after: "true",
            prepare: { server, folder in
                try #expect(server.ask("SET own 1") == "OK")
                try #expect(server.ask("DEMOTE") == "OK")
                let leader = try Replica("leader", in: folder, ["--follower", server.address]).start()
                try #expect(leader.ask("SET a 1") == "OK")
                try server.waitForLog("they are different data sets")
                return [leader]
            }
        ) { try $0.server.ask("GET a") == "1" }
    }

    /// Two sealed segments are enough for a compaction by itself.
    private static func compaction(before: String, after: String, others: String = "") -> LiveChange {
        LiveChange(
            before: before, after: after, others: others, options: ["--segment-size", "64K"],
            prepare: { server, _ in
                try server.write(0..<2000)
                return []
            }
        ) {
            _ = try $0.server.ask("SET a 1")
            return try $0.server.figure("compactions") > 0
        }
    }

    /// A compaction that is due waits for the end of the pause after the last one.
    private static func pause(before: String, after: String, others: String) -> LiveChange {
        LiveChange(
            before: before, after: after, others: others + "  compact_size: 1\n  compact_ratio: 0.001\n",
            options: ["--segment-size", "64K"],
            prepare: { server, _ in
                // It takes a moment, so the pause takes longer than the test.
                try server.write(0..<20_000)
                #expect(try server.ask("SAVE") == "OK")
                try server.write(0..<2000)
                return []
            }
        ) {
            _ = try $0.server.ask("SET a 1")
            return try $0.server.figure("sealed_bytes") < 64 << 10
        }
    }

    /// Merged segments are removed by a compaction.
    private static func retention(before: String, after: String) -> LiveChange {
        LiveChange(
            before: before, after: after, options: ["--segment-size", "4K"],
            prepare: { server, _ in
                for first in stride(from: 0, to: 600, by: 100) { try server.write(first..<first + 100) }
                // An automatic one may be in progress.
                _ = try server.ask("COMPACT")
                try wait("a compaction") { try server.figure("compactions") > 0 }
                return []
            }
        ) {
            _ = try $0.server.ask("SET a 1")
            _ = try $0.server.ask("COMPACT")
            return try LogFile(data: $0.server.data).segments().count <= 2
        }
    }

    /// A message at `info` is suppressed at `error`. The log is in order: what is missing between two lines was not
    /// logged.
    private static var level: LiveChange {
        LiveChange(before: "info", after: "error", others: "slowlog:\n  threshold: 0\n") { reloaded in
            let server = reloaded.server
            let count = server.count(of: "Slow request")
            try #expect(server.ask("SET a 1") == "OK")
            guard server.log.contains("Reloaded: logging.level is error") else {
                try wait("a line of the log") { server.count(of: "Slow request") > count }
                return false
            }
            try reloaded.reload("slowlog: {threshold: 0}\n", until: "Reloaded: logging.level is info")
            return server.count(of: "Slow request") == count
        }
    }
}
