// Lines of notes in segments and snapshots, what refuses them, and the table of notes.

import Bytes
import Foundation
import LogFormat
import Store
import SystemPackage
import TestSupport
import Testing

@Suite("Lines of notes")
struct NoteLineTests {
    private static let value = #"{"on":true,"secrets":[{"id":"p1","hash":"$scrypt$"}]}"#
    private static let fields = #""op":"meta","kind":"user","name":"alice","value":"# + value
    private static let alice = ChangeCopy.note("user/alice".bytes, value.bytes)

    private func read(_ fields: String) throws -> [ChangeCopy] { try changes(fields, needs: .notes) }

    @Test("a note is read as its kind, its name and its bytes")
    func operations() throws {
        #expect(try read(NoteLineTests.fields) == [NoteLineTests.alice])
        #expect(try read(NoteLineTests.fields + #","by":"admin","more":7"#) == [NoteLineTests.alice])
        #expect(
            try read(#""op":"meta","kind":"a","name":"Az09._@-","value":null"#) == [.note("a/Az09._@-".bytes, [])])
        for value in [
            "{}", "{ }", "{\"a\":\"}\"}", "{\"\\\"{\":[{},\"\\\\\"]}", "{\"a\":1e5,\"by\":\"x\"}", "{\"ü\":null}",
            "{\t\"a\" :\r1}",
        ] {
            #expect(
                try read(#""op":"meta","kind":"k","name":"n","value":"# + value) == [.note("k/n".bytes, value.bytes)])
        }
    }

    @Test(
        "what the format does not say is refused",
        arguments: [
            #""op":"meta""#, #""op":"meta","kind":"","name":"a","value":{}"#,
            #""op":"meta","kind":"User","name":"a","value":{}"#,
            #""op":"meta","kind":"abcdefghijklmnopq","name":"a","value":{}"#,
            #""op":"meta","kind":"u","name":"","value":{}"#,
            #""op":"meta","kind":"u","name":"a b","value":{}"#, #""op":"meta","kind":"u","name":"ü","value":{}"#,
            #""op":"meta","kind":"u","name":"a/b","value":{}"#, #""op":"meta","kind":"u","name":"\u0061","value":{}"#,
            #""op":"meta","kind":"u","name":"a""#, #""op":"meta","kind":"u","name":"a","value":[]"#,
            #""op":"meta","kind":"u","name":"a","value":"x""#, #""op":"meta","kind":"u","name":"a","value":{"#,
            #""op":"meta","kind":"u","name":"a","value":{"a"}"#, #""op":"meta","kind":"u","name":"a","value":{}}"#,
            #""op":"meta","kind":"u","name":"a","value":{"a":}}"#, #""op":"meta","kind":"u","name":"a","value": {}"#,
            #""op":"meta","kind":"u","name":"a","value":{"a":"\x"}"#, #""op":"meta","kind":"u","name":"a","value":nul"#,
            #""op":"meta","kind":"u","name":"a","value64":"e30=""#, #""op":"meta","name":"a","kind":"u","value":{}"#,
            #""op":"multi","changes":[{"op":"meta","kind":"u","name":"a","value":{}}]"#,
        ])
    func refused(fields: String) {
        let error = #expect(throws: LineError.self) { try changes(fields, needs: .known) }
        #expect(error?.isWhole == true && error?.isOtherVersion == false)
    }

    @Test("the longest kind, name and value are read, and not one byte more")
    func longest() throws {
        func fields(_ kind: Int, _ name: Int, _ value: Int) -> String {
            let value = "{\"a\":\"" + String(repeating: "v", count: value - 8) + "\"}"
            return #""op":"meta","kind":"\#(String(repeating: "k", count: kind))","name":"#
                + #""\#(String(repeating: "n", count: name))","value":\#(value)"#
        }
        guard case .note(let path, let value)? = try read(fields(16, 64, 64 << 10)).first else {
            Issue.record("it is not read as a note")
            return
        }
        #expect(path.count == 81 && value.count == 64 << 10)
        for fields in [fields(17, 64, 20), fields(16, 65, 20), fields(1, 1, 64 << 10 | 1)] {
            #expect(throws: LineError.self) { try read(fields) }
        }
    }

    @Test("bytes that are not UTF-8, and numbers of whatever depth, are no value")
    func values() {
        let deep = String(repeating: "{\"a\":", count: 100) + "1" + String(repeating: "}", count: 100)
        for bytes in [
            [], "{".bytes, "{}{}".bytes, "{}\n".bytes, " {}".bytes, [0x7b, 0x22, 0xff, 0x22, 0x7d], deep.bytes,
        ] {
            let isValue = bytes.span.isNoteValue
            #expect(!isValue)
        }
        let (empty, nested) = ("{}".bytes, "{\"a\":{\"a\":[]}}".bytes)
        let areValues = empty.span.isNoteValue && nested.span.isNoteValue
        #expect(areValues)
    }

    @Test("a note in a file that does not name them is damage, and so is one that no snapshot expects")
    func notNamed() throws {
        #expect(throws: LineError.self) { try changes(NoteLineTests.fields, needs: .expiry) }
        try withTemporaryFolder { folder in
            for (version, line) in [("1", 3), (#"2,"needs":["expiry"]"#, 3), (#"2,"needs":["notes"]"#, nil)] {
                var log = RawLog(version: version)
                log.set("a", "1")
                log.record(NoteLineTests.fields)
                try LogFiles(folder).make([1: log.bytes])
                if let line {
                    #expect(damage(opening: folder)?.line == line)
                } else {
                    let opened = try OpenedStore(folder)
                    #expect(opened.store.notes.all.map(\.value) == [NoteLineTests.value.bytes])
                    try opened.close()
                }
            }
        }
    }

    @Test("a note is written as the format says, in a record and in a snapshot")
    func written() throws {
        let (path, value) = ("user/alice".bytes, NoteLineTests.value.bytes)
        var buffer = ByteBuffer()
        var encoder = RecordEncoder()
        let start = ChainPosition(seq: 6, crc: 9)
        _ = encoder.append(.note(path: path.span, value: value.span), after: start, timestamp: 8, to: &buffer)
        #expect(Array(buffer.bytes) == line("{\"seq\":7,\"ts\":8," + NoteLineTests.fields, chain: 9) + [0x0a])
        let operation = Operation(of: buffer.bytes)
        #expect(operation == .meta)
        buffer.removeAll()
        _ = encoder.append(.note(path: path.span, value: Span()), after: start, timestamp: 8, to: &buffer)
        let removal = #"{"seq":7,"ts":8,"op":"meta","kind":"user","name":"alice","value":null"#
        #expect(Array(buffer.bytes) == line(removal, chain: 9) + [0x0a])
        buffer.removeAll()
        let crc = buffer.append(noteLine: .note(path: path.span, value: value.span), chain: 9)
        let body = #"{"meta":"user","name":"alice","value":"# + NoteLineTests.value
        #expect(Array(buffer.bytes) == line(body, chain: 9) + [0x0a])
        #expect(try parsed(line(body, chain: 9), chain: 9) == .note(crc: crc))
        buffer.removeAll()
        buffer.append(snapshotEnd: 3, notes: 2, chain: 9)
        #expect(Array(buffer.bytes) == line(#"{"end":true,"count":3,"notes":2"#, chain: 9) + [0x0a])
        #expect(try parsed(line(#"{"end":true,"count":3,"notes":2"#, chain: 9), chain: 9) == .end(count: 3, notes: 2))
        #expect(try parsed(line(#"{"end":true,"count":3"#, chain: 9), chain: 9) == .end(count: 3, notes: 0))
    }

    @Test("every wrong bit of a note's line is found, in a record and in a snapshot", arguments: [true, false])
    func flipped(isRecord: Bool) {
        let body =
            isRecord ? "{\"seq\":7,\"ts\":8," + NoteLineTests.fields : #"{"meta":"user","name":"alice","value":{}"#
        let good = line(body, chain: 9)
        for index in good.indices {
            for bit in 0..<8 {
                var bad = good
                bad[index] ^= 1 << bit
                let error = #expect(throws: LineError.self) { try parsed(bad, chain: 9) }
                #expect(error?.isWhole == false)
            }
        }
    }

    @Test("a message never shows a note's value")
    func excerpt() {
        for body in [
            "{\"seq\":7,\"ts\":8," + NoteLineTests.fields, #"{"meta":"user","name":"a","value":{"hash":"$s"}"#,
        ] {
            var bad = line(body)
            bad[bad.count - 5] ^= 1
            let error = #expect(throws: LineError.self) { try parsed(bad) }
            #expect(error?.found.contains("meta") == true && error?.found.contains("$s") == false)
        }
    }

    // MARK: The table of notes

    @Test("the table does what a dictionary does", arguments: SeededRandom.seeds(10))
    func table(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var (notes, model) = (Notes(), [NoteName: [UInt8]]())
        for _ in 0..<2_000 {
            let kind = ["a", "ab", "b", "user"][random.below(4)]
            let name = try #require(
                NoteName(kind: kind, name: ["x", "X.1", "a-", "_"][random.below(4)] + "\(random.below(9))"))
            let copy = notes
            let value = "{\"n\":\(random.below(100))}".bytes
            if model[name] == nil {
                notes.insert(name, value)
                model[name] = value
            } else if random.below(3) == 0 {
                #expect(notes.remove(name) == model.removeValue(forKey: name))
                #expect(notes.remove(name) == nil)
            } else {
                #expect(notes.replace(name, value) == model.updateValue(value, forKey: name))
            }
            #expect(notes[name] == model[name] && notes.count == model.count)
            #expect(copy != notes || copy[name] == value)
        }
        let sorted = model.sorted { ($0.key.kind, $0.key.name) < ($1.key.kind, $1.key.name) }
        #expect(notes.all.map(\.name) == sorted.map(\.key))
        #expect(notes.all.map(\.value) == sorted.map(\.value))
        #expect(Array(notes.ofKind("ab")) == notes.all.filter { $0.name.kind == "ab" })
        #expect(notes.ofKind("nobody").isEmpty && notes.ofKind("z").isEmpty)
        #expect(
            notes.size == sorted.reduce(0) { $0 + $1.key.kind.utf8.count + 1 + $1.key.name.utf8.count + $1.value.count }
        )
    }

    @Test("a name is made of a kind and a name, or is none")
    func names() {
        let name = NoteName(kind: "user", name: "a.b@c")
        #expect(name?.kind == "user" && name?.name == "a.b@c" && name?.description == "user a.b@c")
        for (kind, name) in [("", "a"), ("a", ""), ("A", "a"), ("a", "a/b"), ("a/b", "c"), ("a", "ä"), ("a1", "b")] {
            #expect(NoteName(kind: kind, name: name) == nil)
        }
    }
}
