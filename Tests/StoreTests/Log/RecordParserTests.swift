import Bytes
import LogFormat
import Store
import TestSupport
import Testing

@Suite("The reader of log lines")
struct RecordParserTests {
    @Test("each operation is read as the change it says")
    func operations() throws {
        #expect(try changes(#""op":"set","key":"k","value":"v""#) == [.set("k", "v")])
        #expect(try changes(#""op":"set","key":"","value":"""#) == [.set("", "")])
        #expect(try changes(#""op":"set","key64":"/wA=","value64":"AP8=""#) == [.set([0xff, 0], [0, 0xff])])
        #expect(try changes(#""op":"set","key":"a\nb","value":"\"\\""#) == [.set("a\nb", "\"\\")])
        #expect(try changes(#""op":"set","key64":"","value":"grüße""#) == [.set("", "grüße")])
        #expect(try changes(#""op":"delete","key":"k""#) == [.delete("k")])
        #expect(try changes(#""op":"delete","key64":"/w==""#) == [.delete([0xff])])
        #expect(try changes(#""op":"clear""#) == [.clear])
    }

    @Test("a multi record is all of its changes, in their order")
    func multi() throws {
        #expect(try changes(#""op":"multi","changes":[{"op":"delete","key":"a"}]"#) == [.delete("a")])
        let found = try changes(
            #""op":"multi","changes":[{"op":"set","key":"a","value":"1"},{"op":"set","key64":"/w==","value":"\u0032"},"#
                + #"{"op":"delete","key":"a"}]"#)
        #expect(found == [.set("a", "1"), .set([0xff], [0x32]), .delete("a")])
        #expect(
            try changes(#""op":"multi","changes":[{"op":"clear"},{"op":"set","key":"a","value":"1"}]"#)
                == [.clear, .set("a", "1")])
    }

    @Test("every JSON escape is read, though the writer uses few of them")
    func escapes() throws {
        let found = try changes(
            #""op":"set","key":"\u006b\/\b\f\n\r\t\"\\","value":"\ud83d\udc27\u00E4\u0000""#)
        #expect(found == [.set("k/\u{8}\u{c}\n\r\t\"\\", "🐧ä\u{0}")])
    }

    @Test("unknown fields before the checksum are skipped")
    func unknownFields() throws {
        #expect(try changes(#""op":"set","key":"k","value":"v","by":"me","n":{"a":[1]}"#) == [.set("k", "v")])
        #expect(try changes(#""op":"delete","key":"k","why":null"#) == [.delete("k")])
        #expect(try changes(#""op":"clear","x":1"#) == [.clear])
        #expect(try changes(#""op":"multi","changes":[{"op":"delete","key":"a"}],"x":1"#) == [.delete("a")])
        #expect(try parsed(line(#"{"durable":5,"x":1"#)) == .durable(seq: 5, isClosed: false))
        #expect(try parsed(line(#"{"durable":5,"closed":true,"x":1"#)) == .durable(seq: 5, isClosed: true))
        let header = line(#"{"puffin":"log","version":1,"history":"h","seq":9,"chain":"0000000a","x":1"#)
        #expect(try parsed(header) == .header(LogHeader(history: "h", firstSeq: 9, chain: 10)))
    }

    @Test(
        "a pair that expires is refused with the reason, and is not applied: it would be kept forever",
        arguments: [
            #""op":"set","key":"k","value":"v","expires":1764000060123"#,
            #""op":"multi","changes":[{"op":"set","key":"k","value":"v","expires":1764000060123}]"#,
        ])
    func expires(fields: String) throws {
        let error = #expect(throws: LineError.self) { try changes(fields) }
        #expect(error?.expected.contains("does not expire") == true)
        let line = line("{\"seq\":7,\"ts\":8,\(fields)")
        var parser = RecordParser()
        var count = 0
        try? parser.changes(of: line.span, needs: []) { _ in count += 1 }
        #expect(count == 0)
    }

    @Test(
        "an invalid record is refused",
        arguments: [
            #""op":"append","key":"k","value":"v""#, #""op":"set","key":"k""#, #""op":"set","value":"v","key":"k""#,
            #""op":"set","key":"k","value":"v"#, #""op":"set","key":1,"value":"v""#, #""op": "clear""#,
            #""op":"delete""#,
            #""key":"k","op":"delete""#, #""op":"set","key":"\ud800","value":"v""#,
            #""op":"set","key":"\x","value":"v""#,
            #""op":"set","key64":"/w=","value":"v""#, #""op":"set","key64":"\u0041\u0041==","value":"v""#,
            #""op":"multi","changes":[]"#, #""op":"multi","changes":[{"op":"delete","key":"a"}"#,
            #""op":"multi","changes":[{"op":"delete","key":"a"},]"#,
            #""op":"multi","changes":[{"op":"multi","changes":[{"op":"clear"}]}]"#, #""op":"clear"x"#,
            #""op":"clear" ,"x":1"#,
            #""op":"delete","key":"a"}"#,
        ])
    func refused(fields: String) {
        let error = #expect(throws: LineError.self) { try changes(fields) }
        #expect(error?.expected.isEmpty == false)
        #expect(error?.found.contains(#"{\"seq\":7"#) == true)
    }

    @Test("a line with a wrong checksum is refused, whichever byte is wrong")
    func checksum() throws {
        let good = line(#"{"seq":7,"ts":8,"op":"set","key":"k","value":"v""#, chain: 0x1234_5678)
        #expect(try parsed(good, chain: 0x1234_5678) == .record(seq: 7, timestamp: 8, crc: checksum(of: good)))
        for index in good.indices {
            var bad = good
            bad[index] ^= 0x01
            #expect(throws: LineError.self) { try parsed(bad, chain: 0x1234_5678) }
        }
        for count in good.indices {
            #expect(throws: LineError.self) { try parsed(Array(good[..<count]), chain: 0x1234_5678) }
        }
    }

    @Test("a record after another history is refused, and the error names both checksums")
    func chain() {
        let good = line(#"{"seq":7,"ts":8,"op":"clear""#, chain: 5)
        let error = #expect(throws: LineError.self) { try parsed(good, chain: 6) }
        let found = String(good.suffix(10).prefix(8).map { Character(UnicodeScalar($0)) })
        #expect(error?.found.contains("crc \(found)") == true)
        #expect(error?.expected.hasPrefix("crc ") == true)
        #expect(error?.expected.contains(found) == false)
    }

    @Test("headers and durable lines are independent of the chain")
    func standAlone() throws {
        let durable = line(#"{"durable":9007199254740991"#)
        #expect(try parsed(durable, chain: 99) == .durable(seq: 1 << 53 - 1, isClosed: false))
        let header = line(#"{"puffin":"log","version":1,"history":"5f0c9a52e1b7","seq":1,"chain":"ffffffff""#)
        #expect(
            try parsed(header, chain: 99)
                == .header(LogHeader(history: "5f0c9a52e1b7", firstSeq: 1, chain: .max)))
    }

    @Test(
        "a line of another kind is refused, though its checksum is right",
        arguments: [
            "{}", "{", "x", #"{"seq":1,"ts":2"#, #"{"seq":01,"ts":2,"op":"clear""#, #"{"seq":-1,"ts":2,"op":"clear""#,
            #"{"seq":18446744073709551616,"ts":2,"op":"clear""#, #"{"seq":1,"op":"clear""#, #"{"durable":"1""#,
            #"{"durable":""#, #"{"puffin":"log","version":2,"history":"h","seq":1,"chain":"00000000""#,
            #"{"puffin":"log","version":1,"history":"h","seq":1,"chain":"0000000""#,
            #"{"puffin":"snapshot","version":1"#, #"{"durable":1x"#, #"{"durable":1,"closed":truex"#,
            #"{"durable":{"puffin":"log","version":1,"history":"h","seq":1,"chain":"00000000""#,
            #"{"durable":1 ,"closed":true"#, #"{"durable":1,closed"#,
            #"{"puffin":"log","version":1,"history":"h","seq":1,"chain":"00000000"#,
            #"{"puffin":"log","version":1,"history":"h","seq":1,"chain":"000000001""#,
            #"{"puffin":"log","version":1,"history":"h","seq":1,"chain":"00000000"x"#,
            #"{"puffin":"log","version":1,"history":"a\u0041","seq":1,"chain":"00000000""#,
            "{\"puffin\":\"log\",\"version\":1,\"history\":\"\u{1b}[2J\",\"seq\":1,\"chain\":\"00000000\"",
        ])
    func otherKinds(body: String) {
        #expect(throws: LineError.self) { try parsed(line(body)) }
    }

    @Test("a line's excerpt is short and printable")
    func excerpt() {
        let bytes = [UInt8](repeating: 0x01, count: 100_000)
        let error = #expect(throws: LineError.self) { try parsed(bytes) }
        #expect(error?.found.hasPrefix(#""\u0001\u0001"#) == true)
        #expect((error?.found.utf8.count ?? .max) < 500)
    }

    @Test("a line's excerpt has no value in it", arguments: ["value", "value64"])
    func excerptWithoutValue(name: String) {
        let line = Array("{\"seq\":1,\"ts\":1,\"op\":\"set\",\"key\":\"k\",\"\(name)\":\"c2VjcmV0\"}\n".utf8)
        let error = #expect(throws: LineError.self) { try parsed(line) }
        #expect(error?.found.contains("key") == true)
        #expect(error?.found.contains("c2V") == false, "\(error?.found ?? "")")
    }

    private func checksum(of line: [UInt8]) -> UInt32 {
        line.span.hex32(at: line.count - 10) ?? 0
    }
}
