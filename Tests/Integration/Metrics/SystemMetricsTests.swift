import Foundation
import TestCertificates
import TestSupport
import Testing

/// The metrics of what a server depends on.
@Suite("Metrics of the system")
struct SystemMetricsTests {
    @Test("the disk's figures are statvfs's, the limit is ulimit's, and a client takes a descriptor")
    func system() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json")
            let before = try server.samples()
            var status = statvfs()
            #expect(unsafe statvfs(folder, &status) == 0)
            #expect(before["puffin_disk_size_bytes"] == Double(status.f_blocks * status.f_frsize))
            let free = before["puffin_disk_free_bytes"] ?? -1
            #expect(free >= 0 && free <= Double(status.f_blocks * status.f_frsize))
            let clients = try (0..<5).map { _ in try server.server.connect() }
            for client in clients { #expect(try client.ask("PING") == "PONG") }
            let after = try withExtendedLifetime(clients) { try server.samples() }
            #expect((after["process_open_fds"] ?? 0) - (before["process_open_fds"] ?? 0) == 5)
            let limits = try String(contentsOfFile: "/proc/\(server.server.process.id)/limits", encoding: .utf8)
            let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max open files") })
            #expect(after["process_max_fds"] == Double(line.split(separator: " ")[3]))
        }
    }

    @Test("syncs are counted once, each with its duration")
    func syncs() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json", ["--durability", "always"])
            let client = try server.server.connect()
            for index in 0..<5 { #expect(try client.ask("SET k\(index) v") == "OK") }
            let page = try server.samples()
            #expect(page["puffin_log_sync_duration_seconds_count"] ?? 0 >= 5)
            #expect(page["puffin_log_sync_duration_seconds_count"] == page["puffin_log_syncs_total"])
            #expect(page["puffin_log_sync_duration_seconds_sum"] == page["puffin_log_sync_seconds_total"])
            #expect(
                page[#"puffin_log_sync_duration_seconds_bucket{le="+Inf"}"#]
                    == page["puffin_log_sync_duration_seconds_count"])
            #expect(page["puffin_log_unsynced_seconds"] == 0)
        }
    }

    @Test("changes that nobody syncs become older")
    func unsynced() throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json", ["--durability", "never"])
            let client = try server.server.connect()
            #expect(try client.ask("SET a 1") == "OK")
            try server.wait(for: "puffin_log_unsynced_seconds") { $0 > 0.5 }
        }
    }

    @Test("leader and follower have the history of the data set")
    func history() throws {
        try withTemporaryFolder { folder in
            let follower = try WatchedServer(data: folder + "/follower.json", ["--mode", "follower"])
            let leader = try WatchedServer(
                data: folder + "/leader.json", ["--follower", "127.0.0.1:\(follower.server.port)"])
            try follower.wait(for: "puffin_replication_lag_seconds") { $0 == 0 }
            let names = try [leader, follower].map { server in
                try server.samples().keys.filter { $0.hasPrefix("puffin_data_info") }
            }
            #expect(names[0].count == 1 && names[0] == names[1], "\(names)")
            #expect(names[0].first?.wholeMatch(of: /puffin_data_info\{history="[0-9a-f]{12}"\}/) != nil)
        }
    }

    @Test("a reload that was refused shows until one is applied")
    func reload() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/config.yaml"
            try "memory:\n  max: 1G\n".write(toFile: path, atomically: true, encoding: .utf8)
            let server = try WatchedServer(data: folder + "/puffin.json", ["--config", path])
            let name = "puffin_config_last_reload_successful"
            #expect(try server.samples()[name] == 1)
            for (text, value) in [("memory:\n  max: much\n", 0.0), ("memory:\n  max: 2G\n", 1)] {
                try text.write(toFile: path, atomically: true, encoding: .utf8)
                server.server.process.send(SIGHUP)
                try server.wait(for: name) { $0 == value }
            }
        }
    }

    @Test("no line of the log is lost while it is read")
    func lines() throws {
        try withTemporaryFolder { folder in
            let page = try WatchedServer(data: folder + "/puffin.json").samples()
            #expect(page["puffin_log_lines_dropped_total"] == 0)
        }
    }

    @Test("the time of a page and the time that a certificate has left are those of today")
    func today() throws {
        try withTemporaryFolder { folder in
            let certificate = TestCertificate(CertificateRequest("localhost"))
            try Data(certificate.certificate).write(to: URL(filePath: folder + "/server.pem"))
            try Data(certificate.privateKey).write(to: URL(filePath: folder + "/server.key"))
            let server = try WatchedServer(
                data: folder + "/puffin.json",
                [
                    "--tls-cert-file", folder + "/server.pem", "--tls-key-file", folder + "/server.key", "--tls-mode",
                    "optional",
                ])
            let answer = try server.get("/metrics")
            let form = DateFormatter()
            (form.locale, form.timeZone) = (Locale(identifier: "en_US_POSIX"), TimeZone(identifier: "GMT"))
            form.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
            let date = try #require(answer.headers["date"].flatMap { form.date(from: $0) })
            #expect(abs(date.timeIntervalSinceNow) < 3600)
            let left = try #require(parsedSamples(answer.body)["puffin_tls_certificate_expires_seconds"])
            #expect(left > 0 && left <= Double(CertificateRequest("localhost").validity.upperBound))
        }
    }
}
