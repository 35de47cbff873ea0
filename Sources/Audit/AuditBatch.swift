// Events as bytes, ready for the writer, which adds the number and the checksum.
//
//     event  = {"n":N,"ts":MS,"event":KIND[,FIELD]…,"crc":HEX}
//     FIELDS = user how client from tls command (key / key64 / keymac) target change seq result count, in this order

import Bytes
import OpenSSL

/// Encoded events that are written together.
package struct AuditBatch: ~Copyable, Sendable {
    /// The events from `"ts"` on, one after the other, without braces.
    var bytes = ByteBuffer()
    /// The end of each event in `bytes`.
    var ends: [Int] = []

    /// An empty batch.
    package init() {}

    /// The number of events.
    package var count: Int { ends.count }
    /// Whether there are no events.
    package var isEmpty: Bool { ends.isEmpty }
    /// The size in bytes, without numbers and checksums.
    package var size: Int { bytes.count }

    /// Adds an event.
    package mutating func append(_ event: borrowing AuditEvent) {
        bytes.append(event: event)
        ends.append(bytes.count)
    }

    /// Empties the batch and keeps its memory.
    package mutating func removeAll() {
        bytes.removeAll()
        ends.removeAll(keepingCapacity: true)
    }
}

extension ByteBuffer {
    fileprivate mutating func append(event: borrowing AuditEvent) {
        append("\"ts\":")
        append(decimal: event.time)
        append(",\"event\":\"")
        append(text: event.kind.rawValue)
        append("\"")
        append(field: ",\"user\":", event.user)
        append(field: ",\"how\":", event.how)
        append(field: ",\"client\":", event.client)
        append(field: ",\"from\":", event.from)
        append(field: ",\"tls\":", event.tls)
        append(field: ",\"command\":", event.command)
        if let key = event.key { append(key: key) }
        append(field: ",\"target\":", event.target)
        append(field: ",\"change\":", event.change)
        append(field: ",\"seq\":", event.seq)
        append(field: ",\"result\":", event.result)
        append(field: ",\"count\":", event.count)
    }

    private mutating func append(field: StaticString, _ text: String?) {
        guard let text else { return }
        append(field)
        let bytes = Array(text.utf8)
        append(jsonString: bytes.span)
    }

    private mutating func append(field: StaticString, _ number: UInt64?) {
        guard let number else { return }
        append(field)
        append(decimal: number)
    }

    private mutating func append(key: AuditEvent.Key) {
        switch key {
        case .plain(let key) where key.span.isUTF8:
            append(",\"key\":")
            append(jsonString: key.span)
        case .plain(let key):
            append(",\"key64\":\"")
            append(base64: key.span)
            append("\"")
        case .hashed(let mac):
            append(",\"keymac\":\"")
            append(text: Digests.hexadecimal(mac))
            append("\"")
        }
    }
}
