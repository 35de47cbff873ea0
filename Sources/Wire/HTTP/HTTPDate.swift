// The time as the field Date of HTTP has it.

import Bytes

/// A second in UTC as an IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7). Setting it to the
/// second that it has costs nothing.
package struct HTTPDate: Sendable {
    /// Bytes of the text.
    package static let size = 29

    /// Since 1970 began in UTC.
    package private(set) var seconds: Int
    private var text = InlineArray<29, UInt8>(repeating: UInt8(ascii: " "))

    /// - Parameter seconds: since 1970, from 0 to the end of the year 9999.
    package init(seconds: Int) {
        self.seconds = seconds
        write()
    }

    /// - Parameter seconds: since 1970, from 0 to the end of the year 9999.
    package mutating func set(_ seconds: Int) {
        guard seconds != self.seconds else { return }
        self.seconds = seconds
        write()
    }

    /// The text.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get { text.span }
    }

    private mutating func write() {
        // 253402300799 is 9999-12-31T23:59:59Z: the year has four digits.
        let seconds = max(0, min(seconds, 253_402_300_799))
        let days = seconds / 86_400
        let date = CivilDate(days: days)
        // 1970 began on a Thursday.
        put(HTTPDate.weekdays[(days + 4) % 7], at: 0)
        text[3] = UInt8(ascii: ",")
        put(number: date.day, digits: 2, at: 5)
        put(HTTPDate.months[date.month - 1], at: 8)
        put(number: date.year, digits: 4, at: 12)
        put(number: seconds % 86_400 / 3600, digits: 2, at: 17)
        text[19] = UInt8(ascii: ":")
        put(number: seconds % 3600 / 60, digits: 2, at: 20)
        text[22] = UInt8(ascii: ":")
        put(number: seconds % 60, digits: 2, at: 23)
        put(HTTPDate.zone, at: 26)
    }

    private mutating func put(number: Int, digits: Int, at offset: Int) {
        var rest = number
        for index in stride(from: offset + digits - 1, through: offset, by: -1) {
            text[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }

    private typealias Word = InlineArray<3, UInt8>

    private mutating func put(_ word: Word, at offset: Int) {
        for index in 0..<3 { text[offset + index] = word[index] }
    }

    private static func word(_ first: Unicode.Scalar, _ second: Unicode.Scalar, _ third: Unicode.Scalar) -> Word {
        [UInt8(ascii: first), UInt8(ascii: second), UInt8(ascii: third)]
    }

    private static let zone = word("G", "M", "T")
    private static let weekdays: InlineArray<7, Word> = [
        word("S", "u", "n"), word("M", "o", "n"), word("T", "u", "e"), word("W", "e", "d"), word("T", "h", "u"),
        word("F", "r", "i"), word("S", "a", "t"),
    ]
    private static let months: InlineArray<12, Word> = [
        word("J", "a", "n"), word("F", "e", "b"), word("M", "a", "r"), word("A", "p", "r"), word("M", "a", "y"),
        word("J", "u", "n"), word("J", "u", "l"), word("A", "u", "g"), word("S", "e", "p"), word("O", "c", "t"),
        word("N", "o", "v"), word("D", "e", "c"),
    ]
}
