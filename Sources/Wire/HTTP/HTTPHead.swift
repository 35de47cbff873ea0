// A request's head, lent for the duration of one call. Nothing is copied.

import Bytes

/// Where the parts of a head are, in the bytes of its request.
struct HTTPParts {
    var method = Slice(offset: 0, size: 0)
    var target = Slice(offset: 0, size: 0)
    var path = Slice(offset: 0, size: 0)
    var query: Slice?
    /// The value of the field Host, and the name in it.
    var authority: Slice?
    var host: Slice?
    /// The host of a target that begins with `http://`.
    var targetAuthority: Slice?
    /// The body of a request with Content-Length, or the only chunk.
    var body = Slice(offset: 0, size: 0)
}

/// The name of a field, in upper case, since that is what names are compared with. In a request upper and lower case
/// mean the same.
package struct HTTPFieldName: Sendable {
    let upperCased: StaticString

    /// - Parameter upperCased: an ASCII text without small letters, which would never be found.
    package init(upperCased: StaticString) { self.upperCased = upperCased }

    package static var accept: HTTPFieldName { HTTPFieldName(upperCased: "ACCEPT") }
    package static var authorization: HTTPFieldName { HTTPFieldName(upperCased: "AUTHORIZATION") }
    package static var contentType: HTTPFieldName { HTTPFieldName(upperCased: "CONTENT-TYPE") }
    package static var ifMatch: HTTPFieldName { HTTPFieldName(upperCased: "IF-MATCH") }
    package static var ifNoneMatch: HTTPFieldName { HTTPFieldName(upperCased: "IF-NONE-MATCH") }
    package static var lastEventID: HTTPFieldName { HTTPFieldName(upperCased: "LAST-EVENT-ID") }
    package static var origin: HTTPFieldName { HTTPFieldName(upperCased: "ORIGIN") }
    package static var puffinAfter: HTTPFieldName { HTTPFieldName(upperCased: "PUFFIN-AFTER") }
    package static var userAgent: HTTPFieldName { HTTPFieldName(upperCased: "USER-AGENT") }
}

/// The parts of a valid head: ranges of the bytes that it came in.
package struct HTTPHead: ~Escapable {
    private let parts: HTTPParts
    private let fields: Span<Slice>
    private let bytes: Span<UInt8>

    @_lifetime(copy fields, copy bytes)
    init(_ parts: HTTPParts, fields: Span<Slice>, in bytes: Span<UInt8>) {
        self.parts = parts
        self.fields = fields
        self.bytes = bytes
    }

    /// The method as it was written.
    package var method: Span<UInt8> {
        @_lifetime(copy self)
        get { bytes.extracting(parts.method) }
    }

    /// The target as it was written.
    package var target: Span<UInt8> {
        @_lifetime(copy self)
        get { bytes.extracting(parts.target) }
    }

    /// The target's path, which begins with `/`, or `*`. It is not decoded (`ByteBuffer.append(percentDecoded:)`).
    package var path: Span<UInt8> {
        @_lifetime(copy self)
        get { bytes.extracting(parts.path) }
    }

    /// Where the method and the path are in the bytes of the request.
    package var methodRange: Slice { parts.method }
    package var pathRange: Slice { parts.path }
    /// The same of the query; nil without one.
    package var queryRange: Slice? { parts.query }

    /// What follows the target's first `?`, not decoded (`HTTPQuery`); nil without one.
    package var query: Span<UInt8>? {
        @_lifetime(copy self)
        get {
            guard let query = parts.query else { return nil }
            return bytes.extracting(query)
        }
    }

    /// The value of the field Host: a host and perhaps a port. nil in HTTP/1.0 without one.
    package var authority: Span<UInt8>? {
        @_lifetime(copy self)
        get {
            guard let authority = parts.authority else { return nil }
            return bytes.extracting(authority)
        }
    }

    /// The same without port and brackets. Its bytes are checked, but not whether an address is one.
    package var host: Span<UInt8>? {
        @_lifetime(copy self)
        get {
            guard let host = parts.host else { return nil }
            return bytes.extracting(host)
        }
    }

    /// The number of fields.
    package var fieldCount: Int { fields.count / 2 }

    /// The name of a field as it was written.
    /// - Parameter index: from 0 to `fieldCount` - 1, in the order of the request.
    @_lifetime(copy self)
    package func fieldName(at index: Int) -> Span<UInt8> { bytes.extracting(fields[index * 2]) }

    /// The value of a field, without blanks at its ends; it may be empty.
    /// - Parameter index: from 0 to `fieldCount` - 1, in the order of the request.
    @_lifetime(copy self)
    package func fieldValue(at index: Int) -> Span<UInt8> { bytes.extracting(fields[index * 2 + 1]) }

    /// The index of the first field of this name at `start` or behind. For fields that are lists and may be sent
    /// several times, such as Accept: each value is a part of the list (RFC 9110, section 5.3).
    package func index(of name: HTTPFieldName, from start: Int = 0) -> Int? {
        var index = start
        while index < fieldCount {
            if fieldName(at: index).equalsIgnoringCase(name.upperCased) { return index }
            index += 1
        }
        return nil
    }

    /// The value of a field that has one value; nil if it is not sent.
    /// - Throws: `HTTPError` with status 400 if it is sent several times: a proxy may have checked another one of the
    ///   values.
    @_lifetime(copy self)
    package func field(_ name: HTTPFieldName) throws(HTTPError) -> Span<UInt8>? {
        guard let index = index(of: name) else { return nil }
        guard self.index(of: name, from: index + 1) == nil else { throw .repeatedField }
        return fieldValue(at: index)
    }
}
