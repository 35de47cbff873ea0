// JSON texts: what the reader takes is what Foundation takes, and what it has read is written so that it is read as the same.

import Bytes
import Foundation

/// Checks the input as a JSON text of its own, and as the items of a list.
func checkJSON(_ input: [UInt8]) throws(BrokenProperty) {
    _ = tokens(of: input, depthLimit: 3)
    let list = Array("[".utf8) + input + Array("]".utf8)
    guard list.span.isUTF8 else {
        _ = tokens(of: list, depthLimit: 100)
        return
    }
    guard let read = tokens(of: list, depthLimit: 100) else {
        // Foundation also takes a comma behind the last item.
        return try require(!isJSON(list) || hasLastComma(list), "\(shown(list)) is refused")
    }
    // And it refuses numbers that no Double holds.
    let isOrdinary = read.allSatisfy { token in
        if case .number(let digits) = token {
            Double(String(decoding: digits, as: UTF8.self))?.isFinite ?? false
        } else {
            true
        }
    }
    if isOrdinary { try require(isJSON(list), "\(shown(list)) is taken for JSON") }
    for style in [JSONWriter.Style.compact, .terminalSafe, .indented] {
        var again = ByteBuffer()
        again.append(json: style) { write(read, to: &$0) }
        let bytes = Array(again.bytes)
        try require(tokens(of: bytes, depthLimit: 100) == read, "\(shown(list)) is written as \(shown(bytes))")
    }
}

/// The parts of a text up to its end; nil if it is not JSON.
private func tokens(of text: [UInt8], depthLimit: Int) -> [JSONToken]? {
    var reader = JSONReader(text.span, depthLimit: depthLimit)
    var tokens: [JSONToken] = []
    while true {
        guard let token = try? reader.next() else { return nil }
        if token == .end { return tokens }
        tokens.append(token)
    }
}

/// Whether Foundation reads a list.
private func isJSON(_ list: [UInt8]) -> Bool {
    (try? JSONSerialization.jsonObject(with: Data(list))) != nil
}

private func hasLastComma(_ text: [UInt8]) -> Bool {
    let solid = text.filter { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }
    return zip(solid, solid.dropFirst()).contains { first, second in
        first == UInt8(ascii: ",") && (second == UInt8(ascii: "]") || second == UInt8(ascii: "}"))
    }
}

private func write(_ tokens: [JSONToken], to json: inout JSONWriter) {
    var rest = tokens[...]
    writeValue(&rest, to: &json)
}

private func writeValue(_ rest: inout ArraySlice<JSONToken>, to json: inout JSONWriter) {
    switch rest.popFirst() {
    case .beginObject:
        json.object { json in
            while case .name(let name)? = rest.first {
                rest.removeFirst()
                json.name(String(decoding: name, as: UTF8.self))
                writeValue(&rest, to: &json)
            }
            rest.removeFirst()
        }
    case .beginList:
        json.list { json in
            while let next = rest.first, next != .endList { writeValue(&rest, to: &json) }
            rest.removeFirst()
        }
    case .text(let bytes): json.text(bytes.span)
    case .number(let digits): json.plain(digits.span)
    case .boolean(let isTrue): json.value(isTrue)
    default: json.plain("null")
    }
}
