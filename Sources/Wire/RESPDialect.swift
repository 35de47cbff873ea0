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
        if argumentsLeft == nil {
            switch length(in: bytes, from: 1) {
            case .complete(let value, let end) where value >= 0 && value <= limits.argumentCount:
                argumentsLeft = value
                scanned = end
            case .incomplete:
                return .incomplete(missing: 1)
            default:
                return .malformed(.invalidArrayLength(limit: limits.argumentCount))
            }
        }
        while let left = argumentsLeft, left > 0 {
            guard scanned < bytes.count else { return .incomplete(missing: 1) }
            guard bytes[scanned] == UInt8(ascii: "$") else {
                return .malformed(.expectedBulk(found: bytes[scanned]))
            }
            switch length(in: bytes, from: scanned &+ 1) {
            case .complete(let size, let start) where size >= 0 && size <= limits.bulkSize:
                let end = start &+ size
                guard end &+ 2 <= limits.requestSize else {
                    return .malformed(.requestTooLarge(size: end + 2, limit: limits.requestSize))
                }
                guard end &+ 2 <= bytes.count else {
                    return .incomplete(missing: end &+ 2 &- bytes.count)
                }
                guard bytes[end] == UInt8(ascii: "\r"), bytes[end &+ 1] == UInt8(ascii: "\n") else {
                    return .malformed(.expectedEndOfBulk)
                }
                slices.append(Slice(offset: start, size: size))
                scanned = end &+ 2
                argumentsLeft = left &- 1
            case .incomplete:
                return .incomplete(missing: 1)
            default:
                return .malformed(.invalidBulkLength(limit: limits.bulkSize))
            }
        }
        return .complete(used: scanned)
    }

    /// Reads `<digits> CR LF`.
    @inline(__always)
    private func length(in bytes: Span<UInt8>, from start: Int) -> Length {
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
