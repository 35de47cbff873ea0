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

    mutating func parseRESP(_ bytes: Span<UInt8>) -> Intake {
        var offset = scanned
        var left = 0
        if let argumentsLeft {
            left = argumentsLeft
        } else {
            switch length(in: bytes, at: 0) {
            case .complete(let value, let end) where value >= 0 && value <= limits.argumentCount:
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
            switch length(in: bytes, at: offset) {
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

    /// Keeps the place inside a request that has not come completely.
    private mutating func pause(at offset: Int, _ left: Int, missing: Int) -> Intake {
        scanned = offset
        argumentsLeft = left
        return .incomplete(missing: missing)
    }

    /// Reads `<type> <digits> CR LF`, whose type is known to be right.
    @inline(__always)
    private func length(in bytes: Span<UInt8>, at offset: Int) -> Length {
        guard offset &+ 8 <= bytes.count else { return longLength(in: bytes, from: offset &+ 1) }
        // Nearly all lengths have one digit or two: those are read in one piece.
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

    /// Reads `<digits> CR LF`.
    @inline(never)
    private func longLength(in bytes: Span<UInt8>, from start: Int) -> Length {
        var value = 0
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            let digit = byte &- UInt8(ascii: "0")
            if digit < 10 {
                // One spelling of each number, as in Redis: no leading zeros.
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
