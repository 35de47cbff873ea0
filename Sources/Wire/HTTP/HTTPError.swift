// Why bytes are not a request of HTTP. After such an error nothing on the connection can be trusted, so it is answered
// once and the connection is closed.

/// A request that is refused before any route sees it.
package struct HTTPError: Error, Equatable, Sendable {
    /// The status of the answer: 400, 413, 414, 417, 431, 501 or 505.
    package let status: Int
    /// One sentence in ASCII, without a full stop: what is wrong, and what was expected.
    package let reason: StaticString

    package init(status: Int = 400, _ reason: StaticString) {
        self.status = status
        self.reason = reason
    }

    /// The same as a problem.
    package var problem: HTTPProblem {
        switch status {
        case 413: .tooLarge
        case 414: .targetTooLong
        case 417: .expectation
        case 431: .headTooLarge
        case 501: .unsupported
        case 505: .version
        default: .badRequest
        }
    }

    package static func == (left: HTTPError, right: HTTPError) -> Bool {
        left.status == right.status && left.reason.description == right.reason.description
    }
}

// Lines and the request line.
extension HTTPError {
    static var otherProtocol: HTTPError {
        HTTPError("This is not HTTP: this port speaks HTTP/1.1, and Puffin's own protocol has another port")
    }
    static var tls: HTTPError {
        HTTPError("This is not HTTP but looks like TLS: this port expects HTTP/1.1 without TLS")
    }
    static var lineEnd: HTTPError {
        HTTPError("A line ends with a bare line feed: end each line with CR LF")
    }
    static var requestLine: HTTPError {
        HTTPError(
            """
            The request line is not valid: expected a method, a target and HTTP/1.1 with one space between them; \
            write a space in a target as %20
            """)
    }
    static var targetByte: HTTPError {
        HTTPError("The target has a control byte or a byte that is not ASCII: write it as % and two hexadecimal digits")
    }
    static var fragment: HTTPError {
        HTTPError("The target has a fragment: leave out # and what follows it, or write # as %23")
    }
    static var connect: HTTPError {
        HTTPError("The method CONNECT is not allowed: this server is not a proxy")
    }
    static var targetForm: HTTPError {
        HTTPError("The target is not valid: expected a path that begins with /, such as /v1/keys")
    }
    static var asterisk: HTTPError {
        HTTPError("The target * is for the method OPTIONS only: expected a path that begins with /")
    }
    static var foreignTarget: HTTPError {
        HTTPError("The target names another host than the Host field: expected a path, or http:// with the same host")
    }
    static var version: HTTPError {
        HTTPError(status: 505, "The version of HTTP is not supported: use HTTP/1.1")
    }
    static var targetTooLong: HTTPError {
        HTTPError(status: 414, "The target is longer than this server's limit: use a shorter key or fewer parameters")
    }
}

// Fields.
extension HTTPError {
    static var headTooLarge: HTTPError {
        HTTPError(status: 431, "The request line and the fields are larger than this server's limit: send fewer fields")
    }
    static var tooManyFields: HTTPError {
        HTTPError(status: 431, "The request has more fields than this server's limit: send fewer fields")
    }
    static var folding: HTTPError {
        HTTPError("A line of the head begins with a blank: write each field on one line")
    }
    static var fieldName: HTTPError {
        HTTPError("A field's name is not valid: expected letters, digits and hyphens, then a colon")
    }
    static var blankBeforeColon: HTTPError {
        HTTPError("A field's name is followed by a blank: write the colon directly after the name")
    }
    static var fieldValue: HTTPError {
        HTTPError("A field's value has a control byte: expected printable text and tabs")
    }
    package static var repeatedField: HTTPError {
        HTTPError("A field that has one value is sent twice: send it once")
    }
    static var noHost: HTTPError {
        HTTPError("The field Host is missing: HTTP/1.1 requires it")
    }
    static var twoHosts: HTTPError {
        HTTPError("The field Host is sent twice: send it once")
    }
    static var host: HTTPError {
        HTTPError("The field Host is not valid: expected a name or an address, and perhaps a port: localhost:9090")
    }
    static var connection: HTTPError {
        HTTPError("The field Connection is not valid: expected close or keep-alive")
    }
    static var expectation: HTTPError {
        HTTPError(status: 417, "The field Expect is not supported: only 100-continue is")
    }
}

// The body.
extension HTTPError {
    static var twoLengths: HTTPError {
        HTTPError("The field Content-Length is sent twice: send it once")
    }
    static var length: HTTPError {
        HTTPError("The field Content-Length is not valid: expected 1 to 18 digits and nothing else")
    }
    static var lengthAndCoding: HTTPError {
        HTTPError("Content-Length and Transfer-Encoding exclude each other: send one of them")
    }
    static var coding: HTTPError {
        HTTPError("The field Transfer-Encoding is not valid: expected chunked, once and alone")
    }
    static var unknownCoding: HTTPError {
        HTTPError(status: 501, "The transfer coding is not supported: only chunked is")
    }
    static var codingOfOldVersion: HTTPError {
        HTTPError("HTTP/1.0 has no Transfer-Encoding: send a Content-Length, or use HTTP/1.1")
    }
    static var bodyTooLarge: HTTPError {
        HTTPError(status: 413, "The body is larger than the limit for this request: send less")
    }
    static var chunkSize: HTTPError {
        HTTPError("A chunk's size is not valid: expected 1 to 15 hexadecimal digits, then CR LF or ;name=value")
    }
    static var chunkLine: HTTPError {
        HTTPError("The line of a chunk's size is too long: leave out the chunk's extensions")
    }
    static var chunkEnd: HTTPError {
        HTTPError("A chunk is not followed by CR LF: its size is not the size of its data")
    }
    static var chunksTooSmall: HTTPError {
        HTTPError("The chunks are too small or their extensions too long: send larger chunks")
    }
    static var trailer: HTTPError {
        HTTPError("Content-Length, Transfer-Encoding and Host come too late after the body: send them before it")
    }
    static var trailersTooLarge: HTTPError {
        HTTPError(status: 431, "The fields after the last chunk are larger than this server's limit: leave them out")
    }
}

// Paths and queries.
extension HTTPError {
    static var percentEscape: HTTPError {
        HTTPError("A % is not followed by two hexadecimal digits: write the character % as %25")
    }
    static var repeatedParameter: HTTPError {
        HTTPError("A parameter of the query is given twice: give it once")
    }
    static var namelessParameter: HTTPError {
        HTTPError("A parameter of the query has no name: expected name=value, with one & between two of them")
    }
    /// For a parameter that a resource does not have.
    package static var unknownParameter: HTTPError {
        HTTPError(
            "The query has a parameter that this resource does not have: /v1/openapi.json lists those that it has")
    }
    /// For a page of keys.
    package static var pageLimit: HTTPError { HTTPError("The parameter limit is a number from 1 to 1000") }
    /// For a request for changes.
    package static var changeLimit: HTTPError { HTTPError("The parameter limit is a number from 1 to 10000") }
    package static var wait: HTTPError { HTTPError("The parameter wait is a time, such as 10s or 500ms") }
    package static var changeToken: HTTPError {
        HTTPError(
            "Where the changes begin is now, the number of a change, or the id of an event, such as 515400-eece75c1")
    }
    package static var rawPrefix: HTTPError {
        HTTPError("The log's own lines are those of every key: leave out the parameter prefix, or raw")
    }
    package static var cursor: HTTPError {
        HTTPError("The parameter cursor is not one: leave it out for the first page, then give that of the last answer")
    }
    package static var prefix: HTTPError { HTTPError("The parameter prefix is longer than a key may be") }
    package static var truth: HTTPError { HTTPError("A parameter is true or false") }
    /// For a time to live that is none.
    package static var timeToLive: HTTPError {
        HTTPError("The parameter ttl is not a time of 1ms or more, such as 500ms, 90s, 15m or 2h")
    }
    static var tooManyParameters: HTTPError {
        HTTPError("The query has more than 32 parameters: give fewer")
    }
}
