// The log's format, against the lines that its description prints.

import Bytes
import LogFormat
import Store
import TestSupport
import Testing

@Suite("The log format")
struct FormatTests {
    private static let vector = #"""
        {"puffin":"log","version":2,"needs":["expiry"],"history":"5f0c9a52e1b7","seq":1,"chain":"00000000","crc":"8a69b277"}
        {"durable":0,"crc":"84dcd596"}
        {"seq":1,"ts":1764000000123,"op":"set","key":"greeting","value":"Hello, world!","crc":"8162a92e"}
        {"seq":2,"ts":1764000000123,"op":"set","key":"session:7","value":"x","expires":1764000060123,"crc":"01d96fcb"}
        {"durable":2,"crc":"65e7a561"}
        {"seq":3,"ts":1764000000456,"op":"delete","key":"greeting","crc":"eece75c1"}
        {"durable":3,"closed":true,"crc":"a1533019"}

        """#

    @Test("the writer produces the description's lines byte for byte")
    func written() {
        let (greeting, hello, session, x) = ("greeting".bytes, "Hello, world!".bytes, "session:7".bytes, "x".bytes)
        var log = ByteBuffer()
        log.append(header: LogHeader(history: "5f0c9a52e1b7", firstSeq: 1, chain: 0, needs: .expiry))
        log.append(durable: 0)
        var start = log.count
        log.append(recordHead: 1, timestamp: 1_764_000_000_123)
        log.append(change: .set(key: greeting.span, value: hello.span))
        var crc = log.appendChecksum(bodyFrom: start, chain: 0)
        start = log.count
        log.append(recordHead: 2, timestamp: 1_764_000_000_123)
        log.append(change: .set(key: session.span, value: x.span, expires: 1_764_000_060_123))
        crc = log.appendChecksum(bodyFrom: start, chain: crc)
        log.append(durable: 2)
        start = log.count
        log.append(recordHead: 3, timestamp: 1_764_000_000_456)
        log.append(change: .delete(key: greeting.span))
        crc = log.appendChecksum(bodyFrom: start, chain: crc)
        log.append(durable: 3, isClosed: true)
        let text = String(log.bytes)
        #expect(text == FormatTests.vector)
        #expect(crc == 0xeece_75c1)
    }

    @Test("the lines of the description are read as what they say")
    func read() throws {
        var chain: UInt32 = 0
        var lines: [LogLine] = []
        for text in FormatTests.vector.split(separator: "\n") {
            let line = try parsed(Array(text.utf8), chain: chain)
            if case .record(_, _, let crc) = line { chain = crc }
            lines.append(line)
        }
        #expect(
            lines == [
                .header(LogHeader(history: "5f0c9a52e1b7", firstSeq: 1, chain: 0, needs: .expiry)),
                .durable(seq: 0, isClosed: false),
                .record(seq: 1, timestamp: 1_764_000_000_123, crc: 0x8162_a92e),
                .record(seq: 2, timestamp: 1_764_000_000_123, crc: 0x01d9_6fcb),
                .durable(seq: 2, isClosed: false),
                .record(seq: 3, timestamp: 1_764_000_000_456, crc: 0xeece_75c1),
                .durable(seq: 3, isClosed: true),
            ])
    }

    @Test("a text that is not UTF-8 is written in base64, key and value each on its own")
    func base64Fields() {
        var log = ByteBuffer()
        let (text, bytes): ([UInt8], [UInt8]) = ("grüße".bytes, [0xff, 0x00])
        log.append(change: .set(key: text.span, value: bytes.span))
        log.append("|" as StaticString)
        log.append(change: .set(key: bytes.span, value: text.span))
        log.append("|" as StaticString)
        log.append(change: .delete(key: bytes.span))
        log.append("|" as StaticString)
        log.append(change: .clear)
        let written = String(log.bytes)
        #expect(
            written == #""op":"set","key":"grüße","value64":"/wA="|"op":"set","key64":"/wA=","value":"grüße"|"#
                + #""op":"delete","key64":"/wA="|"op":"clear""#)
    }

    @Test("only quotes, backslashes and bytes below 0x20 are escaped")
    func escapes() {
        var log = ByteBuffer()
        let (key, value) = ("/\u{7f}".bytes, "\"\\\n\u{1}é".bytes)
        log.append(change: .set(key: key.span, value: value.span))
        let written = String(log.bytes)
        #expect(written == #""op":"set","key":"/"# + "\u{7f}" + #"","value":"\"\\\n\u0001é""#)
    }
}
