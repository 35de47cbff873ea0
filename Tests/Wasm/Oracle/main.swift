// Says what the parser of replies makes of bytes, natively: the tests of the WebAssembly module compare its answers with these. A line
// of hexadecimal digits in, a line of JSON out: the replies, then why there are no more.

import Bytes
import Wire

extension JSONWriter {
    /// A list of RESP's own mark and the rest, as the test has it too.
    fileprivate mutating func append(_ reply: Reply) {
        list { json in
            switch reply {
            case .simple(let text): json.append("+", text)
            case .error(let code, let message): json.append("-", code, message)
            case .integer(let number): json.append(":", "\(number)")
            case .bulk(let bytes): json.append("$", hex(bytes))
            case .null: json.append("_")
            case .boolean(let value): json.append(value ? "t" : "f")
            case .double(let number): json.append(",", "\(number.bitPattern)")
            case .bigNumber(let digits): json.append("(", String(digits.span).filter { $0 != "+" })
            case .verbatim(let format, let text): json.append("=", String(format.span), hex(text))
            case .array(let items): json.append("*", items)
            case .set(let items): json.append("~", items)
            case .push(let items): json.append(">", items)
            case .map(let entries): json.append("%", entries.flatMap { [$0.key, $0.value] })
            }
        }
    }

    private mutating func append(_ texts: String...) {
        for text in texts { value(text) }
    }

    private mutating func append(_ mark: String, _ items: [Reply]) {
        value(mark)
        list { json in
            for item in items { json.append(item) }
        }
    }
}

private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

private func bytes(_ digits: String) -> [UInt8] {
    let digits = digits.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

while let line = readLine() {
    var input = ByteBuffer()
    input.append(bytes(line).span)
    var parser = ReplyParser()
    print(
        String(json: .compact) { json in
            json.list { json in
                var isOver = false
                while !isOver {
                    switch parser.parse(input.bytes) {
                    case .complete(let reply, let used):
                        json.append(reply)
                        input.removeFirst(used)
                    case .incomplete:
                        json.value("more")
                        isOver = true
                    case .malformed(let why):
                        json.value("malformed: " + why.message)
                        isOver = true
                    }
                }
            }
        })
}
