import Bytes
import Foundation
import Server
import ServerConfiguration
import Settings
import TestSupport
import Testing

@Suite("The settings' schema")
struct SchemaTests {
    private let schema = ServerSettings.schema

    @Test("names, flags and variables are what they should be, each once")
    func names() {
        let settings = schema.settings
        #expect(Set(settings.map(\.name)).count == settings.count)
        let flags = settings.compactMap(\.flag)
        #expect(Set(flags).count == flags.count)
        for setting in settings {
            #expect(setting.name.wholeMatch(of: /[a-z]+\.[a-z_]+/) != nil, "\(setting.name)")
            #expect(
                setting.isSecret ? setting.flag == nil : setting.flag?.wholeMatch(of: /[a-z-]+/) != nil,
                "\(setting.name)")
            #expect(
                setting.environmentName == "PUFFIN_"
                    + setting.name.uppercased().replacingOccurrences(of: ".", with: "_"))
            #expect(setting.help.hasSuffix(".") && !setting.help.contains("|"), "\(setting.name)")
            #expect(setting.default.allSatisfy(setting.isAllowed), "\(setting.name)")
            #expect(setting.words.allSatisfy(setting.isAllowed), "\(setting.name)")
        }
        #expect(schema.sections.count == Set(schema.sections).count, "settings of a section stand together")
    }

    @Test(
        "values are read as people write them",
        arguments: [
            ("server.port", ["0", ":0", "65535", "08"], ["", ":", "x", "65536", "-1", "+1", "::1", " 1", "1.0"]),
            ("server.bind", ["::1", "0.0.0.0", "localhost"], ["", "a b", "a/b"]),
            ("server.data_file", ["puffin.json", "/a/b"], ["", "folder/"]),
            ("replication.ack", ["local", "one", "all", "2", "0"], ["", "two", "-1", "1001"]),
            ("replication.ack_timeout", ["1ms", "1", "2m"], ["", "0", "500us", "1 s", "x"]),
            ("replication.timeout", ["2s", "2000ms"], ["1s", "0"]),
            ("replication.adopt_history", ["true", "Yes", "ON", "1", "false", "no", "off", "0"], ["", "2", "ja"]),
            ("storage.segment_size", ["4K", "64M", "4096"], ["4095", "1K", "big", ""]),
            ("storage.compact_ratio", ["0", "1", "1.5", "1000"], ["-1", "1001", "nan", "inf", "0x1", "1e3", "", "."]),
            ("storage.compact_share", ["0.001", "0.25", "1"], ["0", "0.0009", "1.1", "25%"]),
            ("storage.compact_backlog", ["0", "1", "2G"], ["-1", "G", "1.5G"]),
            ("storage.retain_age", ["0", "90s", "30m", "12h", "7d"], ["7", "7 days", "9999999999999d", "d", ""]),
            ("memory.max", ["auto", "0", "1M", "2G"], ["", "512", "1.5G", "x"]),
            ("limits.clients", ["1", "1000000"], ["0", "1000001", "x"]),
            ("limits.key_size", ["1", "64K"], ["0", "65K"]),
            ("slowlog.threshold", ["off", "0", "500us", "10ms"], ["", "on", "1x"]),
        ])
    func values(name: String, right: [String], wrong: [String]) throws {
        let setting = try #require(schema[name])
        for text in right { #expect(setting.isAllowed(text), "\(text)") }
        for text in wrong { #expect(!setting.isAllowed(text), "\(text)") }
    }

    @Test("an error's example is valid under its rule, for every setting")
    func examples() throws {
        var count = 0
        for setting in schema.settings {
            guard let start = setting.allowed.range(of: "such as ") else { continue }
            let examples = setting.allowed[start.upperBound...].prefix { $0 != "(" && $0 != ";" }
                .replacingOccurrences(of: " or ", with: ",").split(separator: ",")
                .map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(!examples.isEmpty)
            for example in examples {
                #expect(setting.isAllowed(example), "\(setting.name): \(setting.allowed)")
                count += 1
            }
        }
        #expect(count > 20)
    }

    @Test("warn is understood as warning")
    func warn() throws {
        for settings in [
            try resolve(file: "logging:\n  level: warn\n"), try resolve(environment: ["PUFFIN_LOGGING_LEVEL": "warn"]),
            try resolve(flags: [(setting("logging.level"), ["warn"])]),
        ] {
            #expect(Configuration(settings).logging.level == .warning)
        }
    }

    @Test("no setting in the reference is for tests only")
    func noneForTests() {
        for setting in schema.settings { #expect(!setting.help.lowercased().contains("test"), "\(setting.name)") }
    }

    @Test("typed values")
    func typed() throws {
        let settings = try resolve(
            file: """
                memory: {max: 2G}
                slowlog: {threshold: off}
                storage: {retain_age: 12h, compact_ratio: 1.5, segment_size: 1M}
                replication: {ack: 2, ack_timeout: 250ms, adopt_history: yes}
                """)
        #expect(Configuration(settings).maxMemory == 2 << 30)
        #expect(Configuration(settings).slowLog.threshold == nil)
        #expect(Configuration(settings).store.retention.age == 12 * 3_600_000)
        #expect(Configuration(settings).store.compactionRule.ratio == 1.5)
        #expect(Configuration(settings).store.layout.segmentSize == 1 << 20)
        #expect(Configuration(settings).replication.ackTimeout == 250)
        #expect(Configuration(settings).replication.adoptsHistory)
        #expect(try Configuration(resolve()).maxMemory == nil)
        #expect(try Configuration(resolve()).slowLog.threshold == .milliseconds(100))
    }

    @Test("a setting is found by its name, its flag or its variable")
    func find() {
        for text in ["server.data_file", "data", "-data", "--data", "PUFFIN_SERVER_DATA_FILE"] {
            #expect(schema.find(text)?.name == "server.data_file")
        }
        #expect(schema.find("server.dat") == nil)
        #expect(schema.unknown("servr.port") == "unknown setting 'servr.port'; did you mean 'server.port'?")
        #expect(schema.unknown("frob").hasPrefix("unknown setting 'frob'; the sections are server, "))
    }

    @Test("the distance counts typing errors")
    func distance() {
        for (first, second, distance) in [
            ("port", "port", 0), ("prot", "port", 1), ("por", "port", 1), ("ports", "port", 1), ("pert", "port", 1),
            ("", "port", 4), ("port", "", 4), ("abc", "xyz", 3),
        ] {
            // Somebody's text comes first.
            #expect((nearest(to: first, of: [second]) != nil) == (distance <= max(1, first.count / 3)), "\(first)")
        }
        #expect(nearest(to: "INF", of: ["info", "error"]) == "info")
        #expect(nearest(to: String(repeating: "x", count: 100_000), of: ["info"]) == nil)
    }

    @Test("docs/configuration.md has the reference that the schema generates")
    func reference() throws {
        let text = try Project.text("docs/configuration.md")
        let parts = text.components(separatedBy: "<!-- settings -->\n")
        #expect(parts.count == 3)
        #expect(parts[1] == schema.reference, "run: make reference")
    }
}

@Suite("Showing settings")
struct DisplayTests {
    @Test("every setting with its value and where it is from")
    func table() throws {
        let settings = try resolve(
            flags: [(setting("server.port"), [":81"])], environment: ["PUFFIN_SERVER_DATA_FILE": "my data"])
        let lines = settings.table.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(lines.count == ServerSettings.schema.settings.count)
        #expect(lines[0] == "server.port 81 flag --port")
        #expect(lines.contains("server.data_file \"my data\" environment PUFFIN_SERVER_DATA_FILE"))
        #expect(lines.contains("replication.followers none default"))
    }

    @Test("YAML that is shown is a configuration with the same values, whatever is in them")
    func yaml() throws {
        let settings = try resolve(
            file: seedConfiguration,
            flags: [
                (setting("server.data_file"), ["a \"b\" #c: \\ é\u{1}"]),
                (setting("server.bind"), ["yes", "off"]),
                (setting("storage.compact_ratio"), ["1.5"]), (setting("memory.max"), ["0"]),
            ])
        let again = try resolve(file: settings.yaml)
        #expect(again.changes(from: settings).filter { $0.form != .number }.isEmpty)
        #expect(Configuration(again).port == Configuration(settings).port)
        #expect(Configuration(again).store.compactionRule.ratio == 1.5)
        // A secret is shown as a comment.
        #expect(again.countFromFile == ServerSettings.schema.settings.count { !$0.isSecret })
    }

    @Test("JSON is one object with values of their types")
    func json() throws {
        let settings = try resolve(file: seedConfiguration, flags: [(setting("storage.compact_ratio"), ["1.5"])])
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(settings.json.utf8)) as? [String: [String: Any]])
        #expect(object.count == ServerSettings.schema.settings.count)
        #expect(object["server.port"]?["value"] as? Int == 8080)
        #expect(object["storage.compact_ratio"]?["value"] as? Double == 1.5)
        #expect(object["http.enabled"]?["value"] as? Bool == true)
        #expect(object["replication.followers"]?["value"] as? [String] == ["localhost:8081", "localhost:8082"])
        #expect(object["memory.max"]?["source"] as? String == "default")
    }

    @Test("an explanation says everything")
    func explanation() throws {
        let text = try resolve().explanation(of: setting("replication.followers"))
        for part in [
            "replication.followers\n", "sends them the log", "none", "host:port", "--follower",
            "PUFFIN_REPLICATION_FOLLOWERS",
            "separated by commas", "followers: in replication:", "live, by SIGHUP", "none, from: default",
        ] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
        #expect(try resolve().explanation(of: setting("server.port")).contains("with a restart"))
    }
}
