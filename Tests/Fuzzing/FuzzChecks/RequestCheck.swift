// Requests: the outcome does not depend on how the network cut the bytes, the limits hold, and a request that is written
// again is read again as the same one.

import Bytes
import LogFormat
import Store
import Wire

/// Small, so that short inputs reach every limit.
private let limits = RequestLimits(lineSize: 100, bulkSize: 40, argumentCount: 6, requestSize: 120)
/// Large enough for whatever those let through.
private let ample = RequestLimits(lineSize: 10_000, bulkSize: 10_000, argumentCount: 200, requestSize: 20_000)

/// Checks a server's parser on what a client sends.
func checkRequests(_ input: [UInt8]) throws(BrokenProperty) {
    let whole = Transcript(input, limits: limits)
    try require(whole.untruths.isEmpty, "\(whole)")
    for cuts in cuts(of: input) {
        let cut = Transcript(input, cuts: cuts, limits: limits)
        try require(cut.untruths.isEmpty, "\(cut)")
        try require(
            cut.requests == whole.requests && cut.dialects == whole.dialects && cut.ends == whole.ends
                && cut.ending.kind == whole.ending.kind,
            "cut at \(cuts.count == 1 ? "\(cuts)" : "every byte"): \(cut), whole: \(whole)")
    }
    if case .malformed(let error) = whole.ending {
        try require(error.message.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f }, "not one line: \(error.message)")
    }
    for (index, request) in whole.requests.enumerated() {
        let start = index == 0 ? 0 : whole.ends[index - 1]
        let bytes = Array(input[start..<whole.ends[index]])
        switch whole.dialects[index] {
        case .resp: try check(resp: request, bytes)
        case .line: try check(line: request, bytes)
        }
    }
}

/// The ways to cut an input: after every byte, and at one place.
func cuts(of input: [UInt8]) -> [[Int]] {
    input.isEmpty ? [] : [Array(1..<input.count), [cut(of: input)]]
}

/// A place in the input that the input itself decides, so that it is the same each time.
func cut(of input: [UInt8]) -> Int {
    input.isEmpty ? 0 : Int(CRC32C.extend(0, with: input.span)) % input.count
}

extension Transcript.Ending {
    /// The ending without the one thing that may differ: how much of a line that is too long has been read.
    fileprivate var kind: Transcript.Ending {
        if case .malformed(.lineTooLong(let size, let limit)) = self, size > limit {
            return .malformed(.lineTooLong(size: limit + 1, limit: limit))
        }
        return self
    }
}

private func check(resp request: [[UInt8]], _ bytes: [UInt8]) throws(BrokenProperty) {
    try require(
        bytes.count <= limits.requestSize && request.count <= limits.argumentCount
            && request.allSatisfy { $0.count <= limits.bulkSize },
        "beyond the limits: \(shown(bytes))")
    // A peek agrees with the parser, or returns nothing; for an incomplete request it returns nothing.
    if let peeked = RequestParser.peek(in: bytes.span, at: 0) {
        let key = Array(bytes[peeked.key.offset..<peeked.key.offset + peeked.key.size])
        try require(
            request.count >= 2 && key == request[1] && peeked.end == bytes.count,
            "peeked in \(shown(bytes)): \(shown(key)), up to \(peeked.end)")
    }
    try require(
        bytes.dropLast(3).isEmpty || RequestParser.peek(in: Array(bytes.dropLast(3)).span, at: 0) == nil,
        "a part of \(shown(bytes)) seen as whole")
    // Each request has one spelling.
    try require(written(request) == bytes, "\(shown(bytes)) would be written \(shown(written(request)))")
}

private func check(line request: [[UInt8]], _ bytes: [UInt8]) throws(BrokenProperty) {
    // A byte order mark asks for nothing.
    if request.isEmpty, bytes == [0xef, 0xbb, 0xbf] { return }
    try require(bytes.count - 1 <= limits.lineSize, "beyond the limit: \(shown(bytes))")
    try require(bytes.last == 0x0a && bytes.firstIndex(of: 0x0a) == bytes.count - 1, "no line: \(shown(bytes))")
    try requireSame(written(request), request, .resp)
    // As a line again: a verb cannot be quoted, any other argument can. A verb with spaces stands for a refusal.
    guard let verb = request.first, !verb.contains(UInt8(ascii: " ")) else { return }
    var line = ByteBuffer()
    line.append(UInt8(ascii: " "))
    line.append(verb.span)
    for argument in request.dropFirst() {
        line.append(UInt8(ascii: " "))
        line.append(lineQuoted: argument.span)
    }
    line.append("\r\n")
    try requireSame(Array(line.bytes), request, .line)
}

private func written(_ request: [[UInt8]]) -> [UInt8] {
    var buffer = ByteBuffer()
    buffer.append(request: request)
    return Array(buffer.bytes)
}

private func requireSame(
    _ bytes: [UInt8], _ request: [[UInt8]], _ dialect: RequestDialect
) throws(BrokenProperty) {
    let again = Transcript(bytes, limits: ample)
    try require(
        again.requests == [request] && again.dialects == [dialect] && again.ending == .drained,
        "\(shown(bytes)) is read as \(again)")
}
