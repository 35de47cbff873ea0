import Commands
import Testing

/// Categories, and what commands do with pairs.
struct CategoryTests {
    @Test("each category has a name of its own, and Redis' come first")
    func names() {
        #expect(Set(Categories.allNames).count == Categories.allNames.count)
        for (bit, name) in Categories.allNames.enumerated() {
            let category = Categories(named: name)
            #expect(category?.names == ["@" + name])
            #expect(category?.ofRedis.isEmpty == (bit >= 21))
        }
        #expect(Categories(named: "all") == nil && Categories(named: "@read") == nil && Categories(named: "") == nil)
        #expect(Categories([.write, .string, .fast]).names == ["@write", "@string", "@fast"])
        #expect(Catalog.rows(in: .clear).map(\.fullName) == ["FLUSHALL", "FLUSHDB"])
    }

    @Test("a row that names keys says what it does with them, and a change of pairs writes")
    func access() {
        for spec in Catalog.rows {
            let keys = spec.keys
            #expect((keys == .none) == keys.widestAccess.isEmpty, "\(spec.fullName)")
            let changes = spec.traits.contains(.change)
            if keys != .none { #expect(keys.widestAccess.contains(.write) == changes, "\(spec.fullName)") }
            // What concerns pairs names them, or says which it concerns.
            if spec.traits.contains(.data), keys == .none, spec.command != .seq {
                #expect(spec.reach != .named, "\(spec.fullName)")
            }
            if spec.reach != .named { #expect(keys == .none, "\(spec.fullName)") }
            if spec.traits.contains(.clears) { #expect(spec.reach == .whole(.write)) }
        }
    }

    @Test("the access to a key depends on its place")
    func places() {
        let copy = Command.copy.spec.keys
        #expect(copy.access(at: 1, readsToo: false) == .read && copy.access(at: 2, readsToo: false) == .write)
        let set = Command.set.spec.keys
        #expect(set.access(at: 1, readsToo: false) == .write && set.access(at: 1, readsToo: true) == .both)
        #expect(set.widestAccess == .both && Command.setnx.spec.keys.widestAccess == .write)
    }
}
