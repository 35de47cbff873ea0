// A moment as Unix milliseconds, as in the log, and as RFC 3339 text.

/// A moment since 1970 began in UTC.
package struct Timestamp: Equatable, Sendable {
    package var milliseconds: UInt64

    package init(milliseconds: UInt64) { self.milliseconds = milliseconds }

    /// Parses `2026-01-15T10:30:00.250Z`, with any fraction and offset (`+02:00`); a date alone, which is midnight UTC;
    /// or digits: Unix seconds below 100,000,000,000 (the year 5138), Unix milliseconds from there on.
    /// - Returns: nil for anything else, including days that do not exist, moments before 1970 and more than
    ///   `Number.largest`.
    package init?(parsing text: String) {
        var reader = TimestampReader(Array(text.utf8))
        guard let milliseconds = reader.unixTime() ?? reader.moment() else { return nil }
        self.milliseconds = milliseconds
    }
}

extension ByteBuffer {
    /// Appends a moment in UTC with milliseconds: `2026-01-15T10:30:00.250Z`.
    package mutating func append(time: Timestamp) {
        let seconds = time.milliseconds / 1000
        let date = CivilDate(days: Int(seconds / 86_400))
        append(date.year, digits: 4)
        append("-")
        append(date.month, digits: 2)
        append("-")
        append(date.day, digits: 2)
        append("T")
        append(Int(seconds % 86_400 / 3600), digits: 2)
        append(":")
        append(Int(seconds % 3600 / 60), digits: 2)
        append(":")
        append(Int(seconds % 60), digits: 2)
        append(".")
        append(Int(time.milliseconds % 1000), digits: 3)
        append("Z")
    }

    private mutating func append(_ number: Int, digits: Int) {
        var limit = 10
        for _ in 1..<digits {
            if number < limit { append(UInt8(ascii: "0")) }
            limit *= 10
        }
        append(decimal: number)
    }
}

/// A day of the Gregorian calendar, by the algorithms of Howard Hinnant ("chrono-compatible low-level date algorithms").
package struct CivilDate {
    package let year: Int
    /// From 1 to 12.
    package let month: Int
    /// From 1 to 31.
    package let day: Int

    init(year: Int, month: Int, day: Int) {
        (self.year, self.month, self.day) = (year, month, day)
    }

    /// - Parameter days: since 1970-01-01, 0 or more.
    package init(days: Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days since 1970-01-01; negative before. The year is not negative.
    var days: Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    var isValid: Bool {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...12).contains(month) && (1...lengths[month - 1]).contains(day)
    }
}

/// Parses a moment's parts from left to right.
private struct TimestampReader {
    private let text: [UInt8]
    private var offset = 0

    init(_ text: [UInt8]) { self.text = text }

    private var isAtEnd: Bool { offset == text.count }

    /// Digits alone.
    func unixTime() -> UInt64? {
        guard let number = text.span.number else { return nil }
        return number < 100_000_000_000 ? number * 1000 : number
    }

    mutating func moment() -> UInt64? {
        guard let year = number(4), skip("-"), let month = number(2), skip("-"), let day = number(2) else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        guard date.isValid else { return nil }
        let midnight = date.days * 86_400_000
        guard !isAtEnd else { return UInt64(exactly: midnight) }
        guard skip("T") || skip("t") || skip(" "), let time = timeOfDay(), let zone = zone(), isAtEnd
        else { return nil }
        return UInt64(exactly: midnight + time - zone)
    }

    private mutating func timeOfDay() -> Int? {
        guard let hour = number(2), hour < 24, skip(":"), let minute = number(2), minute < 60, skip(":"),
            // 60 is a leap second.
            let second = number(2), second <= 60
        else { return nil }
        var milliseconds = 0
        if skip(".") {
            guard let fraction = fraction() else { return nil }
            milliseconds = fraction
        }
        return (hour * 3600 + minute * 60 + second) * 1000 + milliseconds
    }

    /// Digits after the point, in milliseconds; finer digits are dropped.
    private mutating func fraction() -> Int? {
        let start = offset
        var milliseconds = 0
        var unit = 100
        while offset < text.count, text[offset] &- UInt8(ascii: "0") < 10 {
            milliseconds += Int(text[offset] &- UInt8(ascii: "0")) * unit
            unit /= 10
            offset += 1
        }
        return offset > start ? milliseconds : nil
    }

    /// In milliseconds; positive east of Greenwich.
    private mutating func zone() -> Int? {
        if skip("Z") || skip("z") { return 0 }
        let sign = skip("+") ? 1 : skip("-") ? -1 : 0
        guard sign != 0, let hour = number(2), hour < 24, skip(":"), let minute = number(2), minute < 60
        else { return nil }
        return sign * (hour * 60 + minute) * 60_000
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard offset < text.count, text[offset] == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    /// A number of exactly this many digits.
    private mutating func number(_ digits: Int) -> Int? {
        guard offset + digits <= text.count else { return nil }
        var value = 0
        for _ in 0..<digits {
            let digit = text[offset] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
            offset += 1
        }
        return value
    }
}
