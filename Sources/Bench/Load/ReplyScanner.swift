// Where a reply ends and of what kind it is: all that a load needs. `Wire.ReplyParser` makes values, which is memory
// for each; this reads a few bytes and skips the rest.

import Bytes
import Wire

/// What is at the front of some bytes. Positions count from their start.
package enum ReplyScan: Equatable {
    /// Any other reply; `value` is the range of a text or value.
    case answer(value: Range<Int>, end: Int)
    /// The key does not exist.
    case missing(end: Int)
    /// `text` is the message, without type and line end.
    case error(text: Range<Int>, end: Int)
    /// At least this many more bytes must come.
    case incomplete(Int)
    /// Not a reply of this dialect.
    case malformed
}

/// Finds replies.
package enum ReplyScanner {
    /// No length or number of elements has more digits.
    private static let lengthDigits = 20

    /// - Parameters:
    ///   - start: the offset of the reply.
    ///   - isList: whether lines answer this request with a list.
    @inline(__always)
    package static func next(_ dialect: Dialect, in bytes: Span<UInt8>, from start: Int, isList: Bool) -> ReplyScan {
        dialect == .line ? line(in: bytes, from: start, isList: isList) : resp(in: bytes, from: start)
    }

    // MARK: Lines

    private static func line(in bytes: Span<UInt8>, from start: Int, isList: Bool) -> ReplyScan {
        guard let end = bytes.newline(from: start) else { return .incomplete(1) }
        if bytes[start] == UInt8(ascii: "E"), bytes.starts(with: "ERROR", at: start) {
            let line = bytes.extracting(start..<end)
            if line.equals(ReplyWriter.missingLine) { return .missing(end: end + 1) }
            return .error(text: min(start + 7, end)..<end, end: end + 1)
        }
        if !isList { return .answer(value: start..<end, end: end + 1) }
        return list(in: bytes, from: start, firstEnd: end)
    }

    private static func list(in bytes: Span<UInt8>, from start: Int, firstEnd: Int) -> ReplyScan {
        var (begin, end) = (start, firstEnd)
        while !bytes.extracting(begin..<end).equals("END") {
            begin = end + 1
            guard let next = bytes.newline(from: begin) else { return .incomplete(1) }
            end = next
        }
        return .answer(value: start..<begin, end: end + 1)
    }

    // MARK: RESP

    private static func resp(in bytes: Span<UInt8>, from start: Int) -> ReplyScan {
        var position = start
        var expected = 1
        var first: ReplyScan?
        while expected > 0 {
            guard position + 3 <= bytes.count else { return .incomplete(position + 3 - bytes.count) }
            let type = bytes[position]
            guard type == UInt8(ascii: "$") || type == UInt8(ascii: "*") else {
                let item = simple(in: bytes, from: position, type: type)
                guard let end = end(of: item) else { return item }
                (first, position, expected) = (first ?? item, end, expected - 1)
                continue
            }
            guard let (length, behind) = length(in: bytes, from: position + 1) else {
                return bytes.count - position > lengthDigits + 3 ? .malformed : .incomplete(1)
            }
            guard length >= -1 else { return .malformed }
            if length == -1 {
                (first, position, expected) = (first ?? .missing(end: behind), behind, expected - 1)
            } else if type == UInt8(ascii: "*") {
                (first, position) = (first ?? .answer(value: behind..<behind, end: behind), behind)
                expected += length - 1
            } else {
                let end = behind + length + 2
                guard end <= bytes.count else { return .incomplete(end - bytes.count) }
                if first == nil && expected == 1 { return .answer(value: behind..<behind + length, end: end) }
                (position, expected) = (end, expected - 1)
            }
        }
        switch first {
        case .answer(let value, _): return .answer(value: value, end: position)
        case .some(let other): return other
        case nil: return .malformed
        }
    }

    private static func end(of item: ReplyScan) -> Int? {
        switch item {
        case .answer(_, let end), .missing(let end), .error(_, let end): end
        case .incomplete, .malformed: nil
        }
    }

    private static func simple(in bytes: Span<UInt8>, from start: Int, type: UInt8) -> ReplyScan {
        switch type {
        case UInt8(ascii: "+"), UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            guard let lineFeed = bytes.newline(from: start + 1) else { return .incomplete(1) }
            let text = start + 1..<max(lineFeed - 1, start + 1)
            if type == UInt8(ascii: "-") { return .error(text: text, end: lineFeed + 1) }
            // DEL answers with the number of keys removed.
            if type == UInt8(ascii: "_") || (type == UInt8(ascii: ":") && bytes.extracting(text).equals("0")) {
                return .missing(end: lineFeed + 1)
            }
            return .answer(value: text, end: lineFeed + 1)
        default: return .malformed
        }
    }

    /// The number at `start`, and the end of its line; nil if it is incomplete or too long.
    @inline(__always)
    private static func length(in bytes: Span<UInt8>, from start: Int) -> (Int, Int)? {
        var position = start
        var value = 0
        let isNegative = position < bytes.count && bytes[position] == UInt8(ascii: "-")
        if isNegative { position &+= 1 }
        let limit = min(bytes.count, start &+ lengthDigits)
        while position < limit {
            let digit = bytes[position] &- UInt8(ascii: "0")
            if digit > 9 { break }
            value = value &* 10 &+ Int(digit)
            position &+= 1
        }
        guard position &+ 1 < bytes.count, bytes[position] == UInt8(ascii: "\r") else { return nil }
        return (isNegative ? -value : value, position &+ 2)
    }
}
