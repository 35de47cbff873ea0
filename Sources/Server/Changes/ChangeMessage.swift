// The messages of a feed of changes, in each dialect. A record is one message; of a record of several changes, it has
// those whose key begins with the prefix. `clear` concerns every key.
//
//     line    {"seq":N,"ts":MS,CHANGE,"token":TOKEN}    {"from":TOKEN}    {"at":TOKEN}      CHANGE as in the log
//     RESP    [changes, token, ts, [[op, key, value, expires], …]]    [changes, from, token]    [changes, at, token]
//             [changes, error, text]             the end; an error reply in RESP2, as in a line
//
// In RESP3 a message is a push, in RESP2 an array. In a reply to CHANGES … LIMIT it lacks the word `changes`.

import Bytes
import LogFormat
import Store
import Wire

extension ReplyWriter {
    /// A position of a feed, which follows no change: where it begins (`from`), or how far it is (`at`).
    mutating func message(_ name: StaticString, _ position: ChainPosition, isReply: Bool = false) {
        guard !isLine else {
            buffer.append("{\"")
            buffer.append(name)
            buffer.append("\":\"")
            buffer.append(token: position)
            return buffer.append("\"}\n")
        }
        if isReply { list(3) } else { push(3) }
        word("changes")
        word(name)
        token(position)
    }

    /// The end of a feed. Without RESP3's pushes, it is an error reply.
    mutating func end(_ error: ReplyError) {
        guard dialect == .resp3 else { return self.error(error) }
        push(3)
        word("changes")
        word("error")
        text("\(error.code) \(error.resp)")
    }

    mutating func token(_ position: ChainPosition) {
        var text = ByteBuffer()
        text.append(token: position)
        value(text.bytes)
    }

    /// A record's changes of keys that begin with `prefix`.
    /// - Parameter isElement: whether it is an element of a reply, and no message of its own.
    /// - Returns: false if there are none: then nothing is written.
    mutating func message(_ record: borrowing ChangeRecord, of prefix: [UInt8], isElement: Bool) -> Bool {
        let count = record.count(of: prefix)
        guard count > 0 else { return false }
        if isLine {
            line(record, of: prefix)
            return true
        }
        if isElement {
            list(3)
        } else {
            push(4)
            word("changes")
        }
        token(record.position)
        integer(Int(record.timestamp))
        list(count)
        record.visitChanges { change in
            guard change.concerns(prefix) else { return }
            list(4)
            word(change.isExpiry ? "expired" : change.word)
            if change.kind == .clear { missing() } else { value(change.key) }
            if change.kind == .set { value(change.value) } else { missing() }
            if change.expires > 0 { integer(Int(change.expires)) } else { missing() }
        }
        return true
    }

    private mutating func line(_ record: borrowing ChangeRecord, of prefix: [UInt8]) {
        buffer.append(recordHead: record.position.seq, timestamp: record.timestamp)
        if record.isSingle {
            record.visitChanges { buffer.append(change: $0) }
        } else {
            buffer.append(record.isExpiry ? "\"op\":\"expired\",\"changes\":[" : "\"op\":\"multi\",\"changes\":[")
            var isFirst = true
            record.visitChanges { change in
                guard change.concerns(prefix) else { return }
                buffer.append(multiPart: change, isFirst: isFirst)
                isFirst = false
            }
            buffer.append("]")
        }
        buffer.append(",\"token\":\"")
        buffer.append(token: record.position)
        buffer.append("\"}\n")
    }

    private mutating func word(_ text: StaticString) {
        buffer.append("$")
        buffer.append(decimal: text.utf8CodeUnitCount)
        buffer.append("\r\n")
        buffer.append(text)
        buffer.append("\r\n")
    }
}

extension ChangeRecord {
    /// How many of its changes concern keys that begin with `prefix`.
    fileprivate func count(of prefix: [UInt8]) -> Int {
        var count = 0
        visitChanges { if $0.concerns(prefix) { count += 1 } }
        return count
    }
}

extension Change {
    fileprivate func concerns(_ prefix: [UInt8]) -> Bool {
        kind == .clear || PrefixIndex.has(key, prefix)
    }

    /// The operation's name in the log.
    fileprivate var word: StaticString {
        switch kind {
        case .set: "set"
        case .delete: "delete"
        case .clear: "clear"
        case .ttl: "ttl"
        case .note: preconditionFailure("a feed shows no notes")
        }
    }
}
