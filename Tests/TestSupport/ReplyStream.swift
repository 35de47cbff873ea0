// Replies as a client library reads them: the next one, whole, from a buffer of what has come.

/// A reply in either dialect.
package enum WireReply: Equatable, Sendable {
    /// A line of the line dialect, or a simple string of RESP.
    case line(String)
    case error(String)
    case integer(Int)
    case bulk([UInt8])
    case missing
    case array([WireReply])
}

/// Reads one connection's replies.
package struct ReplyStream {
    private let connection: WireConnection
    private var bytes: [UInt8] = []
    private var index = 0

    package init(_ connection: WireConnection) {
        self.connection = connection
    }

    /// The next reply line of the line dialect.
    /// - Returns: nil if the connection ends before it is complete.
    package mutating func nextLine() throws -> [UInt8]? {
        var scanned = index
        while true {
            if let feed = bytes[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { index = feed + 1 }
                return Array(bytes[index..<feed])
            }
            scanned = bytes.count - index
            guard try fill() else { return nil }
        }
    }

    /// The next reply of RESP2 or RESP3; a push is an array.
    /// - Returns: nil if the connection ends before it is complete.
    package mutating func next() throws -> WireReply? {
        guard let line = try nextLine() else { return nil }
        let text = String(decoding: line.dropFirst().dropLast(), as: UTF8.self)
        switch line.first {
        case UInt8(ascii: "+"): return .line(text)
        case UInt8(ascii: "-"): return .error(text)
        case UInt8(ascii: ":"): return .integer(Int(text) ?? 0)
        case UInt8(ascii: "$"): return try bulk(size: Int(text) ?? -1)
        case UInt8(ascii: "_"): return .missing
        case UInt8(ascii: "*"), UInt8(ascii: ">"):
            var replies: [WireReply] = []
            for _ in 0..<(Int(text) ?? 0) {
                guard let reply = try next() else { return nil }
                replies.append(reply)
            }
            return .array(replies)
        default: throw WireError(description: "no reply of RESP: \(String(decoding: line, as: UTF8.self))")
        }
    }

    private mutating func bulk(size: Int) throws -> WireReply? {
        guard size >= 0 else { return .missing }
        while bytes.count - index < size + 2 {
            guard try fill() else { return nil }
        }
        defer { index += size + 2 }
        return .bulk(Array(bytes[index..<index + size]))
    }

    /// Waits for more bytes, which moves what is there to the front.
    /// - Returns: false at the end of the connection.
    private mutating func fill() throws -> Bool {
        bytes.removeFirst(index)
        index = 0
        let more = try connection.receive()
        bytes += more
        return !more.isEmpty
    }
}
