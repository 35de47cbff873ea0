import Access
import Commands
import Testing

/// Who could read or change keys.
@Suite("The keys that rules reach")
struct KeyReachTests {
    private func reach(_ rules: String, _ access: KeyAccess, _ prefix: String) throws -> KeyReach? {
        try Rules(parsing: rules).reach(access, prefix: Array(prefix.utf8))
    }

    @Test("all keys with a prefix, some of them, or none")
    func prefixes() throws {
        for (rules, prefix, isComplete) in [
            ("+get ~orders:*", "orders:", true), ("+get ~orders:*", "orders:1", true), ("+get ~*", "orders:", true),
            ("+get ~orders:*", "or", false), ("+get ~orders:7", "orders:", false), ("+get ~orders:7 ~o*", "or", true),
            ("+get ~orders:7", "orders:71", nil), ("+get ~config:*", "orders:", nil), ("+get", "orders:", nil),
            ("~orders:*", "orders:", nil), ("+ping ~orders:*", "orders:", nil), ("+get ~orders:*", "", false),
        ] as [(String, String, Bool?)] {
            let found = try reach(rules, .read, prefix)
            #expect(found?.isComplete == isComplete, "\(rules) \(prefix)")
        }
    }

    @Test("a command counts only if the rules allow all that it does with the key")
    func access() throws {
        for (rules, reads, writes) in [
            ("+get %R~a:*", true, false), ("+get %W~a:*", false, false), ("+set %W~a:*", false, true),
            ("+set %R~a:*", false, false), ("+getdel %R~a:*", false, false), ("+getdel ~a:*", true, true),
            ("+getdel %R~a:* %W~*", true, true), ("+@read ~a:*", true, false), ("+@write %W~a:*", false, true),
            ("+copy %R~a:*", false, false), ("+copy %R~a:* %W~b:*", true, false), ("+keys %R~a:*", true, false),
            ("+replicate ~a:*", false, false), ("+replicate ~*", true, true), ("+flushall %W~*", false, true),
            ("+dbsize ~*", false, false), ("+@all -get -@read ~a:*", true, true),
        ] {
            let found = (try reach(rules, .read, "a:"), try reach(rules, .write, "a:"))
            #expect((found.0 != nil) == reads, "\(rules)")
            #expect((found.1 != nil) == writes, "\(rules)")
        }
    }

    @Test("the rules and the commands by which are named")
    func names() throws {
        let found = try #require(try reach("+get +set +mget ~a:* %W~a:b:* ~c:*", .read, "a:"))
        #expect(found.rules.map(\.text) == ["~a:*", "%W~a:b:*"] && found.commands.contains("get"))
        #expect(found.commands.contains("mget") && !found.commands.contains("del"))
    }
}
