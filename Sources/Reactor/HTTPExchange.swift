// HTTP requests and responses, as a route sees them.

import Bytes

/// A request for a route: a GET, or a HEAD, which is answered like the GET but without its body.
package struct HTTPRequest: Sendable {
    /// As it was sent, without the query.
    package let path: String
    /// The part after the question mark; empty if there is none.
    package let query: String

    /// The value of the first parameter with this name, undecoded; nil if there is none.
    package func parameter(_ name: String) -> Substring? {
        for part in query.split(separator: "&") {
            let words = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if words[0] == name { return words.count > 1 ? words[1] : "" }
        }
        return nil
    }
}

/// A whole response.
package struct HTTPResponse: ~Copyable {
    /// The status code, such as 200.
    package var status: Int
    package var contentType: StaticString
    package var body: ByteBuffer

    package init(
        status: Int = 200, contentType: StaticString = "text/plain; charset=utf-8", body: consuming ByteBuffer
    ) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// A short text, with a line feed appended.
    package init(status: Int = 200, text: String) {
        var body = ByteBuffer()
        body.append(text: text)
        body.append("\n")
        self.init(status: status, body: body)
    }
}

/// A path and its handler.
package struct HTTPRoute {
    let path: String
    let answer: (HTTPRequest) -> HTTPResponse

    /// - Parameter answer: called in a turn of the loop; it must not block.
    package init(_ path: String, answer: @escaping (HTTPRequest) -> HTTPResponse) {
        self.path = path
        self.answer = answer
    }
}
