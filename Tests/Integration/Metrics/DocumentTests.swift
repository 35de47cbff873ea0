import Foundation
import TestCertificates
import TestSupport
import Testing

/// docs/metrics.md, compared with a real server.
@Suite("The document about metrics")
struct DocumentTests {
    private func document() throws -> String {
        try Project.text("docs/metrics.md")
    }

    /// The names of a page's metrics.
    private func names(of page: String) -> Set<String> {
        Set(page.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map { String($0.split(separator: " ")[2]) })
    }

    @Test("every metric is documented, and every documented one exists")
    func metrics() throws {
        let rows = try document().split(separator: "\n").filter { $0.hasPrefix("| `p") }
        let explained = Set(
            rows.flatMap { row in row.split(separator: "|")[0].matches(of: /`([a-z_]+)`/).map { String($0.1) } })
        try withTemporaryFolder { folder in
            let follower = try WatchedServer(data: folder + "/follower.json", ["--mode", "follower"])
            // Some metrics are those of TLS, which a client of the page may do without.
            let certificate = TestCertificate(CertificateRequest("localhost"))
            try Data(certificate.certificate).write(to: URL(filePath: folder + "/server.pem"))
            try Data(certificate.privateKey).write(to: URL(filePath: folder + "/server.key"))
            let leader = try WatchedServer(
                data: folder + "/leader.json",
                [
                    "--follower", "127.0.0.1:\(follower.server.port)", "--tls-cert-file", folder + "/server.pem",
                    "--tls-key-file", folder + "/server.key", "--tls-mode", "optional", "--no-replication-tls",
                    "--audit",
                ])
            try follower.wait(for: "puffin_replication_lag_seconds") { $0 == 0 }
            let there = names(of: try leader.get("/metrics").body).union(names(of: try follower.get("/metrics").body))
            #expect(explained.subtracting(there).isEmpty && there.subtracting(explained).isEmpty)
        }
    }

    @Test("the page that is shown has samples of today's names, and the defaults are those of the program")
    func samples() throws {
        try withTemporaryFolder { folder in
            let text = try document()
            let server = try WatchedServer(data: folder + "/puffin.json", ["--durability", "always"])
            let now = Set(try server.samples().keys)
            let shown = text.components(separatedBy: "```").first { $0.contains("\npuffin_build_info{") } ?? ""
            let names = shown.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
            #expect(names.count > 20 && names.allSatisfy { now.contains($0) })
            // Its lines are broken where they are full.
            let help = try ChildProcess.run([ChildProcess.program("puffin-server"), "--help"]).output
                .split { $0 == " " || $0 == "\n" }.joined(separator: " ")
            #expect(
                help.contains("--slow-log-threshold") && help.contains("(default: 100ms)") && text.contains("100 ms"))
            #expect(help.contains("--http-port") && help.contains("(default: 9090)") && text.contains("port 9090"))
        }
    }
}
