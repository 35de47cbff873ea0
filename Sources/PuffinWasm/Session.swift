// The client's side of one connection: requests become bytes to send, bytes that came become replies. It knows no socket.

import Bytes
import Wire

/// The state of a connection.
final class Session: Holder {
    var output = ByteBuffer()
    private var input = ByteBuffer()
    private var parser = ReplyParser()

    /// Memory that a connection keeps after a large reply, in bytes.
    private static let keptSize = 64 << 10

    func take(_ bytes: Span<UInt8>) { input.append(bytes) }

    /// Makes the next reply the result; or says, in words, why the bytes are none.
    /// - Returns: 1 for a reply, 0 if more bytes must come first, -1 if the connection must be closed.
    func next() -> Int32 {
        result.removeAll()
        result.trim(above: Session.keptSize)
        switch parser.parse(input.bytes) {
        case .complete(let reply, let used):
            input.removeFirst(used)
            input.trim(above: Session.keptSize)
            result.append(reply)
            return 1
        case .incomplete: return 0
        case .malformed(let why):
            result.append(text: why.message)
            return -1
        }
    }
}

@_expose(wasm, "puffin_session") @_cdecl("puffin_session")
public func session() -> UnsafeMutableRawPointer { unsafe Session().handle }

/// Appends the head of a request to the output; its arguments follow.
@_expose(wasm, "puffin_request") @_cdecl("puffin_request")
public func request(_ handle: UnsafeMutableRawPointer, _ count: Int32) {
    let session: Session = unsafe held(handle)
    session.output.append(requestOf: Int(count))
}

@_expose(wasm, "puffin_argument") @_cdecl("puffin_argument")
public func argument(_ handle: UnsafeMutableRawPointer, _ bytes: UnsafePointer<UInt8>?, _ size: Int32) {
    let session: Session = unsafe held(handle)
    unsafe lent(bytes, size) { session.output.append(requestArgument: $0) }
}

/// Makes the output the result, and empties it.
@_expose(wasm, "puffin_output") @_cdecl("puffin_output")
public func output(_ handle: UnsafeMutableRawPointer) {
    let session: Session = unsafe held(handle)
    session.result.removeAll()
    swap(&session.result, &session.output)
}

@_expose(wasm, "puffin_feed") @_cdecl("puffin_feed")
public func feed(_ handle: UnsafeMutableRawPointer, _ bytes: UnsafePointer<UInt8>?, _ size: Int32) {
    let session: Session = unsafe held(handle)
    unsafe lent(bytes, size) { session.take($0) }
}

@_expose(wasm, "puffin_reply") @_cdecl("puffin_reply")
public func reply(_ handle: UnsafeMutableRawPointer) -> Int32 {
    let session: Session = unsafe held(handle)
    return session.next()
}

extension ByteBuffer {
    /// Appends a reply: RESP's own mark of its type, then a size or a count of four bytes and the rest, or eight bytes.
    fileprivate mutating func append(_ reply: Reply) {
        switch reply {
        case .simple(let text): append("+", text)
        case .error(let code, let message):
            append("-", code)
            let bytes = Array(message.utf8)
            append(sized: bytes.span)
        case .integer(let number):
            append(":")
            append(word: UInt64(bitPattern: Int64(number)))
        case .bulk(let bytes):
            append("$")
            append(sized: bytes.span)
        case .null: append("_")
        case .boolean(let value): append(value ? "t" : "f")
        case .double(let number):
            append(",")
            append(word: number.bitPattern)
        case .bigNumber(let digits):
            append("(")
            append(sized: digits.span)
        case .verbatim(let format, let text):
            append("=")
            append(format.span)
            append(sized: text.span)
        case .array(let items): append("*", items)
        case .set(let items): append("~", items)
        case .push(let items): append(">", items)
        case .map(let entries):
            append("%")
            append(size: entries.count)
            for entry in entries {
                append(entry.key)
                append(entry.value)
            }
        }
    }

    private mutating func append(_ mark: StaticString, _ text: String) {
        append(mark)
        let bytes = Array(text.utf8)
        append(sized: bytes.span)
    }

    private mutating func append(_ mark: StaticString, _ items: [Reply]) {
        append(mark)
        append(size: items.count)
        for item in items { append(item) }
    }
}
