// The messages of a feed over HTTP: the lines that a client of the line dialect gets, or the log's own, as server-sent
// events (WHATWG HTML, section 9.2) or as JSON lines.
//
//     events   id: TOKEN            lines   LINE            chunked   SIZE (hexadecimal)
//              data: LINE                                             message
//              (empty)
//
// A position that follows no change is an event without data, which moves the id that a browser names when it comes back.

import Bytes
import LogFormat
import Store
import Wire

/// How a feed over HTTP writes its messages.
struct StreamForm: Hashable {
    enum Kind {
        /// `text/event-stream`
        case events
        /// `application/x-ndjson`
        case lines
    }

    let kind: Kind
    /// Whether it has the log's own lines, with their checksums, of all keys.
    let isRaw: Bool
    /// Whether each message is a chunk (RFC 9112, section 7.1).
    let isChunked: Bool

    var contentType: StaticString {
        switch kind {
        case .events: "text/event-stream"
        case .lines: "application/x-ndjson"
        }
    }
}

extension ReplyWriter {
    /// Writes a record's message in the form of its consumer.
    /// - Returns: false if none of its changes concerns the prefix: then nothing is written.
    mutating func message(
        _ record: borrowing ChangeRecord, of prefix: [UInt8], in form: ChangeSubscriber.Form
    ) -> Bool {
        guard let stream = form.stream else { return message(record, of: prefix, isElement: form.isElement) }
        var line = ReplyWriter()
        if stream.isRaw {
            line.buffer.append(record.line)
            line.buffer.append("\n")
        } else {
            guard line.message(record, of: prefix, isElement: false) else { return false }
        }
        buffer.append(line: line.buffer.bytes, after: record.position, in: stream)
        return true
    }

    /// Writes a position that follows no change. A feed of the log's own lines has none: each of them says where it is.
    mutating func message(_ name: StaticString, _ position: ChainPosition, in form: ChangeSubscriber.Form) {
        guard let stream = form.stream else { return message(name, position) }
        var line = ReplyWriter()
        if stream.kind == .lines, !stream.isRaw { line.message(name, position) }
        buffer.append(line: line.buffer.bytes, after: position, in: stream)
    }

    /// Writes the end of a feed, with its reason.
    mutating func end(_ error: ReplyError, in form: ChangeSubscriber.Form) {
        guard let stream = form.stream else { return end(error) }
        var text = ByteBuffer()
        if stream.kind == .events { text.append("event: end\ndata: ") }
        text.append(json: .compact) { json in
            json.object { json in
                json.member("code", error.code)
                json.member("detail", error.line)
            }
        }
        text.append("\n")
        if stream.kind == .events { text.append("\n") }
        buffer.append(text.bytes, in: stream)
        if stream.isChunked { buffer.append("0\r\n\r\n") }
    }
}

extension ByteBuffer {
    /// - Parameter line: with its line feed; empty for a position alone.
    fileprivate mutating func append(line: Span<UInt8>, after position: ChainPosition, in stream: StreamForm) {
        guard stream.kind == .events else { return append(line, in: stream) }
        var event = ByteBuffer()
        event.append("id: ")
        event.append(token: position)
        event.append("\n")
        if line.count > 0 {
            event.append("data: ")
            event.append(line)
        }
        event.append("\n")
        append(event.bytes, in: stream)
    }

    fileprivate mutating func append(_ message: Span<UInt8>, in stream: StreamForm) {
        // A chunk of no bytes would be the last one.
        guard message.count > 0 else { return }
        guard stream.isChunked else { return append(message) }
        append(chunkOf: message.count)
        append(message)
        append("\r\n")
    }

    private mutating func append(chunkOf size: Int) {
        let text = String(size, radix: 16)
        for byte in text.utf8 { append(byte) }
        append("\r\n")
    }
}
