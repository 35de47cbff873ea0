// The command blocks of the README that this project started from, in its order. They name ports, so they run in a network
// of their own, where each port is free, and in a folder that has the programs in `bin`.

import Foundation
import TestSupport
import Testing

@Suite("The seed's README, command by command", .enabled(if: TestNetwork.isAvailable))
struct SeedWalkTests {
    /// A folder with `bin`, and a network.
    private struct Place {
        let folder: String
        let wrapper: [String]

        /// Runs a line of the README as a shell does.
        func run(_ line: String) throws -> (exitCode: Int32, output: String) {
            try ChildProcess.run(wrapper + ["sh", "-c", line], in: folder)
        }

        /// Starts a server by a line of the README, in a folder of its own below this one where that is named.
        func start(_ line: String, in name: String? = nil) throws -> ChildProcess {
            let place = folder + (name.map { "/" + $0 } ?? "")
            if name != nil {
                try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: false)
                try FileManager.default.createSymbolicLink(atPath: "\(place)/bin", withDestinationPath: "\(folder)/bin")
            }
            let process = try ChildProcess(wrapper + ["sh", "-c", "exec " + line], in: place)
            try #require(process.waitForOutput(containing: "Ready"), "\(line): \(process.output)")
            return process
        }

        /// Runs a line until it prints `output`: the result may come a moment later.
        func wait(for output: String, from line: String) throws {
            let deadline = TimeLimit.end
            var found = try run(line).output
            while found != output {
                try #require(Date() < deadline, "\(line) prints '\(found)', expected '\(output)'")
                found = try run(line).output
            }
        }
    }

    private func withPlace(_ body: (Place) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let programs = URL(fileURLWithPath: ChildProcess.program("puffin-server")).deletingLastPathComponent().path
            try FileManager.default.createSymbolicLink(atPath: folder + "/bin", withDestinationPath: programs)
            try TestNetwork.lendAlone { try body(Place(folder: folder, wrapper: $0)) }
        }
    }

    private func stop(_ servers: ChildProcess...) {
        for server in servers {
            server.send(SIGTERM)
            #expect(server.wait() == 0, "\(server.output)")
        }
    }

    @Test("basic usage: start, set, get, delete, and the same by hand", .enabled(if: PeerProgram.areThere("nc")))
    func basicUsage() throws {
        try withPlace { place in
            let server = try place.start("./bin/puffin-server")
            #expect(try place.run(#"./bin/puffin-cli set mykey "Hello, Puffin!""#) == (0, "OK\n"))
            #expect(try place.run("./bin/puffin-cli get mykey") == (0, "Hello, Puffin!\n"))
            #expect(try place.run("./bin/puffin-cli delete mykey") == (0, "OK\n"))
            // By telnet there; nc sends the same lines.
            let lines = #"printf 'SET name puffin\nGET name\nDELETE name\n' | nc -N localhost 8080"#
            #expect(try place.run(lines).output == "OK\npuffin\nOK\n")
            stop(server)
        }
    }

    @Test("the command line's options: a command, a batch, JSON")
    func commandLine() throws {
        try withPlace { place in
            let server = try place.start("./bin/puffin-server")
            let cli = "./bin/puffin-cli -addr localhost:8080"
            #expect(try place.run("\(cli) -cmd set -key foo -value bar") == (0, "OK\n"))
            #expect(try place.run("\(cli) -cmd get -key foo  ") == (0, "bar\n"))
            #expect(try place.run("\(cli) -cmd delete -key foo") == (0, "OK\n"))

            try "# a batch\nSET foo bar\n\nGET foo\n".write(
                toFile: place.folder + "/commands.txt", atomically: true, encoding: .utf8)
            let batch = try place.run("\(cli) -file commands.txt")
            #expect(batch.exitCode == 0 && batch.output.hasPrefix("OK\nbar\n"), "\(batch)")

            let json = try place.run("\(cli) -cmd get -key foo -format json")
            let reply = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
            #expect(
                json.exitCode == 0 && reply?["value"] as? String == "bar" && reply?["ok"] as? Bool == true, "\(json)")
            stop(server)
        }
    }

    @Test("a leader and a follower as their blocks start them")
    func leaderAndFollower() throws {
        try withPlace { place in
            // The README gives both port 8081, in two blocks: each is started as it stands there, one after the other.
            let alone = try place.start("./bin/puffin-server -port :8081 -data follower.json -mode follower")
            #expect(try place.run("./bin/puffin-cli -addr localhost:8081 set a 1").exitCode == 1)
            stop(alone)
            let follower = try place.start("./bin/puffin-server -port :8082 -data follower.json -mode follower")
            let leader = try place.start("./bin/puffin-server -port :8081 -data mystore.json -follower localhost:8082")
            #expect(try place.run("./bin/puffin-cli -addr localhost:8081 set a 1") == (0, "OK\n"))
            try place.wait(for: "1\n", from: "./bin/puffin-cli -addr localhost:8082 get a")
            stop(leader, follower)
        }
    }

    @Test("the configuration file: two followers, logs in JSON, metrics")
    func configuration() throws {
        try withPlace { place in
            try seedConfiguration.write(toFile: place.folder + "/config.yaml", atomically: true, encoding: .utf8)
            let first = try place.start("./bin/puffin-server -port :8081 -mode follower", in: "first")
            let second = try place.start("./bin/puffin-server -port :8082 -mode follower", in: "second")
            let leader = try place.start("./bin/puffin-server -config config.yaml")
            #expect(try place.run("./bin/puffin-cli set greeting hello") == (0, "OK\n"))
            for port in [8081, 8082] {
                try place.wait(for: "hello\n", from: "./bin/puffin-cli -addr localhost:\(port) get greeting")
            }
            for line in leader.output.split(separator: "\n") {
                #expect((try? JSONSerialization.jsonObject(with: Data(line.utf8))) != nil, "\(line)")
            }
            let scrape = try place.run(
                #"exec 2>&1; bash -c 'exec 3<>/dev/tcp/localhost/9090; printf "GET /metrics HTTP/1.0\r\n\r\n" >&3; cat <&3'"#
            )
            #expect(
                scrape.output.contains(" 200 ") && scrape.output.contains("\npuffin_"), "\(scrape.output.prefix(300))")
            #expect(FileManager.default.fileExists(atPath: place.folder + "/puffin.json.log"))
            stop(leader, first, second)
        }
    }

    @Test("the example session, with a leader that is told of its follower")
    func exampleSession() throws {
        try withPlace { place in
            // Two terminals, two folders: both servers have their data in puffin.json. A leader dials its followers, so it has
            // to be told: the README's line has no -follower.
            let follower = try place.start("./bin/puffin-server -port :8081 -mode follower", in: "terminal2")
            let leader = try place.start("./bin/puffin-server -follower localhost:8081")
            let cli = "./bin/puffin-cli"
            #expect(try place.run(#"\#(cli) set greeting "Hello, distributed world!""#) == (0, "OK\n"))
            #expect(try place.run("\(cli) get greeting") == (0, "Hello, distributed world!\n"))
            try place.wait(for: "Hello, distributed world!\n", from: "\(cli) -addr localhost:8081 get greeting")
            #expect(try place.run("\(cli) delete greeting") == (0, "OK\n"))
            try place.wait(for: "ERROR: Key not found\n", from: "\(cli) -addr localhost:8081 get greeting")
            stop(leader, follower)
        }
    }

    @Test(
        "its make targets exist",
        arguments: [
            "setup-dev", "test", "test-integration", "bench", "coverage", "lint", "fmt", "security", "build",
            "build-all",
            "release VERSION=v1.0.0",
        ])
    func targets(target: String) throws {
        // Without running it: this test is run by one of them.
        let made = try ChildProcess.run(
            ["make", "--dry-run", "-C", Project.root.path] + target.split(separator: " ").map(String.init))
        #expect(made.exitCode == 0, "\(made.output)")
    }
}
