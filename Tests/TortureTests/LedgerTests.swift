import Testing
import Torture

/// The ledger's judgement of a server after a crash: everything wrong is found, and nothing else.
@Suite("The ledger")
struct LedgerTests {
    private func value(_ number: Int) -> MarkedValue { MarkedValue(number: number, size: 7) }

    private func set(_ key: String, _ number: Int) -> MarkedChange { .set(key, value(number), asLine: false) }

    /// A ledger whose changes 1 to 3 (a, b, a) are acknowledged and whose changes 4 to 6 (a, b and c, b gone) are not.
    private func ledger() -> Ledger {
        var ledger = Ledger(name: "w")
        for change in [set("a", 1), set("b", 2), set("a", 3)] {
            ledger.send(change)
            #expect(ledger.acknowledge("+OK\r") == nil)
        }
        ledger.send(set("a", 4))
        ledger.send(.multiSet(["b", "c"], value(5)))
        ledger.send(.delete(["b"], number: 6, present: 1, asLine: false))
        return ledger
    }

    private func compare(_ found: [String: Int], seen: Int = 0) -> [Finding] {
        var ledger = ledger()
        ledger.note(seen: value(seen))
        return ledger.compare(with: found.mapValues { value($0).bytes })
    }

    @Test(
        "the acknowledged changes, followed by any prefix of those sent, are accepted",
        arguments: [
            ["a": 3, "b": 2], ["a": 4, "b": 2], ["a": 4, "b": 5, "c": 5], ["a": 4, "c": 5],
        ])
    func right(found: [String: Int]) {
        #expect(compare(found) == [])
    }

    @Test("a missing key is lost, and named with what it was")
    func missing() {
        #expect(
            compare(["b": 2]) == [
                Finding(.lost, "a is nothing, was acknowledged as change 3; sent after that: 4")
            ])
        #expect(compare([:]).map(\.kind) == [.lost])
    }

    @Test("an older value is lost too: a later one was acknowledged")
    func older() {
        #expect(
            compare(["a": 1, "b": 2]) == [
                Finding(.lost, "a is change 1, was acknowledged as change 3; sent after that: 4")
            ])
    }

    @Test("a value that was never sent is wrong: by its number, for this key, or by any of its bytes")
    func foreign() {
        #expect(
            compare(["a": 7, "b": 2]) == [
                Finding(.wrong, "a is change 7, was acknowledged as change 3; sent after that: 4")
            ])
        // Change 4 was for another key.
        #expect(compare(["a": 3, "b": 4]).map(\.kind) == [.lost])
        #expect(compare(["a": 3, "b": 2, "d": 9]).map(\.kind) == [.wrong])
        var ledger = ledger()
        var bytes = value(3).bytes
        bytes[bytes.count - 1] ^= 1
        #expect(
            ledger.compare(with: ["a": bytes, "b": value(2).bytes]) == [
                Finding(.wrong, "a has a value that nobody wrote, of 11 bytes")
            ])
        var resized = self.ledger()
        let other = MarkedValue(number: 3, size: 8).bytes
        #expect(resized.compare(with: ["a": other, "b": value(2).bytes]).map(\.kind) == [.wrong])
    }

    @Test("a later change without an earlier is wrong, although each key by itself could be so")
    func disorder() {
        let findings = compare(["a": 3, "b": 5, "c": 5])
        #expect(findings.map(\.kind) == [.wrong])
        #expect(findings[0].description.contains("(4, 5, 6), a later one is there without an earlier"))
        // Half of a multi.
        #expect(compare(["a": 4, "b": 5]).map(\.kind) == [.wrong])
    }

    @Test("a value that was read must not be undone")
    func seen() {
        #expect(compare(["a": 4, "b": 2], seen: 4) == [])
        #expect(compare(["a": 3, "b": 2], seen: 4) == [Finding(.lost, "w: change 4 was read, and is gone")])
    }

    @Test("a deleted key that returns is a loss: its removal was acknowledged")
    func undeleted() {
        var ledger = ledger()
        for reply in ["+OK\r", "+OK\r", ":1\r"] { #expect(ledger.acknowledge(reply) == nil) }
        let found = ["a": value(4).bytes, "b": value(5).bytes, "c": value(5).bytes]
        #expect(
            ledger.compare(with: found) == [
                Finding(.lost, "b is change 5, was acknowledged as nothing; sent after that: nothing")
            ])
    }

    @Test("a reply that is not the one of the next change is found")
    func replies() {
        var ledger = ledger()
        #expect(
            ledger.acknowledge("-ERR no\r") == Finding(.wrong, "w: change 4 was answered -ERR no\r, expected +OK\r"))
        #expect(ledger.acknowledgedCount == 3)
        var empty = Ledger(name: "w")
        #expect(empty.acknowledge("+OK\r") == Finding(.wrong, "w: a reply to nothing: +OK\r"))
    }

    @Test("after a comparison the ledger continues from what was found")
    func goesOn() {
        var ledger = ledger()
        let found = ["a": value(4).bytes, "b": value(2).bytes]
        #expect(ledger.compare(with: found) == [])
        #expect(ledger.outstanding == 0 && ledger.expects("b") && !ledger.expects("c"))
        #expect(ledger.compare(with: found) == [])
        #expect(ledger.compare(with: ["a": value(3).bytes, "b": value(2).bytes]).map(\.kind) == [.lost])
    }

    @Test("values name their change, and every size and filler is recognized")
    func values() {
        for number in 0..<6 {
            for size in [0, 1, 7, 100] {
                let value = MarkedValue(number: number, size: size)
                #expect(MarkedValue(value.bytes) == value)
                #expect(MarkedValue(value.bytes + [0x20]) == nil)
                #expect(MarkedValue(value.bytes.dropLast()) == nil)
            }
        }
        for text in ["", "1", "1.2", "-1.0.", "1.-1.", "1.9999999999999999999.", "1.4611686018427387904.x"] {
            #expect(MarkedValue(Array(text.utf8)) == nil)
        }
    }
}

extension MarkedValue {
    fileprivate init?(_ bytes: ArraySlice<UInt8>) { self.init(Array(bytes)) }
}
