// Input and output: requests are parsed, replies are written.

import Bytes
import Wire

private let requestLimits = RequestLimits(
    lineSize: 1 << 20, bulkSize: 1 << 20, argumentCount: 1024, requestSize: 1 << 20)

extension Benchmark {
    static var wire: [Benchmark] {
        [
            request("parse-get-line", "GET key:000000001234\n", form: .words),
            request("parse-get-resp", "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000001234\r\n", form: nil),
            request(
                "parse-set-line", "SET key:000000001234 0123456789abcdef0123456789abcdef\n", form: .rest(afterWords: 1)),
            request(
                "parse-set-resp",
                "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000001234\r\n$32\r\n0123456789abcdef0123456789abcdef\r\n", form: nil),
            reply("reply-ok-line", .line) { writer, _ in writer.ok() },
            reply("reply-ok-resp", .resp2) { writer, _ in writer.ok() },
            reply("reply-value-line", .line) { writer, value in writer.value(value) },
            reply("reply-value-resp", .resp2) { writer, value in writer.value(value) },
        ]
    }

    /// A request as it comes, sixteen at a time, up to its arguments.
    private static func request(_ name: String, _ text: String, form: LineForm?) -> Benchmark {
        Benchmark(name: name) { _ in
            let bytes = Array(String(repeating: text, count: 16).utf8)
            return { count in
                var parser = RequestParser(limits: requestLimits)
                var sum: UInt64 = 0
                var start = 0
                let all = bytes.span
                for _ in 0..<count {
                    let rest = all.extracting(start..<all.count)
                    guard case .complete(let used) = parser.parse(rest) else { fatalError("\(name) is no request") }
                    if let form, (try? parser.splitLine(rest, form: form)) == nil { fatalError("\(name) is no line") }
                    sum &+= UInt64(parser.arguments(in: rest)[1].count)
                    start = start + used == all.count ? 0 : start + used
                }
                return sum
            }
        }
    }

    /// A reply to a buffer that is emptied every sixteen.
    private static func reply(
        _ name: String, _ dialect: ReplyDialect, _ write: @escaping (inout ReplyWriter, Span<UInt8>) -> Void
    ) -> Benchmark {
        Benchmark(name: name) { _ in
            let value = Array("0123456789abcdef0123456789abcdef".utf8)
            return { count in
                var writer = ReplyWriter()
                writer.dialect = dialect
                var sum: UInt64 = 0
                for index in 0..<count {
                    write(&writer, value.span)
                    if index & 15 == 15 {
                        sum &+= UInt64(writer.buffer.count)
                        writer.buffer.removeAll()
                    }
                }
                return sum
            }
        }
    }
}
