// What is asked over HTTP, and what is answered: all that a route sees.

import Bytes

/// A request for one of the routes: a GET, or a HEAD, which is answered as the GET would be, without its body.
package struct HTTPRequest: Sendable {
    /// As it was sent, without what stands behind the question mark.
    package let path: String
    /// What stands behind the question mark; empty where there is none.
    package let query: String

    /// The value of the first parameter with this name, as it stands; nil where there is none.
    package func parameter(_ name: String) -> Substring? {
        for part in query.split(separator: "&") {
            let words = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if words[0] == name { return words.count > 1 ? words[1] : "" }
        }
        return nil
    }
}

/// An answer as a whole.
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

    /// A short text, with a line feed behind it.
    package init(status: Int = 200, text: String) {
        var body = ByteBuffer()
        body.append(text: text)
        body.append("\n")
        self.init(status: status, body: body)
    }
}

/// A path and who answers for it.
package struct HTTPRoute {
    let path: String
    let answer: (HTTPRequest) -> HTTPResponse

    /// - Parameter answer: called in a turn of the loop; it must not wait for anything.
    package init(_ path: String, answer: @escaping (HTTPRequest) -> HTTPResponse) {
        self.path = path
        self.answer = answer
    }
}
