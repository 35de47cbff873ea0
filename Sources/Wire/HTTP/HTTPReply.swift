// Answers of HTTP/1.1: a head, fields of the caller, and a body (RFC 9112, section 4).
//
//     var head = HTTPReplyHead(status: 200, persistence: parser.persistence, isForHead: parser.method == .head)
//     head.contentType = "application/octet-stream"
//     buffer.append(head: head, bodySize: value.count, date: date)
//     buffer.append(field: "Cache-Control", "no-store")
//     buffer.append(body: value, of: head)

import Bytes

/// What the head of an answer says besides its fields.
package struct HTTPReplyHead: Sendable {
    /// From 200 to 599.
    package var status: Int
    /// The value of the field Content-Type; nil for none. Not written where there can be no body.
    package var contentType: StaticString?
    /// What is said about the connection. The caller closes it after `close`.
    package var persistence: HTTPPersistence
    /// Whether the request's method is HEAD: the answer has the head of a GET, and no body (RFC 9110, section 9.3.2).
    package var isForHead: Bool

    package init(
        status: Int, contentType: StaticString? = nil, persistence: HTTPPersistence, isForHead: Bool = false
    ) {
        precondition(status >= 200 && status <= 599, "not the status of an answer")
        self.status = status
        self.contentType = contentType
        self.persistence = persistence
        self.isForHead = isForHead
    }

    /// Whether an answer of this status never has a body: 204 and 304 (RFC 9110, sections 15.3.5 and 15.4.5).
    package var isBodiless: Bool { status == 204 || status == 304 }
}

extension ByteBuffer {
    /// Appends the status line and the fields Date, Content-Type, Content-Length and Connection; `append(field:)` may
    /// follow, then `append(body:of:)`, or `appendEndOfHead` and the body in pieces.
    /// - Parameter bodySize: bytes of the body, or of the one that a GET would get; nil if the body ends where the
    ///   connection is closed, which `head` then has to say.
    package mutating func append(head: HTTPReplyHead, bodySize: Int?, date: borrowing HTTPDate) {
        append(statusLine: head.status)
        append("Date: ")
        append(date.bytes)
        append("\r\n")
        append(fieldsOf: head, bodySize: bodySize)
    }

    /// The same without the field Date, which only an answer of the 500s may lack.
    mutating func append(head: HTTPReplyHead, bodySize: Int?) {
        append(statusLine: head.status)
        append(fieldsOf: head, bodySize: bodySize)
    }

    private mutating func append(statusLine status: Int) {
        append("HTTP/1.1 ")
        append(decimal: status)
        append(UInt8(ascii: " "))
        append(reasonPhrase(of: status))
        append("\r\n")
    }

    private mutating func append(fieldsOf head: HTTPReplyHead, bodySize: Int?) {
        precondition(bodySize != nil || head.isBodiless || head.persistence == .close, "a body without an end")
        if !head.isBodiless {
            if let contentType = head.contentType { append(field: "Content-Type", contentType) }
            if let bodySize { append(field: "Content-Length", bodySize) }
        }
        switch head.persistence {
        case .open: break
        case .keepAlive: append("Connection: keep-alive\r\n")
        case .close: append("Connection: close\r\n")
        }
    }

    /// Appends a field whose value is known beforehand.
    package mutating func append(field name: StaticString, _ value: StaticString) {
        append(name)
        append(": ")
        append(value)
        append("\r\n")
    }

    /// Appends a field whose value is a number.
    package mutating func append(field name: StaticString, _ value: Int) {
        append(name)
        append(": ")
        append(decimal: value)
        append("\r\n")
    }

    /// Appends a field. A control byte in its value becomes a `?`, so that no value can begin another field.
    package mutating func append(field name: StaticString, _ value: Span<UInt8>) {
        append(name)
        append(": ")
        if !value.hasControlByte {
            append(value)
        } else {
            for index in 0..<value.count {
                append(value[index] < 0x20 || value[index] == 0x7f ? UInt8(ascii: "?") : value[index])
            }
        }
        append("\r\n")
    }

    /// Ends the head of an answer.
    package mutating func appendEndOfHead() { append("\r\n") }

    /// Ends the head of an answer and appends its body, if it has one: none to HEAD, none with 204 and 304.
    package mutating func append(body: Span<UInt8>, of head: HTTPReplyHead) {
        appendEndOfHead()
        if !head.isForHead, !head.isBodiless { append(body) }
    }

    /// Appends what a client waits for that has sent `Expect: 100-continue` (RFC 9110, section 15.2.1).
    package mutating func appendContinue() { append("HTTP/1.1 100 Continue\r\n\r\n") }
}

/// The words behind a status (RFC 9110, section 15; RFC 6585, sections 4 and 5; RFC 4918, section 11.5). Clients go by
/// the number.
private func reasonPhrase(of status: Int) -> StaticString {
    status < 400 ? phraseOfSuccess(status) : status < 500 ? phraseOfRefusal(status) : phraseOfFailure(status)
}

private func phraseOfSuccess(_ status: Int) -> StaticString {
    switch status {
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 304: "Not Modified"
    default: "Unnamed"
    }
}

private func phraseOfRefusal(_ status: Int) -> StaticString {
    switch status {
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 410: "Gone"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 421: "Misdirected Request"
    case 428: "Precondition Required"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    default: "Unnamed"
    }
}

private func phraseOfFailure(_ status: Int) -> StaticString {
    switch status {
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    case 507: "Insufficient Storage"
    default: "Unnamed"
    }
}
