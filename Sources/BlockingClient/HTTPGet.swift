// One GET over HTTP/1.1, for tools that ask a server whether it lives. What is asked for is small, and a deadline holds for all of it.

import Bytes

/// The reply to a GET.
package struct HTTPReply: Equatable, Sendable {
    package let status: Int
    /// The body, without the line feeds at its end.
    package let body: String

    package init(status: Int, body: String) { (self.status, self.body) = (status, body) }

    /// A longer reply is not one of a health check.
    private static let largestSize = 64 << 10

    /// Asks for a path, on a connection of its own.
    /// - Parameters:
    ///   - path: with what stands behind the question mark.
    ///   - timeLimit: for everything but the resolution of the name.
    /// - Throws: `SocketError`, also if the reply is not one of HTTP, or too long.
    package static func get(
        _ path: String, from endpoint: Endpoint, security: BlockingSecurity?, timeLimit: Duration
    ) throws(SocketError) -> HTTPReply {
        let deadline = ContinuousClock.now + timeLimit
        var input = ByteBuffer()
        let socket = try Connection.connect(to: endpoint, security, into: &input, deadline: deadline)
        var request = ByteBuffer()
        request.append(text: "GET \(path) HTTP/1.1\r\nHost: \(endpoint)\r\nConnection: close\r\n\r\n")
        while !request.isEmpty { request.removeFirst(try socket.send(request.bytes, deadline: deadline)) }
        while true {
            if let reply = try parse(String(input.bytes)) { return reply }
            guard input.count < largestSize else {
                throw .failed(reason: "the reply has more than \(largestSize) bytes")
            }
            try socket.receive(upTo: 4096, into: &input, deadline: deadline)
        }
    }

    /// Parses a reply that has its size.
    /// - Returns: nil if more of it must come.
    /// - Throws: `SocketError.failed` if it is not one of HTTP.
    package static func parse(_ text: String) throws(SocketError) -> HTTPReply? {
        let bytes = Array(text.utf8)
        let beginning = Array("HTTP/1.".utf8)
        guard bytes.prefix(beginning.count).elementsEqual(beginning.prefix(bytes.count)) else {
            throw .failed(reason: "what answers there does not speak HTTP")
        }
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
        let lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
        let words = lines[0].split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]), (100...599).contains(status) else {
            throw .failed(reason: "what answers there has no status of HTTP")
        }
        let size = lines.lazy.compactMap { line -> Int? in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "content-length" else { return nil }
            return Int(parts[1].drop { $0 == " " }.prefix { $0 != " " })
        }.first
        guard let size, size >= 0 else { throw .failed(reason: "the reply does not say its size") }
        let body = bytes[end.upperBound...]
        guard body.count >= size else { return nil }
        var content = String(decoding: body.prefix(size), as: UTF8.self)
        while content.hasSuffix("\n") { content.removeLast() }
        return HTTPReply(status: status, body: content)
    }
}
