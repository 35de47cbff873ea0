import Foundation
import Server
import ServerConfiguration
import Settings
import Testing

@Suite("Older names of settings")
struct OlderNameTests {
    @Test("an older name means the same in files and variables, and is found by every lookup")
    func same() throws {
        for settings in [
            try resolve(file: "metrics:\n  port: 1234\n"), try resolve(environment: ["PUFFIN_METRICS_PORT": "1234"]),
            try resolve(file: "http:\n  port: 1234\n"),
            // The same value under both names is no contradiction.
            try resolve(file: "metrics:\n  port: 1234\nhttp:\n  port: 1234\n"),
        ] {
            #expect(Configuration(settings).http.port == 1234)
        }
        for name in ["metrics.port", "http.port", "--metrics-port", "http-port", "PUFFIN_METRICS_PORT"] {
            #expect(ServerSettings.schema.find(name)?.name == "http.port", "\(name)")
        }
        #expect(Configuration(try resolve(file: "metrics:\n  enabled: true\n  bind: ::1\n")).http.host == "::1")
    }

    @Test("both names with different values in one source are an error; a source goes before another as usual")
    func different() throws {
        let text =
            "http.port has another value in config.yaml:2; metrics.port is its older name: keep one of them"
        let error = try #require(throws: Complaint.self) {
            try resolve(file: "metrics:\n  port: 1\nhttp:\n  port: 2\n")
        }
        #expect(error.lines.joined().contains(text), "\(error)")
        #expect(throws: Complaint.self) {
            try resolve(environment: ["PUFFIN_METRICS_PORT": "1", "PUFFIN_HTTP_PORT": "2"])
        }
        let both = try resolve(file: "http:\n  port: 2\n", environment: ["PUFFIN_METRICS_PORT": "1"])
        #expect(Configuration(both).http.port == 1)
        #expect(throws: Complaint.self) { try resolve(file: "metrics:\n  serve: auto\n") }
    }

    @Test("origins are those of pages, never all of them")
    func origins() throws {
        for origin in ["https://a.example.com", "http://localhost:3000", "http://[::1]:80", "https://10.0.0.1"] {
            #expect(Configuration(try resolve(file: "http:\n  origins: ['\(origin)']\n")).http.origins == [origin])
        }
        for origin in [
            "*", "null", "example.com", "https://", "https://a/b", "https://a:0", "https://a:b", "ftp://a",
            "https://a b",
        ] {
            #expect(throws: Complaint.self, "\(origin)") { try resolve(file: "http:\n  origins: ['\(origin)']\n") }
        }
    }
}
