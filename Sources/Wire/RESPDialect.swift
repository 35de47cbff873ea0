// Requests as Redis clients send them (RESP2 and RESP3 alike): an array of bulk strings.
//
//     *<count> CR LF   then <count> times:   $<size> CR LF <size bytes> CR LF

import Bytes

extension RequestParser {
    private enum Length {
        case complete(value: Int, end: Int)
        case incomplete
        case invalid
    }

    mutating func parseRESP(_ bytes: Span<UInt8>) -> ParseResult {
        var offset = scanned
        var left = 0
        if let argumentsLeft {
            left = argumentsLeft
        } else {
            switch arrayLength(in: bytes) {
            case .complete(let value, let end) where value <= limits.argumentCount:
                (left, offset) = (value, end)
            case .incomplete:
                return .incomplete(missing: 1)
            default:
                return .malformed(.invalidArrayLength(limit: limits.argumentCount))
            }
        }
        while left > 0 {
            guard offset < bytes.count else { return pause(at: offset, left, missing: 1) }
            guard bytes[offset] == UInt8(ascii: "$") else { return .malformed(.expectedBulk(found: bytes[offset])) }
            switch RequestParser.length(in: bytes, at: offset) {
            case .complete(let size, let start) where size >= 0 && size <= limits.bulkSize:
                let end = start &+ size
                guard end &+ 2 <= limits.requestSize else {
                    return .malformed(.requestTooLarge(size: end + 2, limit: limits.requestSize))
                }
                guard end &+ 2 <= bytes.count else {
                    return pause(at: offset, left, missing: end &+ 2 &- bytes.count)
                }
                guard bytes[end] == UInt8(ascii: "\r"), bytes[end &+ 1] == UInt8(ascii: "\n") else {
                    return .malformed(.expectedEndOfBulk)
                }
                slices.append(Slice(offset: start, size: size))
                offset = end &+ 2
                left &-= 1
            case .incomplete:
                return pause(at: offset, left, missing: 1)
            default:
                return .malformed(.invalidBulkLength(limit: limits.bulkSize))
            }
        }
        return .complete(used: offset)
    }

    /// The number of arguments. As in Redis, a negative number is none.
    @inline(__always)
    private func arrayLength(in bytes: Span<UInt8>) -> Length {
        let found = RequestParser.length(in: bytes, at: 0)
        guard case .invalid = found, bytes[1] == UInt8(ascii: "-") else { return found }
        switch RequestParser.length(in: bytes, at: 1) {
        case .complete(let value, let end) where value > 0: return .complete(value: 0, end: end)
        case .complete: return .invalid
        case let other: return other
        }
    }

    /// Peeks at the request at `offset` before it is parsed; nil if it is unusual or incomplete.
    package static func peek(in bytes: Span<UInt8>, at offset: Int) -> PeekedRequest? {
        guard offset &+ 16 <= bytes.count else { return nil }
        // `*`, a digit, CR LF, `$`, a digit, CR, and a line feed.
        let head = UInt64(littleEndian: bytes.word(at: offset))
        guard head & 0xffff_00ff_ffff_00ff == 0x0a0d_0024_0a0d_002a else { return nil }
        let count = Int(truncatingIfNeeded: head &>> 8 & 0xff) &- 0x30
        let nameSize = Int(truncatingIfNeeded: head &>> 40 & 0xff) &- 0x30
        guard nameSize >= 0, nameSize < 10, count >= 2, count < 10,
            let key = bulk(in: bytes, at: offset &+ 10 &+ nameSize)
        else { return nil }
        var end = key.offset &+ key.size &+ 2
        for _ in 2..<count {
            guard let argument = bulk(in: bytes, at: end) else { return nil }
            end = argument.offset &+ argument.size &+ 2
        }
        return PeekedRequest(key: key, end: end)
    }

    /// The bulk string at `offset`; nil if it is incomplete.
    @inline(__always)
    private static func bulk(in bytes: Span<UInt8>, at offset: Int) -> Slice? {
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: "$"),
            case .complete(let size, let start) = length(in: bytes, at: offset),
            size >= 0, size <= bytes.count &- start
        else { return nil }
        return Slice(offset: start, size: size)
    }

    /// Keeps the position inside an incomplete request.
    private mutating func pause(at offset: Int, _ left: Int, missing: Int) -> ParseResult {
        scanned = offset
        argumentsLeft = left
        return .incomplete(missing: missing)
    }

    /// Parses `<type> <digits> CR LF`, whose type has been checked.
    @inline(__always)
    private static func length(in bytes: Span<UInt8>, at offset: Int) -> Length {
        guard offset &+ 8 <= bytes.count else { return longLength(in: bytes, from: offset &+ 1) }
        // Nearly all lengths have one or two digits: those are parsed at once.
        let word = UInt64(littleEndian: bytes.word(at: offset))
        let first = word &>> 8 & 0xff &- 0x30
        if word & 0xffff_0000 == 0x0a0d_0000 {
            guard first < 10 else { return .invalid }
            return .complete(value: Int(truncatingIfNeeded: first), end: offset &+ 4)
        }
        let second = word &>> 16 & 0xff &- 0x30
        if word & 0xff_ff00_0000 == 0x0a_0d00_0000, first &- 1 < 9, second < 10 {
            return .complete(value: Int(truncatingIfNeeded: first &* 10 &+ second), end: offset &+ 5)
        }
        return longLength(in: bytes, from: offset &+ 1)
    }

    /// Parses `<digits> CR LF`.
    @inline(never)
    private static func longLength(in bytes: Span<UInt8>, from start: Int) -> Length {
        var value = 0
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            let digit = byte &- UInt8(ascii: "0")
            if digit < 10 {
                // One spelling per number, as in Redis: no leading zeros.
                guard index &- start < 18, value > 0 || index == start else { return .invalid }
                value = value &* 10 &+ Int(digit)
            } else if byte == UInt8(ascii: "\r") {
                guard index > start else { return .invalid }
                guard index &+ 1 < bytes.count else { return .incomplete }
                guard bytes[index &+ 1] == UInt8(ascii: "\n") else { return .invalid }
                return .complete(value: value, end: index &+ 2)
            } else {
                return .invalid
            }
            index &+= 1
        }
        return .incomplete
    }
}

/// What a peek can tell of a request.
package struct PeekedRequest {
    /// The first argument after the name, most likely a key.
    package let key: Slice
    /// Where the next request begins, if this one is valid.
    package let end: Int
}
