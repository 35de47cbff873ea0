import Bytes
import Foundation
import Server
import ServerConfiguration
import Settings
import Testing

@Suite("Where settings come from")
struct SourceTests {
    @Test("a flag overrides the environment, that the file, and that the default")
    func order() throws {
        let file = "server:\n  port: 3\n"
        let flags: [(Setting, [String])] = [(setting("server.port"), ["1"])]
        let environment = ["PUFFIN_SERVER_PORT": "2"]
        let cases: [(Settings, UInt16, String)] = [
            (try resolve(file: file, flags: flags, environment: environment), 1, "flag --port"),
            (try resolve(file: file, environment: environment), 2, "environment PUFFIN_SERVER_PORT"),
            (try resolve(), 8080, "default"),
        ]
        for (settings, port, origin) in cases {
            #expect(Configuration(settings).port == port)
            #expect(settings[setting("server.port")].origin.description == origin)
        }
        let fromFile = try resolve(file: file)
        #expect(Configuration(fromFile).port == 3)
        #expect(fromFile[setting("server.port")].origin.description.hasSuffix("/config.yaml:2"))
    }

    @Test("an error has the same words whatever its source")
    func words() throws {
        // Of a secret the text is not repeated.
        for setting in ServerSettings.schema.settings where !setting.isSecret {
            // A list may be empty.
            let wrong = setting.isList ? "a b" : ""
            guard !setting.isAllowed(wrong) else { continue }
            let value = setting.isList ? "[a b]" : "''"
            let rest =
                ": \(setting.name) cannot be '\(wrong)': expected \(setting.allowed)"
            let file = "\(setting.section):\n  \(setting.key): \(value)\n"
            #expect(try complaints(flags: [(setting, [wrong])]) == ["--\(setting.flag ?? "")" + rest])
            #expect(try complaints(environment: [setting.environmentName: wrong]) == [setting.environmentName + rest])
            #expect(try complaints(file: file) == ["config.yaml:2" + rest])
        }
    }

    @Test("an empty value is refused from every source, or is the empty list of a setting that allows it")
    func empty() throws {
        for setting in ServerSettings.schema.settings where setting.flag != nil {
            let sources: [(file: String?, flags: [(Setting, [String])], environment: [String: String])] = [
                (nil, [(setting, [""])], [:]), (nil, [], [setting.environmentName: ""]),
                ("\(setting.section):\n  \(setting.key): \(setting.isList ? "[]" : "\"\"")\n", [], [:]),
            ]
            for (file, flags, environment) in sources {
                let found = try complaints(file: file, flags: flags, environment: environment)
                #expect(found.isEmpty == setting.mayBeEmpty, "\(setting.name): \(found)")
            }
            // YAML's words for nothing are neither a value nor a path.
            for null in ["", "~", "null", "Null", "NULL"] {
                let found = try complaints(file: "\(setting.section):\n  \(setting.key): \(null)\n")
                #expect(
                    found.count == 1 && found[0].hasPrefix("config.yaml:2: \(setting.name) has no value"), "\(found)")
                guard setting.isList, !null.isEmpty else { continue }
                let item = try complaints(file: "\(setting.section):\n  \(setting.key): [\(null)]\n")
                #expect(item.count == 1 && item[0].contains("\(setting.name) has an item without a value"), "\(item)")
            }
            guard setting.isList else { continue }
            let beside = try complaints(flags: [(setting, ["", "localhost"])])
            #expect(beside.contains { $0.contains("cannot be ''") }, "\(beside)")
        }
        #expect(
            try complaints(flags: [(setting("server.bind"), [""])]) == [
                "--bind: server.bind cannot be empty: expected a list of one or more; each an address or a host name, such as 127.0.0.1, ::1 or localhost"
            ])
        // What is quoted is a text.
        #expect(try Configuration(resolve(file: "server:\n  data_file: '~'\n")).data == "~")
    }

    @Test("of many errors the first are reported and the others counted, and long names get no suggestion")
    func many() throws {
        let names = (0..<16_000).map { "  k\($0): 1\n" }.joined()
        let found = try complaints(file: "server:\n" + names)
        #expect(found.count == 21)
        #expect(found.first?.hasPrefix("config.yaml:2: unknown setting 'server.k0'") == true)
        #expect(found.last == "config.yaml: and 15980 more errors; fix these first")
        let items = Array(repeating: "'a b'", count: 16_000).joined(separator: ",")
        #expect(try complaints(file: "server:\n  bind: [\(items)]\n").count == 21)
        #expect(
            try complaints(flags: [(setting("server.bind"), [String(repeating: "/,", count: 16_000)])]).count == 21
        )
        let long = String(repeating: "server.port", count: 50_000)
        #expect(try complaints(file: "server:\n  ? \(long)\n  : 1\n").count == 1)
        #expect(nearest(to: String(repeating: "a", count: 201), of: [String(repeating: "a", count: 200)]) == nil)
    }

    @Test("an overriding source does not hide errors in another")
    func hidden() throws {
        let found = try complaints(
            file: "server:\n  port: x\n", flags: [(setting("server.port"), ["1"])])
        #expect(found.count == 1 && found[0].hasPrefix("config.yaml:2: "))
    }

    @Test("of a repeated flag the last counts; of a list all do, also between commas")
    func repeated() throws {
        let settings = try resolve(
            flags: [
                (setting("server.port"), ["1", "2"]), (setting("server.bind"), ["::1", "a, b"]),
            ], environment: ["PUFFIN_REPLICATION_FOLLOWERS": "a:1,b:2"])
        #expect(Configuration(settings).port == 2)
        #expect(Configuration(settings).hosts == ["::1", "a", "b"])
        #expect(
            Configuration(settings).replication.followers == [
                Endpoint(host: "a", port: 1), Endpoint(host: "b", port: 2),
            ])
        let none = try resolve(
            file: "replication:\n  followers: [a:1]\n", environment: ["PUFFIN_REPLICATION_FOLLOWERS": ""])
        #expect(Configuration(none).replication.followers.isEmpty)
    }

    @Test("unknown environment variables with the settings' prefix are errors")
    func unknownVariables() throws {
        #expect(
            try complaints(environment: ["PUFFIN_SERVER_PROT": "1"]) == [
                "PUFFIN_SERVER_PROT: no setting has this name; did you mean PUFFIN_SERVER_PORT?"
            ])
        // A password that a program of this version does not know must not be taken for one that it obeys.
        #expect(try complaints(environment: ["PUFFIN_SERVER_PORT_FILE": "x"]).count == 1)
        #expect(
            try complaints(environment: [
                "PUFFIN_ADDR": "a", "PUFFIN_TORTURE": "1", "PUFFIN_SERVER_SERVICE_HOST": "10.0.0.1", "OTHER": "x",
                "PUFFIN_SERVER_SERVICE_PORT_HTTP": "1", "PUFFIN_SERVER_PORT_8080_TCP": "tcp://10.0.0.1:8080",
                "PUFFIN_SERVER_PORT_8080_TCP_ADDR": "10.0.0.1",
            ]).isEmpty)
    }

    @Test("changes between two readings are named")
    func changes() throws {
        let before = try resolve(file: "logging:\n  level: info\nserver:\n  port: 1\n")
        let after = try resolve(file: "logging:\n  level: debug\nmemory:\n  max: auto\n")
        #expect(after.changes(from: before).map(\.name) == ["server.port", "logging.level"])
        #expect(before.changes(from: before).isEmpty)
    }
}

@Suite("Secrets")
struct SecretTests {
    static let password = Key(
        "server.password", flag: nil,
        ValueType("at least 8 characters", words: ["none"]) { $0.count >= 8 ? $0 : nil },
        default: "no password", isSecret: true, "What clients have to say.")
    static let schema = Schema([setting("server.port"), password.setting])
    private let secret = "correct horse"

    @Test("a secret may be in a file that the environment names; a final line feed is ignored")
    func file() throws {
        let folder = try ConfigFolder()
        try folder.write(secret + "\n", to: "secret")
        let settings = try resolve(
            environment: ["PUFFIN_SERVER_PASSWORD_FILE": folder.path + "/secret"], schema: SecretTests.schema)
        #expect(settings[SecretTests.password] == secret)
        #expect(
            settings[SecretTests.password.setting].origin.description == "environment PUFFIN_SERVER_PASSWORD_FILE")
    }

    @Test("it is never shown")
    func hidden() throws {
        let settings = try resolve(environment: ["PUFFIN_SERVER_PASSWORD": secret], schema: SecretTests.schema)
        let texts = [
            settings.table, settings.json, settings.yaml, settings.explanation(of: SecretTests.password.setting),
        ]
        for text in texts {
            #expect(text.contains("***") && !text.contains(secret), "\(text)")
        }
        #expect(!SecretTests.schema.reference.contains("no password"))
        #expect(!SecretTests.password.setting.flagHelp.contains("no password"))
    }

    @Test("an error about a secret does not repeat it")
    func wrong() throws {
        let folder = try ConfigFolder()
        try folder.write("short", to: "secret")
        let rest = "server.password is not allowed: expected at least 8 characters"
        let cases: [(file: String?, environment: [String: String], expected: String)] = [
            (nil, ["PUFFIN_SERVER_PASSWORD": "short"], "PUFFIN_SERVER_PASSWORD: " + rest),
            ("server:\n  password: short\n", [:], "config.yaml:2: " + rest),
            (nil, ["PUFFIN_SERVER_PASSWORD_FILE": folder.path + "/secret"], "PUFFIN_SERVER_PASSWORD_FILE: " + rest),
            (
                nil, ["PUFFIN_SERVER_PASSWORD_FILE": "/nowhere/secret"],
                "PUFFIN_SERVER_PASSWORD_FILE: cannot read '/nowhere/secret': No such file or directory"
            ),
            (
                nil, ["PUFFIN_SERVER_PASSWORD_FILE": folder.path + "/secret", "PUFFIN_SERVER_PASSWORD": secret],
                "PUFFIN_SERVER_PASSWORD_FILE: PUFFIN_SERVER_PASSWORD is set as well; keep one of them"
            ),
        ]
        for (file, environment, expected) in cases {
            #expect(try complaints(file: file, environment: environment, schema: SecretTests.schema) == [expected])
        }
    }
}
