// The rule that makes the line dialect safe for scripts: a reply is an error if and only if it begins with ERROR, and
// what GET answers, put behind `SET k `, sets the same value.

import Bytes
import FuzzChecks
import TestSupport
import Testing
import Wire

@Suite("Line replies as requests")
struct ReplyIdentityTests {
    private func reply(_ value: [UInt8]) -> [UInt8] {
        var writer = ReplyWriter()
        writer.value(value.span)
        return Array(writer.buffer.bytes)
    }

    private func check(_ value: [UInt8]) {
        let line = reply(value)
        #expect(line.last == 0x0a)
        #expect(!line.dropLast().contains(0x0a), "\(value)")
        #expect(!line.starts(with: "ERROR".bytes), "\(value)")
        #expect(!line.dropLast().contains { $0 < 0x20 || $0 == 0x7f }, "\(value)")
        #expect(Transcript("SET k ".bytes + line).requests == [["SET".bytes, "k".bytes, value]], "\(value)")
        #expect(Transcript("ECHO ".bytes + line).requests == [["ECHO".bytes, value]], "\(value)")
        let carriageReturned = line.dropLast() + [0x0d, 0x0a]
        #expect(
            Transcript("SET k ".bytes + carriageReturned).requests == [["SET".bytes, "k".bytes, value]], "\(value)")
    }

    @Test("setting a reply's text is the identity, for all values of up to two bytes")
    func short() {
        check([])
        for first in UInt8.min...UInt8.max {
            check([first])
            for second: UInt8 in [0x00, 0x09, 0x0a, 0x0d, 0x20, 0x22, 0x41, 0x5c, 0x7f, 0x80, 0xff] {
                check([first, second])
                check([second, first])
            }
        }
    }

    @Test(
        "setting a reply's text is the identity, for texts that look like something else",
        arguments: [
            "ERROR", "ERROR: Key not found", "ERRORx", "ERRO", " ERROR", "error", "END", "\"", "\"\"", "\"a\"",
            " \"a\"",
            "\\", "\\n", "\\u0041", " ", "  two  ", "*1\r\n$4\r\nPING\r\n", "SET k v", "OK", "\r", "a\r", "\u{feff}",
        ])
    func lookalikes(text: String) {
        check(text.bytes)
    }

    @Test("setting a reply's text is the identity, for seeded values", arguments: SeededRandom.seeds(10))
    func seeded(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let alphabet = "ERROR\"\\ \r\n\tnu0aEND".bytes + [0, 0x1f, 0x7f, 0x80, 0xff]
        for _ in 0..<500 {
            check(random.bytes(random.below(60)))
            check(random.bytes(random.below(20), from: alphabet))
            check("ERROR".bytes.prefix(random.below(6)) + random.bytes(random.below(5), from: alphabet))
        }
    }

    @Test("a key may be given as it was answered, between the words of a request", arguments: SeededRandom.seeds(5))
    func quotedKeys(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let (key, value) = (random.bytes(random.below(20)), random.bytes(random.below(20)))
            var quoted = ByteBuffer()
            quoted.append(lineQuoted: key.span)
            let line = "SET ".bytes + Array(quoted.bytes) + " ".bytes + reply(value)
            #expect(Transcript(line).requests == [["SET".bytes, key, value]])
        }
    }

    @Test("an error reply begins with ERROR")
    func errors() {
        for message in ["Key not found", "", "\"quoted\""] {
            var writer = ReplyWriter()
            writer.error(ReplyError(message))
            let line = Array(writer.buffer.bytes)
            #expect(line == "ERROR: \(message)\n".bytes)
        }
    }
}
