import Foundation
import TestSupport
import Testing

/// `puffin-server config`, and a server with a configuration file.
@Suite("Configuration")
struct ConfigCommandTests {
    private func run(
        _ arguments: [String], in folder: String? = nil, environment: [String] = []
    ) throws -> (exitCode: Int32, output: String) {
        try ChildProcess.run(["env"] + environment + [ChildProcess.program("puffin-server")] + arguments, in: folder)
    }

    private func withConfig<Result>(_ content: String, _ body: (String) throws -> Result) throws -> Result {
        try withTemporaryFolder { folder in
            try content.write(toFile: folder + "/config.yaml", atomically: false, encoding: .utf8)
            return try body(folder)
        }
    }

    @Test("a file, the environment and flags make a server, each before the next")
    func precedence() throws {
        let content = """
            server:
              port: ":0"
              data_file: file.json
              durability: never
            logging:
              format: json
            """
        try withConfig(
            content,
            { folder in
                let server = try ServerProcess(
                    arguments: ["-config", "config.yaml", "--durability", "interval"], in: folder,
                    wrapper: ["env", "PUFFIN_SERVER_DATA_FILE=environment.json"])
                #expect(server.log.contains("Data file environment.json: 0 pairs"))
                #expect(server.log.contains("durability interval"))
                #expect(server.log.hasPrefix("{"))
                try server.connect().expect("SET a 1\n", "OK\n")
                #expect(server.stop() == 0)
                #expect(try String(contentsOfFile: folder + "/config.yaml", encoding: .utf8) == content)
                // Commands that look at the files find them in the same way.
                let verified = try run(
                    ["log", "verify"], in: folder,
                    environment: ["PUFFIN_CONFIG=config.yaml", "PUFFIN_SERVER_DATA_FILE=environment.json"])
                #expect(
                    verified.exitCode == 0 && verified.output.contains("environment.json.log/"), "\(verified.output)")
            })
    }

    @Test("check prints OK, or all errors, and ends with 2; so does a server, which then does nothing")
    func check() throws {
        try withConfig(
            "server:\n  prot: 1\nlogging:\n  level: inf\n",
            { folder in
                let expected = """
                    --port: server.port cannot be 'x': expected a number from 0 to 65535, such as 8080 or :8080
                    config.yaml:2: unknown setting 'server.prot'; did you mean 'server.port'?
                    config.yaml:4: logging.level cannot be 'inf': expected trace, debug, info, notice, warning, error or critical; \
                    did you mean 'info'?

                    """
                for command in [["config", "check"], [], ["config", "show"], ["config", "explain", "server.port"]] {
                    let found = try run(command + ["--config", "config.yaml", "--port", "x"], in: folder)
                    #expect(found.exitCode == 2)
                    #expect(found.output == expected)
                }
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["config.yaml"])
            })
        try withConfig("server:\n  port: 1\n") { folder in
            let found = try run(["config", "check", "-config", "config.yaml"], in: folder)
            #expect(found == (0, "OK: config.yaml, 1 setting\n"))
        }
        #expect(
            try run(["config", "check"]) == (0, "OK: no configuration file; flags, environment and defaults\n"))
    }

    @Test("the configuration that the package installs is valid")
    func packaged() throws {
        let file = Project.root.appendingPathComponent("deploy/systemd/config.yaml").path
        let found = try run(["config", "check", "--config", file])
        #expect(found.exitCode == 0 && found.output.hasPrefix("OK: "), "\(found.output)")
    }

    @Test("an unreadable file: 2, and what named it")
    func unreadable() throws {
        try withTemporaryFolder { folder in
            let missing = try run([], in: folder, environment: ["PUFFIN_CONFIG=missing.yaml"])
            #expect(
                missing == (
                    2, "missing.yaml: cannot be read: No such file or directory; PUFFIN_CONFIG names this file\n"
                ))
            let isFolder = try run(["--config", "."], in: folder)
            #expect(
                isFolder == (
                    2, ".: cannot be read: it is a folder, not a file; --config names this file\n"
                ))
        }
    }

    @Test("show has every setting, in three formats, and what it prints as YAML is a configuration")
    func show() throws {
        try withConfig(
            "server:\n  port: 81\n",
            { folder in
                let text = try run(
                    ["config", "show", "--config", "config.yaml", "-follower", "a:1"], in: folder,
                    environment: ["PUFFIN_MEMORY_MAX=1G"]
                ).output
                let rows = text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
                for row in [
                    "server.port 81 config.yaml:2", "replication.followers a:1 flag --follower",
                    "memory.max 1G environment PUFFIN_MEMORY_MAX", "server.bind 127.0.0.1 default",
                ] {
                    #expect(rows.contains(row), "\(text)")
                }
                let yaml = try run(["config", "show", "--format", "yaml", "--config", "config.yaml"], in: folder).output
                try yaml.write(toFile: folder + "/again.yaml", atomically: false, encoding: .utf8)
                let again = try run(["config", "check", "--config", "again.yaml"], in: folder)
                // A secret is shown as a comment.
                let shown = rows.count { !$0.contains(" *** ") }
                #expect(again == (0, "OK: again.yaml, \(shown) settings\n"))
                let json = try run(["config", "show", "--format", "json"], in: folder).output
                let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: [String: Any]]
                #expect(object?.count == rows.count)
            })
    }

    @Test("explain takes names, flags and variables, and makes suggestions")
    func explain() throws {
        for name in ["memory.max", "max-memory", "PUFFIN_MEMORY_MAX"] {
            let found = try run(["config", "explain", name, "--max-memory", "1G"])
            #expect(found.exitCode == 0 && found.output.hasPrefix("memory.max\n"))
            #expect(found.output.contains("in force     1G, from: flag --max-memory"), "\(found.output)")
        }
        #expect(
            try run(["config", "explain", "memory.mx"]) == (
                2, "config explain: unknown setting 'memory.mx'; did you mean 'memory.max'?\n"
            ))
    }

    @Test("every flag of a server is a setting's, and is in the reference")
    func noOtherFlags() throws {
        let help = try run(["--help"]).output
        let options = try #require(help.components(separatedBy: "SUBCOMMANDS:").first)
        let flags = Set(options.matches(of: /--([a-z-]+)/).map { String($0.1) })
        let reference = try run(["config", "reference"]).output
        #expect(flags.count > 25)
        for flag in flags.subtracting(["config", "version", "help"]) where !flag.hasPrefix("no-") {
            #expect(reference.contains("<br>`--\(flag)`<br>"), "\(flag)")
        }
    }

    @Test("every setting but a secret has a flag with one dash and with two, and is in --help")
    func flags() throws {
        let json = try run(["config", "show", "--format", "json"]).output
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: [String: Any]])
        let help = try run(["--help"]).output
        for (name, entry) in object {
            let explanation = try run(["config", "explain", name]).output
            if explanation.contains(/flag +none: every user/) { continue }
            let flag = try #require(explanation.firstMatch(of: /flag +--([a-z-]+)/)?.1)
            #expect(help.contains("-\(flag), --\(flag)"), "\(name)")
            // Its default is as good as any value.
            let value = (entry["value"] as? [Any])?.first ?? entry["value"] ?? ""
            let isTruth = ["true", "false"].contains { json.contains("\"\(name)\":{\"value\":\($0),") }
            let samples = [
                "replication.followers": "a:1", "http.origins": "https://a.example", "http.hosts": "a.example",
            ]
            let text = samples[name] ?? "\(value)"
            for dashes in ["-", "--"] {
                let arguments = isTruth ? [dashes + flag] : [dashes + String(flag), text]
                let shown = try run(["config", "explain", name] + arguments)
                #expect(shown.output.contains("from: flag --\(flag)"), "\(name): \(shown.output)")
            }
        }
    }
}
