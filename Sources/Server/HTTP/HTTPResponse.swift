// What a route answers.

import Bytes
import Wire

/// A whole response of the HTTP service.
struct HTTPResponse: ~Copyable {
    /// The status code, such as 200.
    var status: Int
    var contentType: StaticString
    var body: ByteBuffer
    /// Further fields, such as `Allow`.
    var fields: [(name: StaticString, value: StaticString)] = []

    init(
        status: Int = 200, contentType: StaticString = "text/plain; charset=utf-8", body: consuming ByteBuffer
    ) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// The answer to what is no request.
    init(_ error: HTTPError) { self.init(status: error.status, text: "\(error.reason)") }

    /// A short text; a line feed is appended.
    init(status: Int = 200, text: String) {
        var body = ByteBuffer()
        body.append(text: text)
        body.append("\n")
        self.init(status: status, body: body)
    }
}
