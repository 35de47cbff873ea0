import Access
import Bytes
import Commands
import Testing

/// The language of rules.
struct RuleTests {
    private func rules(_ text: String) throws -> Rules { try Rules(parsing: text) }

    @Test(
        "rules are kept in one form",
        arguments: [
            ("", "", "-@all", ""),
            ("+@read +@write ~orders:* %R~config:*", nil, "-@all +@read +@write", "~orders:* %R~config:*"),
            ("+GET -Config|Set +@ALL", "+@all", "+@all", ""), ("nocommands +get -get", "-get", "-@all -get", ""),
            ("+@all -config|set +config -get -get", "+@all +config -get", "+@all +config -get", ""),
            ("+config|get +config|set -config", "-config", "-@all -config", ""),
            ("+config -config|set", nil, "-@all +config -config|set", ""),
            ("allcommands allkeys allchannels", "+@all ~* &*", "+@all", "~*"), ("~a ~b allkeys", "~*", "-@all", "~*"),
            ("%R~a* %W~a* %RW~b %wr~c", "~a* ~b ~c", "-@all", "~a* ~b ~c"),
            ("~a* ~a resetkeys %R~a", "%R~a", "-@all", "%R~a"),
            (#"~a\*b\?\[\\* ~]^-"#, nil, "-@all", #"~a\*b\?\[\\* ~]^-"#), ("~", nil, "-@all", "~"),
            ("&* resetchannels", "", "-@all", ""), ("%R~* %W~*", "~*", "-@all", "~*"),
            ("~ключ:*", nil, "-@all", "~ключ:*"),
        ] as [(String, String?, String, String)])
    func forms(text: String, kept: String?, commands: String, keys: String) throws {
        let rules = try rules(text)
        #expect(rules.text == kept ?? text && rules.commandsText == commands && rules.keysText == keys)
        #expect(try self.rules(rules.text) == rules)
    }

    @Test(
        "a word that is wrong is an error that says why",
        arguments: [
            ("+frob", "+frob", RuleFlaw.unknownCommand), ("-@frob", "-@frob", .unknownCommand),
            ("+@", "+@", .unknownCommand),
            ("+config|frob", "+config|frob", .unknownCommand), ("-get|x", "-get|x", .unknownCommand),
            ("+get|x", "+get|x", .firstArgument), ("+config|get|x", "+config|get|x", .firstArgument),
            ("+", "+", .syntax),
            ("get", "word 1", .syntax), ("+get hunter2", "word 2", .syntax), ("~a*b", "~a*b", .glob),
            ("~a**", "~a**", .glob),
            ("~a?", "~a?", .glob), ("~[ab]", "~[ab]", .glob), ("%~a", "%~a", .syntax), ("%X~a", "%X~a", .syntax),
            ("%R", "%R", .syntax),
            ("~a\u{7f}", #"~a\u007f"#, .characters), ("&news:*", "&news:*", .channel), ("&", "&", .channel),
            ("(+get", "(+get", .selector),
            ("~* ~a", "~a", .covered), ("allkeys %R~a*", "%R~a*", .covered),
        ] as [(String, String, RuleFlaw)])
    func errors(text: String, word: String, flaw: RuleFlaw) {
        let error = #expect(throws: RuleError.self) { try rules(text) }
        #expect(error?.word == word && error?.reason == flaw.text)
        #expect(error?.text == "Error in ACL SETUSER modifier '\(word)': \(flaw.text)")
    }

    @Test("a set of rules has at most so many patterns, and an error shows a part of a long word")
    func limits() throws {
        let most = (0..<Rules.keyLimit).map { "~k\($0)" }.joined(separator: " ")
        #expect(try rules(most).keys.count == Rules.keyLimit)
        #expect(throws: RuleError.self) { try rules(most + " ~more") }
        #expect(try rules(most + " allkeys").keys == [.all])
        let long = #expect(throws: RuleError.self) { try rules("+" + String(repeating: "x", count: 500)) }
        #expect(long?.word == "+" + String(repeating: "x", count: 63) + "…")
        let bytes: [UInt8] = Array("~".utf8) + [0xff]
        #expect(throws: RuleFlaw.characters) { try RuleWord(parsing: bytes.span) }
        let blank = Array("~a b".utf8)
        #expect(throws: RuleFlaw.characters) { try RuleWord(parsing: blank.span) }
    }

    @Test("the rows of rules: the last rule about a command counts, and @all covers later commands")
    func rows() throws {
        let some = try rules("+@read -@keyspace +ttl +config -config|set").rows
        for command in [Command.get, .ttl, .config, .configGet] { #expect(some.contains(command.index)) }
        for command in [Command.keys, .set, .configSet] { #expect(!some.contains(command.index)) }
        #expect(try rules("+@all").rows == .all && rules("+@all").rows.contains(255))
        #expect(try rules("+@list +@stream").rows.isEmpty)
        for category in Categories.allNames {
            let rows = try rules("+@\(category)").rows
            #expect(
                Catalog.rows.allSatisfy {
                    rows.contains($0.command.index) == $0.categories.names.contains("@" + category)
                })
        }
    }

    @Test("a set of rows is a set")
    func sets() {
        var set = RowSet()
        for row in [0, 63, 64, 127, 128, 255] {
            #expect(!set.contains(row))
            set.insert(row)
            #expect(set.contains(row))
        }
        #expect((0..<256).filter(set.contains) == [0, 63, 64, 127, 128, 255])
        let other = RowSet([Command.get.spec, Command.set.spec])
        #expect(set.union(other).contains(1) && set.intersection(other) == RowSet([Command.get.spec]))
        #expect(set.subtracting(other).contains(63) && !set.subtracting(other).contains(0))
        set.remove(255)
        #expect(!set.contains(255) && !set.isEmpty && RowSet().isEmpty && MemoryLayout<RowSet>.size == 32)
    }

    @Test("names of users and certificates")
    func names() {
        for name in ["a", "alice", "A.b_c@d-9", String(repeating: "x", count: 64)] {
            #expect(UserName(name)?.text == name)
        }
        for name in ["", "a b", "a:b", "é", "a\n", String(repeating: "x", count: 65)] { #expect(UserName(name) == nil) }
        for name in ["cn:Alice Smith", "email:a@b", "uri:spiffe://x/y", "dns:x"] {
            #expect(CertificateName(name)?.text == name)
        }
        #expect(CertificateName("dns:App.Example")?.text == "dns:app.example")
        for name in [
            "", "cn", "cn:", "cn: a", "ou:x", "dns:a b", "cn:a\u{1}", "cn:" + String(repeating: "x", count: 510),
        ] {
            #expect(CertificateName(name) == nil)
        }
    }
}
