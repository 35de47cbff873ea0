// Bytes in, one reply out: the client's side of RESP2 and RESP3. As in `RequestParser`, a parser keeps its position
// inside an incomplete reply, so feeding it byte by byte costs no more. Open lists are on a stack of bounded depth, not
// on the call stack: no bytes can exhaust either. A length that a peer claims reserves no memory.

import Bytes

/// How large a reply may be. Sizes are in bytes.
package struct ReplyLimits: Sendable {
    /// How many lists, maps and the like may be nested. Redis' own replies stay below 10.
    package var nestingDepth = 32
    /// The longest line: a simple text, an error, a number or a length.
    package var lineSize = 64 << 10
    /// The largest reply as a whole; as large as Redis' largest value.
    package var replySize = 512 << 20

    package init() {}
}

/// What a parser found at the front of its bytes.
package enum ReplyIntake: Equatable, Sendable {
    /// A reply of `used` bytes.
    case complete(Reply, used: Int)
    /// The start of a reply; at least `missing` more bytes are needed, 1 or more.
    case incomplete(missing: Int)
    /// Not a reply; what follows cannot be understood either.
    case malformed(MalformedReply)
}

/// Finds the replies of one connection, one after the other.
package struct ReplyParser: ~Copyable {
    private enum Stop: Error {
        case incomplete(missing: Int)
        case malformed(MalformedReply)
    }

    private enum Item {
        case value(Reply)
        case opening(ReplyList)
    }

    /// The size of the shortest reply, `_ CR LF`.
    private static let smallestSize = 3

    private let limits: ReplyLimits
    /// Progress inside an incomplete reply: lists with missing elements, outermost first; where the next element
    /// begins; and how far its line end has been searched.
    private var open: [ReplyList] = []
    private var scanned = 0
    private var searched = 0

    package init(limits: ReplyLimits = ReplyLimits()) {
        self.limits = limits
    }

    /// Looks for one reply at the front of `bytes`. After `incomplete` it must be called with the same bytes and more
    /// after them.
    package mutating func parse(_ bytes: Span<UInt8>) -> ReplyIntake {
        let intake: ReplyIntake
        do throws(Stop) {
            let reply = try nextReply(in: bytes)
            intake = .complete(reply, used: scanned)
        } catch {
            switch error {
            case .incomplete(let missing): return .incomplete(missing: missing)
            case .malformed(let why): intake = .malformed(why)
            }
        }
        open = []
        scanned = 0
        searched = 0
        return intake
    }

    private mutating func nextReply(in bytes: Span<UInt8>) throws(Stop) -> Reply {
        while true {
            switch try nextItem(in: bytes) {
            case .value(let value):
                if let reply = close(with: value) { return reply }
            case .opening(let list) where list.missing > 0:
                guard open.count < limits.nestingDepth else {
                    throw .malformed(.tooDeep(limit: limits.nestingDepth))
                }
                open.append(list)
            case .opening(let list):
                if let value = list.reply, let reply = close(with: value) { return reply }
            }
        }
    }

    /// Adds `value` to the innermost open list, and each list completed by it to the one around it.
    /// - Returns: the reply, when no list is left open.
    private mutating func close(with value: Reply) -> Reply? {
        var value = value
        while var innermost = open.popLast() {
            innermost.elements.append(value)
            innermost.missing -= 1
            if innermost.missing > 0 {
                open.append(innermost)
                return nil
            }
            guard let whole = innermost.reply else { return nil }
            value = whole
        }
        return value
    }

    private mutating func nextItem(in bytes: Span<UInt8>) throws(Stop) -> Item {
        guard scanned < bytes.count else { throw .incomplete(missing: Self.smallestSize) }
        let type = bytes[scanned]
        switch type {
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "_"), UInt8(ascii: "#"),
            UInt8(ascii: ","), UInt8(ascii: "("):
            return .value(try nextLineValue(in: bytes, type: type))
        case UInt8(ascii: "$"), UInt8(ascii: "!"), UInt8(ascii: "="):
            return .value(try nextBulkValue(in: bytes, type: type))
        case UInt8(ascii: "*"), UInt8(ascii: "%"), UInt8(ascii: "~"), UInt8(ascii: ">"), UInt8(ascii: "|"):
            return try nextOpening(in: bytes, type: type)
        default:
            throw .malformed(.unknownType(found: type))
        }
    }

    private mutating func nextLineValue(in bytes: Span<UInt8>, type: UInt8) throws(Stop) -> Reply {
        let line = try nextLine(in: bytes)
        guard let reply = Reply(line: bytes.extracting(line), type: type) else {
            throw .malformed(.invalidValue(type: type))
        }
        try advance(to: line.upperBound + 2)
        return reply
    }

    private mutating func nextBulkValue(in bytes: Span<UInt8>, type: UInt8) throws(Stop) -> Reply {
        let line = try nextLine(in: bytes)
        let start = line.upperBound + 2
        guard let size = bytes.extracting(line).replyInteger, size >= 0 || (size == -1 && type == UInt8(ascii: "$"))
        else {
            throw .malformed(.invalidLength(type: type))
        }
        if size == -1 {
            try advance(to: start)
            return .null
        }
        guard size <= limits.replySize - start - 2 else { throw .malformed(.tooLarge(limit: limits.replySize)) }
        let end = start + Int(size)
        guard end + 2 <= bytes.count else { throw .incomplete(missing: end + 2 - bytes.count) }
        guard bytes[end] == UInt8(ascii: "\r"), bytes[end + 1] == UInt8(ascii: "\n") else {
            throw .malformed(.expectedEndOfLine)
        }
        guard let reply = Reply(bulk: bytes.extracting(start..<end), type: type) else {
            throw .malformed(.invalidValue(type: type))
        }
        try advance(to: end + 2)
        return reply
    }

    private mutating func nextOpening(in bytes: Span<UInt8>, type: UInt8) throws(Stop) -> Item {
        let line = try nextLine(in: bytes)
        let start = line.upperBound + 2
        guard let count = bytes.extracting(line).replyInteger, count >= 0 || (count == -1 && type == UInt8(ascii: "*"))
        else {
            throw .malformed(.invalidLength(type: type))
        }
        try advance(to: start)
        if count == -1 { return .value(.null) }
        let isPairs = type == UInt8(ascii: "%") || type == UInt8(ascii: "|")
        let perElement = isPairs ? 2 : 1
        guard count <= (limits.replySize - start) / (Self.smallestSize * perElement) else {
            throw .malformed(.tooLarge(limit: limits.replySize))
        }
        return .opening(ReplyList(type: type, missing: Int(count) * perElement))
    }

    /// Finds the rest of the line whose type is at `scanned`.
    /// - Returns: its range, without the type, the CR and the LF.
    private mutating func nextLine(in bytes: Span<UInt8>) throws(Stop) -> Range<Int> {
        let start = scanned + 1
        let lineFeed = bytes.newline(from: max(start, searched))
        guard (lineFeed ?? bytes.count - 1) - start <= limits.lineSize + 1 else {
            throw .malformed(.lineTooLong(limit: limits.lineSize))
        }
        guard let lineFeed else {
            searched = bytes.count
            throw .incomplete(missing: 1)
        }
        guard lineFeed > start, bytes[lineFeed - 1] == UInt8(ascii: "\r") else {
            throw .malformed(.expectedEndOfLine)
        }
        return start..<lineFeed - 1
    }

    private mutating func advance(to end: Int) throws(Stop) {
        guard end <= limits.replySize else { throw .malformed(.tooLarge(limit: limits.replySize)) }
        scanned = end
        searched = end
    }
}
