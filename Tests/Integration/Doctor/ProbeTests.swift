import Foundation
import TestSupport
import Testing

@Suite("puffin-server probe")
struct ProbeTests {
    private func probe(_ options: [String], environment: [String] = []) throws -> (exitCode: Int32, output: String) {
        try ChildProcess.run(["env"] + environment + [ChildProcess.program("puffin-server"), "probe"] + options)
    }

    /// The port that a server's log names.
    private func httpPort(_ server: ServerProcess) throws -> UInt16 {
        let found = try #require(server.log.firstMatch(of: /Metrics on https?:\/\/127.0.0.1:([0-9]+)\//))
        return try #require(UInt16(found.1))
    }

    private let http = ["--metrics", "--metrics-port", "0"]

    @Test("a leader is ready, alive and answers reads", arguments: [[], ["--ready"], ["--live"], ["--reads"]])
    func ready(question: [String]) throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", http)
            let port = try httpPort(server)
            // Where the settings say it, and where the user does.
            for place in [["--metrics-port", "\(port)"], ["--addr", "localhost:\(port)"]] {
                let found = try probe(question + place)
                #expect(found == (0, "ok\n"), "\(question) \(place)")
            }
            #expect(
                try probe(question, environment: ["PUFFIN_METRICS_PORT=\(port)", "PUFFIN_METRICS_BIND=0.0.0.0"]) == (
                    0, "ok\n"
                ))
            #expect(server.stop() == 0)
        }
    }

    @Test("a follower without a leader is alive and answers reads, and is not ready; the reason is printed")
    func follower() throws {
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json", http + ["--mode", "follower"])
            let address = "127.0.0.1:\(try httpPort(server))"
            let found = try probe(["--addr", address])
            #expect(found.exitCode == 1)
            #expect(found.output.hasPrefix("http://\(address)/readyz is 503: follower without a leader"))
            #expect(try probe(["--addr", address, "--reads"]).exitCode == 0)
            #expect(try probe(["--addr", address, "--live"]).exitCode == 0)
            #expect(server.stop() == 0)
        }
    }

    @Test("no server, one that is silent, and one of another kind give 1 and a reason")
    func nobody() throws {
        let gone = try probe(["--metrics-port", "\(freePort())"])
        #expect(gone.exitCode == 1)
        #expect(gone.output.contains("Connection refused; http.enabled is false in these settings"))
        let silent = try WireListener()
        let address = "127.0.0.1:\(silent.port)"
        let late = try probe(["--addr", address, "--timeout", "50ms"])
        #expect(late == (1, "no answer from http://\(address)/readyz: no answer in time\n"))
        silent.stop()
        try withTemporaryFolder { folder in
            let server = try ServerProcess(data: folder + "/puffin.json")
            let other = try probe(["--addr", "127.0.0.1:\(server.port)"])
            #expect(
                other.exitCode == 1 && other.output.hasSuffix("what answers there does not speak HTTP\n"), "\(other)")
            #expect(server.stop() == 0)
        }
    }

    @Test(
        "wrong options exit with 2",
        arguments: [
            ["--ready", "--live"], ["--addr", "a:b:c"], ["--timeout", "soon"], ["--metrics-port", "0"],
            ["--cert", "x.crt"],
            ["--cacert", "/none/ca.crt"], ["--port", "x"],
        ])
    func wrong(options: [String]) throws {
        let found = try probe(options)
        #expect(found.exitCode == 2, "\(options): \(found.output)")
    }

    @Test("TLS: of the server's own settings it is not checked, by an address it is")
    func secured() throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            let server = try ServerProcess(data: folder + "/puffin.json", http + files.options())
            let port = try httpPort(server)
            #expect(try probe(["--metrics-port", "\(port)"] + files.options()) == (0, "ok\n"))
            let address = ["--addr", "localhost:\(port)"]
            #expect(try probe(address + ["--cacert", files.authorityFile]) == (0, "ok\n"))
            #expect(try probe(address, environment: ["PUFFIN_CLIENT_CACERT=\(files.authorityFile)"]) == (0, "ok\n"))
            let unknown = try probe(address + ["--tls"])
            #expect(unknown.exitCode == 1 && unknown.output.contains("https://localhost:\(port)/readyz"), "\(unknown)")
            #expect(try probe(address + ["--insecure"]) == (0, "ok\n"))
            #expect(try probe(address).exitCode == 1)
            let named = ["--cacert", files.authorityFile, "--server-name", "elsewhere.example"]
            #expect(try probe(address + named).exitCode == 1)
            #expect(server.stop() == 0)
        }
    }

    @Test("where clients must have certificates, the server's own one is shown, or the one that is named")
    func clientCertificates() throws {
        try withTemporaryFolder { folder in
            let files = try CertificateFiles(in: folder)
            try files.write(files.make("probe"), as: "probe")
            let options = files.options() + files.clientOptions()
            let server = try ServerProcess(data: folder + "/puffin.json", http + options)
            let port = try httpPort(server)
            #expect(try probe(["--metrics-port", "\(port)"] + options) == (0, "ok\n"))
            let address = ["--addr", "localhost:\(port)", "--cacert", files.authorityFile]
            #expect(try probe(address).exitCode == 1)
            let own = ["--cert", "\(folder)/probe.crt", "--cert-key", "\(folder)/probe.key"]
            #expect(try probe(address + own) == (0, "ok\n"))
            #expect(server.stop() == 0)
        }
    }
}
