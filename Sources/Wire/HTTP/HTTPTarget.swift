// Paths and queries, decoded to bytes (RFC 3986, section 2.1). A `+` is itself in both, never a space.

import Bytes

extension ByteBuffer {
    /// Appends `text` with each `%` and two hexadecimal digits replaced by one byte, which may be any: `%2F` and `/`
    /// both give a slash, `%00` a zero. It never appends more bytes than `text` has.
    /// - Throws: `HTTPError` with status 400 at a `%` without two digits; what was appended before it stays.
    package mutating func append(percentDecoded text: Span<UInt8>) throws(HTTPError) {
        reserve(text.count)
        var index = 0
        while index < text.count {
            let byte = text[index]
            guard byte == UInt8(ascii: "%") else {
                append(byte)
                index &+= 1
                continue
            }
            guard index &+ 2 < text.count, let high = hexadecimalValue(text[index &+ 1]),
                let low = hexadecimalValue(text[index &+ 2])
            else { throw .percentEscape }
            append(high &<< 4 | low)
            index &+= 3
        }
    }
}

/// The parameters of a query, `name=value` with `&` between them, decoded. A parameter without `=` has an empty value.
package struct HTTPQuery: ~Copyable {
    /// The most parameters of a query.
    private static let parameterCount = 32

    private var decoded = ByteBuffer()
    private var parameters: [(name: Slice, value: Slice)] = []

    /// - Parameter text: what follows the `?` of a target; an empty one has no parameters.
    /// - Throws: `HTTPError` with status 400 if an escape is not valid, a name is empty or given twice, or there are
    ///   more than 32 parameters.
    package init(_ text: Span<UInt8>) throws(HTTPError) {
        guard text.count > 0 else { return }
        var start = 0
        for index in 0...text.count where index == text.count || text[index] == UInt8(ascii: "&") {
            try add(text.extracting(start..<index))
            start = index + 1
        }
    }

    private mutating func add(_ parameter: Span<UInt8>) throws(HTTPError) {
        guard parameters.count < HTTPQuery.parameterCount else { throw .tooManyParameters }
        var equals = 0
        while equals < parameter.count, parameter[equals] != UInt8(ascii: "=") { equals += 1 }
        let name = try decode(parameter.extracting(0..<equals))
        let value = try decode(parameter.extracting(min(equals + 1, parameter.count)..<parameter.count))
        guard name.size > 0 else { throw .namelessParameter }
        for known in parameters where decoded.bytes.extracting(known.name).equals(decoded.bytes.extracting(name)) {
            throw .repeatedParameter
        }
        parameters.append((name, value))
    }

    private mutating func decode(_ text: Span<UInt8>) throws(HTTPError) -> Slice {
        let start = decoded.count
        try decoded.append(percentDecoded: text)
        return Slice(offset: start, size: decoded.count - start)
    }

    /// The number of parameters.
    package var count: Int { parameters.count }

    /// - Parameter index: from 0 to `count` - 1, in the order of the query.
    @_lifetime(borrow self)
    package func name(at index: Int) -> Span<UInt8> { decoded.bytes.extracting(parameters[index].name) }

    /// - Parameter index: from 0 to `count` - 1, in the order of the query.
    @_lifetime(borrow self)
    package func value(at index: Int) -> Span<UInt8> { decoded.bytes.extracting(parameters[index].value) }

    /// The value of the parameter `name`, which is ASCII; upper and lower case differ. nil if it is not given.
    @_lifetime(borrow self)
    package func value(of name: StaticString) -> Span<UInt8>? {
        guard let index = parameters.indices.first(where: { self.name(at: $0).equals(name) }) else { return nil }
        return value(at: index)
    }

    /// The index of the first parameter whose name is none of `names`; nil if all are known.
    package func firstUnknown(besides names: [StaticString]) -> Int? {
        parameters.indices.first { index in !names.contains { name(at: index).equals($0) } }
    }
}
