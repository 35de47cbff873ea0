import Foundation
import TestSupport
import Testing

/// The metrics page, compared with what clients have done.
@Suite("Metrics")
struct PageTests {
    @Test("Prometheus' own checker reports nothing", .enabled(if: PeerProgram.areThere("promtool")))
    func conventions() throws {
        try withTemporaryFolder { folder in
            let follower = try WatchedServer(data: folder + "/follower.json", ["--mode", "follower"])
            let leader = try WatchedServer(
                data: folder + "/leader.json", ["--follower", "127.0.0.1:\(follower.server.port)"])
            try follower.wait(for: "puffin_leader_connected") { $0 == 1 }
            try leader.server.connect().expect("SET a 1\nGET a\n", "OK\n1\n")
            for server in [leader, follower] {
                let page = folder + "/page"
                try server.get("/metrics").body.write(toFile: page, atomically: true, encoding: .utf8)
                let check = try ChildProcess.run(["sh", "-c", "promtool check metrics <'\(page)' 2>&1"])
                #expect(check.exitCode == 0 && check.output.isEmpty, "\(check.output)")
            }
        }
    }

    @Test("requests, errors, bytes and pairs are those of the test")
    func requests() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json", ["--durability", "never"])
            let client = try server.server.connect()
            let requests =
                "SET a 1\nSET b 2\nget a\nGET nothing\nDEL b\nFROB\nGET\n" + resp("GET", "a") + resp("SET", "a")
            let replies =
                "OK\nOK\n1\nERROR: Key not found\nOK\nERROR: Unknown command \"FROB\" (try HELP)\n"
                + "ERROR: GET needs a key: GET <key>\n$1\r\n1\r\n"
                + "-ERR wrong number of arguments for 'set' command\r\n"
            try client.expect(requests, replies)
            let page = try server.samples()
            let expected: [String: Double] = [
                #"puffin_requests_total{command="set"}"#: 3, #"puffin_requests_total{command="get"}"#: 4,
                #"puffin_requests_total{command="del"}"#: 1, #"puffin_requests_total{command="unknown"}"#: 1,
                #"puffin_requests_total{command="ping"}"#: 0, #"puffin_error_replies_total{kind="ERR"}"#: 3,
                #"puffin_error_replies_total{kind="OOM"}"#: 0, "puffin_protocol_errors_total": 0,
                "puffin_received_bytes_total": Double(requests.utf8.count),
                "puffin_sent_bytes_total": Double(replies.utf8.count), "puffin_pairs": 1, "puffin_connections": 1,
                "puffin_connections_accepted_total": 1, "puffin_connections_refused_total": 0,
                #"puffin_durability_info{mode="never"}"#: 1, "puffin_loading": 0, "puffin_writable": 1,
                "puffin_disk_full": 0, "puffin_ready": 1, #"puffin_build_info{version="0.1.0"}"#: 1,
                "puffin_log_seq": 3, "puffin_log_committed_seq": 3, "puffin_log_segments": 1,
                #"puffin_role{role="leader"}"#: 1, #"puffin_role{role="follower"}"#: 0,
            ]
            for (name, value) in expected { #expect(page[name] == value, "\(name): \(page[name] ?? -1)") }
            try client.send("GET \"\n")
            #expect(try client.receiveLine().hasPrefix("ERROR: "))
            let second = try server.server.connect()
            try second.send("*x\r\n")
            _ = try second.receiveLine()
            let later = try server.samples()
            #expect(later["puffin_protocol_errors_total"] == 1)
            #expect(later[#"puffin_error_replies_total{kind="ERR"}"#] == 5)
        }
    }

    @Test("the log's figures are those of its file")
    func log() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json")
            let client = try server.server.connect()
            for index in 0..<5 { #expect(try client.ask("SET k\(index) v") == "OK") }
            let page = try server.samples()
            let segment = folder + "/puffin.json.log/00000000000000000001.jsonl"
            let lines = try String(contentsOfFile: segment, encoding: .utf8).split(separator: "\n")
            let records = lines.filter { $0.contains("\"op\":") }
            #expect(records.count == 5)
            // A line that claims what is durable may stand between them.
            let others = lines.filter { $0.hasPrefix("{\"durable\"") }
            let size = (records + others).reduce(0) { $0 + $1.utf8.count + 1 }
            #expect(page["puffin_log_written_bytes_total"] ?? 0 <= Double(size))
            #expect(page["puffin_log_written_bytes_total"] ?? 0 >= Double(records.reduce(0) { $0 + $1.utf8.count + 1 }))
            #expect(page["puffin_log_batches_total"] == 5 && page["puffin_log_durable_seq"] == 5)
            #expect(page["puffin_log_syncs_total"] ?? 0 >= 5 && page["puffin_log_sync_seconds_total"] ?? 0 > 0)
            #expect(page["puffin_held_replies_total"] == 5)
            #expect(try client.ask("COMPACT") == "OK")
            try server.wait(for: "puffin_compactions_total") { $0 == 1 }
            #expect(try server.samples()["puffin_snapshot_seq"] == 5)
        }
    }

    @Test("histograms count each request once, and the disk's part of changes only", arguments: ["always", "never"])
    func histograms(durability: String) throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json", ["--durability", durability])
            let client = try server.server.connect()
            for index in 0..<10 { #expect(try client.ask("SET k\(index) v") == "OK") }
            for index in 0..<7 { #expect(try client.ask("GET k\(index)") == "v") }
            try client.expect("GET k1\nGET k2\nPING\nEXISTS k3 k4\n", "v\nv\nPONG\n2\n")
            // A listing takes turns, and counts when it has ended.
            try client.send("KEYS k*\n")
            _ = try client.receive(through: "END\n")
            let page = try server.samples()
            let (reads, writes) = (#"{kind="read"}"#, #"{kind="write"}"#)
            #expect(page["puffin_request_duration_seconds_count" + reads] == 11)
            #expect(page["puffin_request_duration_seconds_count" + writes] == 10)
            #expect(page[#"puffin_request_duration_seconds_bucket{kind="read",le="+Inf"}"#] == 11)
            #expect(page["puffin_request_duration_seconds_sum" + reads] ?? 0 > 0)
            #expect(page["puffin_disk_wait_seconds_count"] == 10)
            #expect(page["puffin_disk_wait_seconds_sum"] ?? 0 > 0)
            #expect(page["puffin_replica_wait_seconds_count"] == 0)
        }
    }

    @Test("a leader tells of its followers, and what replies have waited for them")
    func replication() throws {
        try withTemporaryFolder { folder in
            let follower = try WatchedServer(data: folder + "/follower.json", ["--mode", "follower"])
            let place = "127.0.0.1:\(follower.server.port)"
            let leader = try WatchedServer(
                data: folder + "/leader.json", ["--follower", place, "--ack", "one", "--ack-timeout", "30s"])
            let client = try leader.server.connect()
            for index in 0..<4 { #expect(try client.ask("SET k\(index) v") == "OK") }
            let page = try leader.samples()
            #expect(page["puffin_replica_wait_seconds_count"] == 4 && page["puffin_disk_wait_seconds_count"] == 4)
            #expect(page["puffin_followers"] == 1 && page["puffin_followers_connected"] == 1)
            #expect(page["puffin_follower_acknowledged_seq{follower=\"\(place)\"}"] == 4)
            #expect(page["puffin_follower_lag_changes{follower=\"\(place)\"}"] == 0)
            #expect(page["puffin_follower_lag_seconds{follower=\"\(place)\"}"] == 0)
            #expect(page[#"puffin_ack_policy_info{policy="one"}"#] == 1)
            try follower.wait(for: "puffin_replication_lag_seconds") { $0 == 0 }
            let other = try follower.samples()
            #expect(other["puffin_leader_connected"] == 1 && other["puffin_replication_lag_changes"] == 0)
            #expect(other["puffin_log_seq"] == 4 && other["puffin_writable"] == 0)
            #expect(try follower.server.connect().ask("SET a 1").hasPrefix("ERROR: Read-only"))
            #expect(try follower.samples()[#"puffin_error_replies_total{kind="READONLY"}"#] == 1)

            follower.server.kill()
            try client.send("SET late v\n")
            // These figures are sampled each second.
            try leader.wait(for: "puffin_follower_lag_seconds{follower=\"\(place)\"}") { $0 > 0 }
            #expect(try leader.samples()["puffin_follower_lag_changes{follower=\"\(place)\"}"] == 1)
        }
    }
}
