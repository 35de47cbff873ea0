import Bytes
import Foundation
import Server
import ServerConfiguration
import Settings
import TestSupport
import Testing

@Suite("The configuration file")
struct FileTests {
    @Test("the seed's file is accepted unchanged")
    func seed() throws {
        let settings = try resolve(file: seedConfiguration)
        #expect(Configuration(settings).port == 8080)
        #expect(Configuration(settings).data == "puffin.json")
        #expect(Configuration(settings).mode == .leader)
        #expect(
            Configuration(settings).replication.followers.map(\.description) == ["localhost:8081", "localhost:8082"])
        #expect(Configuration(settings).logging.level == .info)
        #expect(Configuration(settings).logging.format == .json)
        #expect(Configuration(settings).http.isEnabled)
        #expect(Configuration(settings).http.port == 9090)
        #expect(settings.countFromFile == 8)
    }

    @Test(
        "other ways to write the same",
        arguments: [
            "server: {port: 81}", "{\"server\": {\"port\": \"81\"}}", "---\nserver:\n  port: 81\n...\n",
            "\u{feff}server:\r\n  port: :81\r\n", "# a comment\nserver:\n    port: '81' # another\nlogging:\n",
            "server:\n  port: >-\n    81\n",
        ])
    func spellings(file: String) throws {
        #expect(try Configuration(resolve(file: file)).port == 81)
    }

    @Test(
        "an error is one line with its place, what is expected and a suggestion",
        arguments: [
            ("server:\n  prot: 1\n", "config.yaml:2: unknown setting 'server.prot'; did you mean 'server.port'?"),
            (
                "server:\n  frobnicate: 1\n",
                "config.yaml:2: unknown setting 'server.frobnicate'; server has port, bind, data_file, durability, debug_commands"
            ),
            (
                "server:\n  mode: leader\n",
                "config.yaml:2: unknown setting 'server.mode'; did you mean 'auth.mode' or 'tls.mode' or 'replication.mode'?"
            ),
            ("\nloging:\n  level: info\n", "config.yaml:2: unknown section 'loging'; did you mean 'logging'?"),
            (
                "xyzzy: 1\n",
                "config.yaml:1: unknown section 'xyzzy'; the sections are server, auth, tls, audit, replication, storage, memory, limits, logging, slowlog, http, console"
            ),
            (
                "logging:\n  level: inf\n",
                "config.yaml:2: logging.level cannot be 'inf': expected trace, debug, info, notice, warning, error or critical; did you mean 'info'?"
            ),
            (
                "server:\n  port: 65536\n",
                "config.yaml:2: server.port cannot be '65536': expected a number from 0 to 65535, such as 8080 or :8080"
            ),
            (
                "server.port: 1\n",
                "config.yaml:1: write 'server.port' as server: and, indented below it, port:"
            ),
            (
                "server:\n  port: [1, 2]\n",
                "config.yaml:2: server.port is one value; found a list, expected a number from 0 to 65535, such as 8080 or :8080"
            ),
            (
                "server:\n  port:\n    number: 1\n",
                "config.yaml:3: server.port is one value; found a group of keys, expected a number from 0 to 65535, such as 8080 or :8080"
            ),
            (
                "server:\n  port:\n",
                "config.yaml:2: server.port has no value; give it one or remove the line"
            ),
            (
                "replication:\n  followers:\n",
                "config.yaml:2: replication.followers has no value; write [] for none, give it one or remove the line"
            ),
            (
                "replication:\n  followers: a:1\n",
                "config.yaml:2: replication.followers is a list, each value on a line of its own after a dash; found a single value, expected host:port, such as localhost:8080, :8080 or [::1]:8080"
            ),
            (
                "replication:\n  followers:\n    - a:1\n    - b:x\n",
                "config.yaml:4: replication.followers cannot be 'b:x': expected host:port, such as localhost:8080, :8080 or [::1]:8080"
            ),
            (
                "replication:\n  followers:\n    - [a:1]\n",
                "config.yaml:3: replication.followers is a list of single values; found a list"
            ),
            ("server: 1\n", "config.yaml:1: server is a section with keys in it; found a single value"),
            ("server: [1]\n", "config.yaml:1: server is a section with keys in it; found a list"),
            (
                "server:\n  port: 1\n  bind: [a]\n  port: 2\n",
                "config.yaml:4: server.port is a duplicate of line 2"
            ),
            ("memory:\nserver:\nmemory:\n", "config.yaml:3: memory is a duplicate of line 1"),
            (
                "- server\n",
                "config.yaml:1: expected sections with keys, such as server: with port: in it; found a list"
            ),
            (
                "8080\n",
                "config.yaml:1: expected sections with keys, such as server: with port: in it; found a single value"
            ),
            ("? [a]\n: b\n", "config.yaml:1: a key is one word; found a list"),
            ("", "config.yaml:1: the file is empty; to set nothing, write a comment (#)"),
            ("\u{feff}\n", "config.yaml:1: the file is empty; to set nothing, write a comment (#)"),
            (" \n\t\r\n", "config.yaml:1: the file is empty; to set nothing, write a comment (#)"),
            (
                "server:\n\tport: 1\n",
                "config.yaml:2: a tab; indent YAML with spaces, two for each level"
            ),
            ("server:\n  port: 'x\n", "config.yaml:3: not YAML: found unexpected end of stream"),
            ("server: {port: 1\n", "config.yaml:2: not YAML: did not find expected ',' or '}'"),
            ("server:\n  port: 1\n bind: [a]\n", "config.yaml:3: not YAML: did not find expected key"),
            (
                "memory:\n  max: &x 1G\n",
                "config.yaml:2: an anchor (&name) is not supported here; write the value itself"
            ),
            ("memory:\n  max: *x\n", "config.yaml:2: an alias (*name) is not supported here; write the value itself"),
            (
                "memory:\n  max: !!str 1G\n",
                "config.yaml:2: a tag (!name) is not supported here; write the value itself"
            ),
            (
                "memory:\n---\nserver:\n",
                "config.yaml:3: a second document begins here (---); keep one"
            ),
            (
                String(repeating: "[", count: 200) + String(repeating: "]", count: 200),
                "config.yaml:1: nested too deeply"
            ),
        ])
    func wrong(file: String, expected: String) throws {
        #expect(try complaints(file: file) == [expected])
    }

    @Test("all errors are reported at once, in the order of lines")
    func all() throws {
        let found = try complaints(
            file: "server:\n  prot: 1\n  durability: x\nlogging:\n  level: inf\n  level: info\n",
            flags: [(setting("server.port"), ["y"])], environment: ["PUFFIN_MEMORY_MAX": "z"])
        #expect(
            found.map { $0.prefix { $0 != " " } } == [
                "--port:", "PUFFIN_MEMORY_MAX:", "config.yaml:2:", "config.yaml:3:", "config.yaml:5:", "config.yaml:6:",
            ])
    }

    @Test("bytes that are not UTF-8 are an error with their line")
    func bytes() throws {
        let folder = try ConfigFolder()
        for (bytes, line) in [([0x61, 0x0a, 0xff, 0x0a], 2), ([0x61, 0x3a, 0x20, 0x00], 1)] as [([UInt8], Int)] {
            try Data(bytes).write(to: URL(fileURLWithPath: folder.path + "/config.yaml"))
            var sources = Sources()
            sources.config = folder.path + "/config.yaml"
            let error = try #require(throws: ConfigErrors.self) { _ = try sources.resolve(ServerSettings.schema) }
            #expect("\(error)".hasPrefix("\(folder.path)/config.yaml:\(line): not YAML: "), "\(error)")
        }
    }

    @Test("a file of comments alone sets nothing, and a section may be empty")
    func comments() throws {
        for file in ["# nothing\n", "server:\n# port: 1\nlogging:\n", "---\n# x\n"] {
            #expect(try resolve(file: file).countFromFile == 0)
        }
    }

    @Test("an unreadable file is named, with the reason and what named it")
    func unreadable() throws {
        let folder = try ConfigFolder()
        try folder.write(String(repeating: "#", count: 1 << 20 | 1), to: "large")
        for (path, reason) in [
            (folder.path + "/missing", "No such file or directory"),
            (folder.path, "it is a folder, not a file"),
            (folder.path + "/large", "it is larger than 1048576 bytes"),
        ] {
            for isFlag in [true, false] {
                var sources = Sources()
                if isFlag { sources.config = path } else { sources.environment["PUFFIN_CONFIG"] = path }
                let error = try #require(throws: ConfigErrors.self) { _ = try sources.resolve(ServerSettings.schema) }
                let name = isFlag ? "--config" : "PUFFIN_CONFIG"
                #expect("\(error)" == "\(path): cannot be read: \(reason); \(name) names this file")
            }
        }
    }

    @Test("an empty variable names no file, an empty flag is a mistake")
    func emptyPath() throws {
        #expect(try resolve(environment: ["PUFFIN_CONFIG": ""]).file == nil)
        var sources = Sources()
        sources.config = ""
        let error = try #require(throws: ConfigErrors.self) { _ = try sources.resolve(ServerSettings.schema) }
        #expect("\(error)" == "--config: cannot be read: No such file or directory; --config names this file")
    }

    @Test("random bytes, and cut and changed files, are errors and never a crash")
    func noise() throws {
        var random = SplitMix64(seed: 6)
        let seed = Array(seedConfiguration.utf8)
        let folder = try ConfigFolder()
        var sources = Sources()
        sources.config = folder.path + "/config.yaml"
        for round in 0..<2000 {
            var bytes = seed
            for _ in 0...round % 4 {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            bytes.removeLast(Int(random.next() % UInt64(bytes.count)))
            try Data(bytes).write(to: URL(fileURLWithPath: folder.path + "/config.yaml"))
            do throws(ConfigErrors) {
                _ = try sources.resolve(ServerSettings.schema)
            } catch {
                #expect(!error.errors.isEmpty)
                #expect("\(error)".split(separator: "\n", omittingEmptySubsequences: false).count == error.errors.count)
            }
        }
    }
}
