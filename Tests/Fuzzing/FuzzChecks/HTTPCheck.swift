// Requests of HTTP: the outcome does not depend on how the network cut the bytes, the limits hold, what is accepted
// keeps to RFC 9112 by a second, simpler reading, and a request that is written again is read again as the same one.

import Bytes
import Wire

/// Small, so that short inputs reach every limit.
private let limits = HTTPLimits(targetSize: 30, headSize: 120, fieldCount: 4, bodySize: 40)
/// Large enough for whatever those let through.
private let ample = HTTPLimits(targetSize: 1_000, headSize: 10_000, fieldCount: 20, bodySize: 1_000)

/// Checks a server's parser on what a client of HTTP sends.
func checkHTTP(_ input: [UInt8]) throws(BrokenProperty) {
    let whole = HTTPTranscript(input, limits: limits)
    try require(whole.untruths.isEmpty, "\(whole)")
    for cuts in cuts(of: input) {
        let cut = HTTPTranscript(input, cuts: cuts, limits: limits)
        try require(cut == whole, "cut at \(cuts.count == 1 ? "\(cuts)" : "every byte"): \(cut), whole: \(whole)")
    }
    let limited = HTTPTranscript(input, limits: limits, routeLimit: 10)
    try require(
        limited.untruths.isEmpty && limited.requests.allSatisfy { $0.body.count <= 10 }
            && limited.requests.elementsEqual(whole.requests.prefix(limited.requests.count)),
        "with a limit of 10 bytes: \(limited), without: \(whole)")
    if case .malformed(let error) = whole.ending {
        let reason = error.reason.description
        try require(reason.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f }, "not one line: \(reason)")
    }
    for (index, request) in whole.requests.enumerated() {
        let start = index == 0 ? 0 : whole.ends[index - 1]
        try check(request, Array(input[start..<whole.ends[index]]))
        try checkWrittenAgain(request)
    }
    try checkTarget(input)
}

/// Reads the head again, line by line, and compares.
private func check(_ request: HTTPTranscript.Request, _ bytes: [UInt8]) throws(BrokenProperty) {
    try require(
        request.body.count <= limits.bodySize && request.fields.count <= limits.fieldCount * 2
            && request.target.count <= limits.targetSize,
        "beyond the limits: \(shown(bytes))")
    // Twice the body; the head, the framing and the trailers have a limit each.
    try require(bytes.count <= request.body.count * 2 + limits.headSize * 3, "too much input: \(shown(bytes))")
    var rest = bytes[...]
    if rest.starts(with: [0x0d, 0x0a]) { rest = rest.dropFirst(2) }
    var lines: [[UInt8]] = []
    while lines.last != [] {
        guard let feed = rest.firstIndex(of: 0x0a), feed > rest.startIndex, rest[feed - 1] == 0x0d else {
            throw BrokenProperty(description: "no line of HTTP in \(shown(bytes))")
        }
        lines.append(Array(rest[..<(feed - 1)]))
        rest = rest[(feed + 1)...]
    }
    let isPlain = lines.allSatisfy { $0.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 } }
    try require(isPlain, "a control byte in \(shown(bytes))")
    let words = lines[0].split(separator: 0x20, omittingEmptySubsequences: false).map(Array.init)
    try require(
        words == [request.methodName, request.target, Array("HTTP/1.\(request.minorVersion)".utf8)],
        "another request line: \(shown(bytes))")
    try require(lines.count - 2 == request.fields.count / 2, "other fields: \(shown(bytes))")
    try checkFraming(request, names: lines.dropFirst().dropLast(), rest: Array(rest), bytes)
}

/// The body is what the only field about it says.
private func checkFraming(
    _ request: HTTPTranscript.Request, names lines: ArraySlice<[UInt8]>, rest: [UInt8], _ bytes: [UInt8]
) throws(BrokenProperty) {
    let names = lines.map { line in
        String(Array(line.prefix { $0 != UInt8(ascii: ":") }).span).lowercased()
    }
    let lengths = names.count { $0 == "content-length" }
    let codings = names.count { $0 == "transfer-encoding" }
    try require(
        lengths + codings <= 1 && (lengths == 1) == (request.contentLength != nil)
            && (codings == 1) == request.isChunked,
        "two sizes: \(shown(bytes))")
    try require(names.count { $0 == "host" } == (request.authority == nil ? 0 : 1), "hosts: \(shown(bytes))")
    try require(request.minorVersion == 0 || request.authority != nil, "no host: \(shown(bytes))")
    guard !request.isChunked else { return }
    try require(request.body == rest && rest.count == request.contentLength ?? 0, "another body: \(shown(bytes))")
}

/// A request written from its parts, with its body in chunks of two sizes and once as a whole, is the same request.
private func checkWrittenAgain(_ request: HTTPTranscript.Request) throws(BrokenProperty) {
    var head = request.methodName + [0x20] + request.target + Array(" HTTP/1.1\r\n".utf8)
    var hasHost = false
    for index in stride(from: 0, to: request.fields.count, by: 2) {
        let text = request.fields[index]
        let name = text.span
        if name.equalsIgnoringCase("CONTENT-LENGTH") || name.equalsIgnoringCase("TRANSFER-ENCODING") { continue }
        if name.equalsIgnoringCase("HOST") { hasHost = true }
        head += text + [UInt8(ascii: ":")] + request.fields[index + 1] + [0x0d, 0x0a]
    }
    if !hasHost { head += Array("host: h\r\n".utf8) }
    let sized = head + Array("Content-Length: \(request.body.count)\r\n\r\n".utf8) + request.body
    var chunked = head + Array("Transfer-Encoding: chunked\r\n\r\n".utf8)
    for (first, size) in [(0, 1), (1, request.body.count - 1)] where first < request.body.count && size > 0 {
        let chunk = request.body[first..<first + size]
        chunked += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + [0x0d, 0x0a]
    }
    chunked += Array("0\r\n\r\n".utf8)
    for bytes in [sized, chunked] {
        let again = HTTPTranscript(bytes, limits: ample)
        try require(
            again.requests.count == 1 && again.ending == .drained && again.requests[0].body == request.body
                && again.requests[0].path == request.path && again.requests[0].query == request.query
                && again.requests[0].method == request.method,
            "\(shown(bytes)) is read as \(again)")
    }
}

/// Decoding gives no more bytes than there were, and what is written with every byte escaped is decoded as it was.
private func checkTarget(_ input: [UInt8]) throws(BrokenProperty) {
    var decoded = ByteBuffer()
    try? decoded.append(percentDecoded: input.span)
    try require(decoded.count <= input.count, "longer when decoded: \(shown(input))")
    let digits = Array("0123456789abcdefABCDEF".utf8)
    let escaped = input.flatMap { [UInt8(ascii: "%"), digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    var again = ByteBuffer()
    do {
        try again.append(percentDecoded: escaped.span)
        if let query = try? HTTPQuery(input.span) { try require(query.count <= 32, "a large query: \(shown(input))") }
        let query = try HTTPQuery((Array("a=".utf8) + escaped + Array("&b".utf8)).span)
        let value = if let value = query.value(of: "a") { Array(value) } else { [UInt8]() }
        try require(value == input && query.count == 2, "another parameter: \(shown(input))")
    } catch let error as BrokenProperty {
        throw error
    } catch {
        throw BrokenProperty(description: "\(shown(escaped)) is refused: \(error)")
    }
    try require(Array(again.bytes) == input, "\(shown(escaped)) is decoded as \(shown(Array(again.bytes)))")
}
