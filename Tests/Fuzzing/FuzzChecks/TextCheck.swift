// Texts and numbers, as in requests, replies and the log, compared with Foundation's reading of the same bytes and with
// themselves: what is written must be read back as it was.

import Bytes
import Foundation
import Wire

/// Checks JSON strings, base64 and decimals on any bytes.
func checkTexts(_ input: [UInt8]) throws(BrokenProperty) {
    try checkSearches(input)
    try checkJSONString(of: input)
    try checkUnicodeEscapes(input)
    try checkBase64(input)
    try checkNumbers(input)
    try checkEndpoint(input)
}

/// An accepted address can be written into JSON unescaped and parsed back to the same; a refused one is reported in a
/// short line.
private func checkEndpoint(_ input: [UInt8]) throws(BrokenProperty) {
    let read: Endpoint
    do throws(EndpointError) {
        read = try Endpoint(parsing: String(decoding: input, as: UTF8.self))
    } catch {
        let text = "\(error)"
        try require(text.utf8.count < 1_200 && text.utf8.allSatisfy { $0 >= 0x20 }, "not one short line: \(text)")
        return
    }
    let written = Array("\(read)".utf8)
    try require((try? Endpoint(parsing: "\(read)")) == read, "\(shown(written)) is not read as what it was")
    let isPlain = written.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    try require(isPlain && written.count <= 262, "\(shown(written)) is accepted as an address")
}

private func checkSearches(_ input: [UInt8]) throws(BrokenProperty) {
    let (bytes, text) = (input.span, String(validating: input, as: UTF8.self))
    try require(bytes.isUTF8 == (text != nil), "valid UTF-8 or not")
    let escape = input.firstIndex { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }
    try require(bytes.firstEscape(from: 0) == escape ?? input.count, "the first byte to escape")
    try require(bytes.newline(from: 0) == input.firstIndex(of: 0x0a), "the first line feed")
}

private func decoded(jsonString source: [UInt8]) -> [UInt8]? {
    var buffer = ByteBuffer()
    guard let end = try? buffer.append(decodedJSONString: source.span, at: 0), end == source.count else { return nil }
    return Array(buffer.bytes)
}

private func checkJSONString(of input: [UInt8]) throws(BrokenProperty) {
    var plain = ByteBuffer()
    var quoted = ByteBuffer()
    var line = ReplyWriter()
    plain.append(jsonString: input.span)
    quoted.append(lineQuoted: input.span)
    line.value(input.span)
    for checks in [true, false] {
        var fast = ByteBuffer()
        var slow = ByteBuffer()
        let isWritten = fast.append(jsonText: input.span, checksUTF8: checks)
        try require(isWritten == (!checks || input.span.isUTF8), "written though it is not UTF-8, or not though it is")
        _ = slow.append(jsonText: input.span, checksUTF8: checks, isPortable: true)
        try require(Array(fast.bytes) == Array(slow.bytes), "vectors and single bytes write different texts")
    }
    for source in [Array(plain.bytes), Array(quoted.bytes)] {
        try require(decoded(jsonString: source) == input, "\(shown(source)) is not read as what it was")
    }
    let set = Array("SET k ".utf8) + Array(line.buffer.bytes)
    let ample = RequestLimits(lineSize: 1 << 20, bulkSize: 0, argumentCount: 0, requestSize: 0)
    let request = [Array("SET".utf8), Array("k".utf8), input]
    try require(Transcript(set, limits: ample).requests == [request], "\(shown(set)) does not set what it shows")

    let source = [UInt8(ascii: "\"")] + input + [UInt8(ascii: "\"")]
    let text = decoded(jsonString: source)
    let end = source.span.jsonTextEnd(from: 1)
    try require(end == source.span.jsonTextEnd(from: 1, isPortable: true), "vectors and single bytes end differently")
    try require(text == nil || end.end == input.count + 1, "\(shown(source)) ends at \(end.end)")
    guard source.span.isUTF8 else { return }
    if end.end == input.count + 1 {
        var minimal = ByteBuffer()
        if let text { minimal.append(jsonString: text.span) }
        try require(end.isMinimal == (Array(minimal.bytes) == source), "\(shown(source)) is minimal: \(end.isMinimal)")
    }
    // In a list: if a quote and a NUL come first, Foundation takes the bytes for UTF-16.
    let list = try? JSONDecoder().decode([String].self, from: Data("[".utf8 + source + "]".utf8))
    let expected = list?.count == 1 ? list?.first : nil
    try require(
        text == expected.map { Array($0.utf8) },
        "\(shown(source)) is read as \(text.map(shown) ?? "no string"), expected \(expected ?? "no string")")
}

/// The input as UTF-16, each unit of it escaped: four hexadecimal digits in a row are far for a fuzzer.
private func checkUnicodeEscapes(_ input: [UInt8]) throws(BrokenProperty) {
    let units = stride(from: 0, to: input.count - 1, by: 2).map { UInt16(input[$0]) << 8 | UInt16(input[$0 + 1]) }
    var source = ByteBuffer()
    source.append(UInt8(ascii: "\""))
    for unit in units {
        source.append(hex: UInt32(unit))
        let digits = Array(source.bytes.extracting(source.count - 4..<source.count))
        source.truncate(to: source.count - 8)
        source.append("\\u")
        source.append(digits.span)
    }
    source.append(UInt8(ascii: "\""))
    let expected = String(validating: units, as: UTF16.self).map { Array($0.utf8) }
    try require(decoded(jsonString: Array(source.bytes)) == expected, "\(shown(Array(source.bytes))) decoded")
}

private func checkBase64(_ input: [UInt8]) throws(BrokenProperty) {
    var buffer = ByteBuffer()
    var back = ByteBuffer()
    buffer.append(base64: input.span)
    try require(Array(buffer.bytes) == Array(Data(input).base64EncodedData()), "written unlike a standard encoder")
    try require(back.append(decodedBase64: buffer.bytes) && Array(back.bytes) == input, "not read as what it was")

    var found = ByteBuffer()
    let isAccepted = found.append(decodedBase64: input.span)
    try require(isAccepted == isBase64(input), "\(shown(input)) is \(isAccepted ? "taken for" : "refused as") base64")
    var again = ByteBuffer()
    if isAccepted { again.append(base64: found.bytes) }
    let isCanonical = isAccepted && Array(again.bytes) == input
    try require(input.span.isCanonicalBase64 == isCanonical, "\(shown(input)) is canonical: \(!isCanonical)")
    if isAccepted {
        try require(Data(base64Encoded: Data(input)).map { Array($0) } == Array(found.bytes), "\(shown(input)) decoded")
    }
}

/// Whether a text is spelled as base64: groups of four digits, the last one with up to two `=`. Foundation takes more.
private func isBase64(_ text: [UInt8]) -> Bool {
    let padding = text.reversed().prefix(2).prefix { $0 == UInt8(ascii: "=") }.count
    return text.count % 4 == 0 && text.dropLast(padding).allSatisfy(base64Digits.contains)
}

private let base64Digits = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

private func checkNumbers(_ input: [UInt8]) throws(BrokenProperty) {
    let text = String(decoding: input, as: UTF8.self)
    // One spelling of each number: the one in which it is written.
    let expected = Int(text).flatMap { "\($0)" == text ? $0 : nil }
    let unsigned = UInt64(text).flatMap { "\($0)" == text ? $0 : nil }
    try require(input.span.decimal == expected, "\(shown(input)) as a decimal")
    try require(input.span.unsignedDecimal == unsigned, "\(shown(input)) as an unsigned decimal")
    let bound = 9_007_199_254_740_991
    try require(input.span.number == unsigned.flatMap { $0 <= bound ? $0 : nil }, "\(shown(input)) as a bounded number")
    let signed = expected.flatMap { (-bound...bound).contains($0) ? $0 : nil }
    try require(input.span.signedNumber == signed, "\(shown(input)) as a bounded number with a sign")
    var written = ByteBuffer()
    if let expected { written.append(decimal: expected) } else if let unsigned { written.append(decimal: unsigned) }
    try require(written.isEmpty || Array(written.bytes) == input, "\(shown(input)) written")
    let digits = Array(input.prefix(8))
    if let value = input.span.hex32(at: 0) {
        var written = ByteBuffer()
        written.append(hex: value)
        try require(Array(written.bytes) == digits, "\(shown(digits)) as a hexadecimal number")
    }
}
