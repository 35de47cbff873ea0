// A connection of HTTP without a socket: bytes arrive in pieces, requests are taken from the front, as a session does
// it.

import Bytes
import Wire

/// What came out of a run of bytes.
package struct HTTPTranscript: Equatable, CustomStringConvertible {
    /// A complete request. Texts are bytes.
    package struct Request: Equatable {
        package var method = HTTPMethod.other
        package var methodName: [UInt8] = []
        package var target: [UInt8] = []
        package var path: [UInt8] = []
        package var query: [UInt8]?
        package var authority: [UInt8]?
        package var host: [UInt8]?
        package var minorVersion = 1
        package var persistence = HTTPPersistence.open
        package var expectsContinue = false
        package var contentLength: Int?
        package var isChunked = false
        /// Names and values, in turn.
        package var fields: [[UInt8]] = []
        package var body: [UInt8] = []

        package init() {}
    }

    /// How it ended.
    package enum Ending: Equatable {
        /// Everything was used.
        case drained
        case incomplete
        case malformed(HTTPError)
    }

    package private(set) var requests: [Request] = []
    /// Where each request ends, in bytes from the start of the input.
    package private(set) var ends: [Int] = []
    package private(set) var ending = Ending.drained
    /// False claims of the parser about itself; empty if all is well.
    package private(set) var untruths: [String] = []

    package static let limits = HTTPLimits(targetSize: 200, headSize: 1_000, fieldCount: 8, bodySize: 500)

    /// Feeds `input` to a new parser: up to each of `cuts`, in order, then all of it.
    /// - Parameter routeLimit: the limit of every body, set after the head as a route does it.
    package init(
        _ input: [UInt8], cuts: [Int] = [], limits: HTTPLimits = HTTPTranscript.limits, routeLimit: Int? = nil
    ) {
        var parser = HTTPParser(limits: limits)
        var progress = Progress()
        for fed in cuts + [input.count] {
            ending = .drained
            while case .drained = ending, progress.start < fed {
                let bytes = input.span.extracting(progress.start..<fed)
                take(from: bytes, &progress, with: &parser, routeLimit: routeLimit)
            }
            if case .malformed = ending { return }
        }
    }

    private struct Progress {
        /// Where the request in progress begins, and the earliest end of it that the parser claims.
        var start = 0
        var earliestEnd = 0
        /// Whether its head was announced.
        var hasHead = false
    }

    private mutating func take(
        from bytes: Span<UInt8>, _ progress: inout Progress, with parser: inout HTTPParser, routeLimit: Int?
    ) {
        switch parser.parse(bytes) {
        case .head:
            if progress.hasHead { untruths.append("a second head") }
            if !parser.isHeadComplete { untruths.append("a head that is not complete") }
            progress.hasHead = true
            if let routeLimit { parser.limitBody(to: routeLimit) }
        case .complete(let used):
            progress.start += used
            if used < 1 || used > bytes.count { untruths.append("used \(used) of \(bytes.count) bytes") }
            if progress.start < progress.earliestEnd {
                untruths.append("complete at \(progress.start), said to miss bytes up to \(progress.earliestEnd)")
            }
            let request = Request(parser, in: bytes.extracting(0..<used))
            let hasBody = request.isChunked || request.contentLength ?? 0 > 0
            if progress.hasHead != hasBody { untruths.append("a body without an announced head, or the reverse") }
            requests.append(request)
            ends.append(progress.start)
            progress = Progress(start: progress.start)
        case .incomplete(let missing):
            if missing < 1 { untruths.append("missing \(missing) bytes") }
            if parser.isHeadComplete != progress.hasHead { untruths.append("a head that was not announced") }
            progress.earliestEnd = max(progress.earliestEnd, progress.start + bytes.count + missing)
            ending = .incomplete
        case .malformed(let error):
            ending = .malformed(error)
        }
    }

    package var description: String {
        let texts = requests.map { "\(text($0.methodName)) \(text($0.target)) \(text($0.body))" }
        return "[\(texts.joined(separator: " | "))] ending at \(ends), then \(ending)"
            + (untruths.isEmpty ? "" : ", though \(untruths.joined(separator: ", "))")
    }

    private func text(_ bytes: [UInt8]) -> String { String(bytes.span).debugDescription }
}

extension HTTPTranscript.Request {
    /// - Parameter bytes: those of the request that `parser` has completed.
    fileprivate init(_ parser: borrowing HTTPParser, in bytes: Span<UInt8>) {
        let head = parser.head(in: bytes)
        method = parser.method
        methodName = Array(head.method)
        target = Array(head.target)
        path = Array(head.path)
        if let query = head.query { self.query = Array(query) }
        if let authority = head.authority { self.authority = Array(authority) }
        if let host = head.host { self.host = Array(host) }
        minorVersion = parser.minorVersion
        persistence = parser.persistence
        expectsContinue = parser.expectsContinue
        contentLength = parser.contentLength
        isChunked = parser.isChunked
        for index in 0..<head.fieldCount {
            fields.append(Array(head.fieldName(at: index)))
            fields.append(Array(head.fieldValue(at: index)))
        }
        body = Array(parser.body(in: bytes))
    }
}
