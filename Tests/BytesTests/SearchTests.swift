import Bytes
import TestSupport
import Testing

@Suite("Search")
struct SearchTests {
    @Test("a line feed is found at every place, from every place")
    func newline() {
        for count in 0...40 {
            for place in 0...count {
                var bytes = [UInt8](repeating: 0x8a, count: count)
                if place < count { bytes[place] = 0x0a }
                for start in 0...count {
                    let found = bytes.span.newline(from: start)
                    #expect(found == (place < count && start <= place ? place : nil))
                }
            }
        }
    }

    @Test("of several line feeds the first is found")
    func firstNewline() {
        let bytes = Array("a\n\nb\n".utf8)
        let found = (0...5).map { bytes.span.newline(from: $0) }
        #expect(found == [1, 1, 2, 4, 4, nil])
    }

    @Test("an empty span has no line feed")
    func emptySpan() {
        let found = Span<UInt8>().newline(from: 0)
        #expect(found == nil)
    }

    @Test("a word is eight bytes from any place, aligned or not")
    func word() {
        let bytes: [UInt8] = Array(0..<24)
        for offset in 0...16 {
            let word = UInt64(littleEndian: bytes.span.word(at: offset))
            let expected = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
            #expect(word == expected)
        }
    }

    @Test("the last word is the bytes that are left, and zeros")
    func lastWord() {
        let bytes: [UInt8] = [0xff, 0x81, 2, 3, 4, 5, 6, 0xf7]
        for offset in 1...8 {
            let word = bytes.span.lastWord(at: offset)
            let expected = bytes[offset...].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            #expect(word == expected)
        }
    }

    @Test("spans are equal when their counts and all their bytes are")
    func equals() {
        for count in 0...40 {
            let bytes: [UInt8] = (0..<count).map { UInt8($0 * 5) }
            let copy = bytes.map { $0 }
            let isEqual = bytes.span.equals(copy.span)
            #expect(isEqual)
            let longer = bytes + [0]
            let isLongerEqual = bytes.span.equals(longer.span) || longer.span.equals(bytes.span)
            #expect(!isLongerEqual)
            for place in 0..<count {
                var other = bytes
                other[place] ^= 0x80
                let isOtherEqual = bytes.span.equals(other.span)
                #expect(!isOtherEqual)
            }
        }
    }

    @Test("a text is found at its position, and never past the end")
    func startsWith() {
        let bytes = Array("say \"hello\"".utf8)
        let found = (-1...12).filter { bytes.span.starts(with: "hello", at: $0) }
        let empty = (-1...12).filter { bytes.span.starts(with: "", at: $0) }
        let atEnd = bytes.span.starts(with: "\"x", at: 10)
        #expect(found == [5])
        #expect(empty == Array(0...11))
        #expect(!atEnd)
    }

    @Test("a text is equal to all of the bytes, or not")
    func equalsText() {
        let bytes = Array("GETRANGE".utf8)
        let whole = bytes.span.equals("GETRANGE")
        let (prefix, longer, other) = (
            bytes.span.equals("GETRANG"), bytes.span.equals("GETRANGES"), bytes.span.equals("GETRANGe")
        )
        #expect(whole)
        #expect(!prefix && !longer && !other)
    }

    @Test("letters are compared in either case, and no other byte is")
    func ignoringCase() {
        for byte in UInt8.min...UInt8.max {
            let isLetter = (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
            #expect(upperCased(byte) == (isLetter ? byte & 0xdf : byte))
        }
        for text in ["set", "SET", "sEt"] {
            let bytes = Array(text.utf8)
            let isEqual = bytes.span.equalsIgnoringCase("SET")
            #expect(isEqual)
        }
        for text in ["se", "sett", "\u{13}et", "s\u{5}t", ""] {
            let bytes = Array(text.utf8)
            let isEqual = bytes.span.equalsIgnoringCase("SET")
            #expect(!isEqual)
        }
    }

    /// Texts that begin alike, end early, and hold bytes of every kind.
    private static func texts(seed: UInt64) -> [[UInt8]] {
        var random = SeededRandom(seed: seed)
        let beginnings: [[UInt8]] = [[], Array("user:".utf8), Array("user:0000000".utf8), [0xff, 0x00, 0x80]]
        return (0..<60).map { _ in
            beginnings[random.below(4)] + random.bytes(random.below(12), from: [0x00, 0x01, 0x61, 0x7f, 0x80, 0xff])
        }
    }

    @Test(
        "comparing is by bytes, as numbers without a sign, and a beginning comes before the whole",
        arguments: SeededRandom.seeds(3))
    func order(seed: UInt64) {
        for one in Self.texts(seed: seed) {
            for other in Self.texts(seed: seed + 1) + [one] {
                let order = one.span.compared(with: other.span)
                let expected = one == other ? 0 : one.lexicographicallyPrecedes(other) ? -1 : 1
                #expect(order.signum() == expected, "\(one), \(other)")
                let (prefix, otherPrefix) = (one.span.sortingPrefix, other.span.sortingPrefix)
                if prefix != otherPrefix { #expect((prefix < otherPrefix) == (expected < 0), "\(one), \(other)") }
            }
        }
    }

    @Test(
        "a common prefix is found to the byte, and no further than requested",
        arguments: SeededRandom.seeds(3))
    func shared(seed: UInt64) {
        for one in Self.texts(seed: seed) {
            for other in Self.texts(seed: seed + 1) + [one] {
                let expected = zip(one, other).prefix { $0 == $1 }.count
                for limit in [0, 3, 8, 40] {
                    let size = one.span.sharedSize(with: other.span, atMost: limit)
                    #expect(size == min(expected, limit), "\(one), \(other)")
                }
            }
        }
    }
}
