// Writes JSON (RFC 8259): the caller names members and values, the writer adds commas, quotes, escapes and line feeds.
// For replies of tools, reports and log lines; lines of the log and of the replication stream have codecs of their own.

/// A type that can be written as a JSON value.
package protocol JSONValue {
    /// Writes the value, once.
    func write(to json: inout JSONWriter)
}

/// One JSON text, appended to a buffer.
package struct JSONWriter: ~Copyable {
    /// How a text is laid out and escaped.
    package enum Style: Sendable {
        /// On one line, without spaces.
        case compact
        /// The same; in strings, terminal control characters are escaped too.
        case terminalSafe
        /// One member or item per line; escaped as `terminalSafe`.
        case indented
    }

    fileprivate var buffer = ByteBuffer()
    private let style: Style
    private var depth = 0
    /// Whether a comma must precede the next item.
    private var needsComma = false
    /// Whether a member's name has just been written.
    private var isBehindName = false

    fileprivate init(_ style: Style) { self.style = style }

    /// Bytes written so far, with what was in the buffer before.
    package var size: Int { buffer.count }

    // MARK: Objects and lists

    /// Writes an object, whose members `body` writes.
    package mutating func object<E: Error>(_ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
        try group(UInt8(ascii: "{"), UInt8(ascii: "}"), body)
    }

    /// Writes a list, whose items `body` writes.
    package mutating func list<E: Error>(_ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
        try group(UInt8(ascii: "["), UInt8(ascii: "]"), body)
    }

    private mutating func group<E: Error>(
        _ first: UInt8, _ last: UInt8, _ body: (inout JSONWriter) throws(E) -> Void
    ) throws(E) {
        beginValue()
        buffer.append(first)
        depth += 1
        needsComma = false
        try body(&self)
        depth -= 1
        if needsComma { breakLine() }
        buffer.append(last)
        needsComma = true
    }

    /// Writes a member's name; its value must follow.
    package mutating func name(_ name: String) {
        precondition(!isBehindName, "a JSON name behind a name")
        beginValue()
        quote(name)
        buffer.append(UInt8(ascii: ":"))
        if style == .indented { buffer.append(UInt8(ascii: " ")) }
        isBehindName = true
    }

    // MARK: Members

    /// Writes a member of an object.
    package mutating func member(_ name: String, _ value: some JSONValue) {
        self.name(name)
        value.write(to: &self)
    }

    /// Writes a member that is an object.
    package mutating func member<E: Error>(
        _ name: String, object body: (inout JSONWriter) throws(E) -> Void
    ) throws(E) {
        self.name(name)
        try object(body)
    }

    /// Writes a member that is a list.
    package mutating func member<E: Error>(
        _ name: String, list body: (inout JSONWriter) throws(E) -> Void
    ) throws(E) {
        self.name(name)
        try list(body)
    }

    /// Writes bytes as a member: `"name":"text"`, or `"name64":"base64"` if they are not UTF-8, as in the log.
    package mutating func member(_ name: String, bytes: Span<UInt8>) {
        if bytes.isUTF8 {
            self.name(name)
            text(bytes)
        } else {
            self.name(name + "64")
            beginValue()
            buffer.append(UInt8(ascii: "\""))
            buffer.append(base64: bytes)
            buffer.append(UInt8(ascii: "\""))
        }
    }

    // MARK: Values

    /// Writes a value, such as a list's next item.
    package mutating func value(_ value: some JSONValue) { value.write(to: &self) }

    /// Writes a text, which must be UTF-8.
    package mutating func text(_ bytes: Span<UInt8>) {
        beginValue()
        quote(bytes)
    }

    /// Writes a number, `true`, `null` or anything else that has no quotes.
    package mutating func plain(_ text: Span<UInt8>) {
        beginValue()
        buffer.append(text)
    }

    /// As above.
    package mutating func plain(_ text: String) {
        beginValue()
        buffer.append(text: text)
    }

    fileprivate mutating func text(_ text: String) {
        beginValue()
        quote(text)
    }

    private mutating func quote(_ text: String) {
        let bytes = Array(text.utf8)
        quote(bytes.span)
    }

    private mutating func quote(_ bytes: Span<UInt8>) {
        if style == .compact || bytes.isPlainASCII { return buffer.append(jsonString: bytes) }
        #if hasFeature(Embedded)
            // A module of WebAssembly writes for no terminal, and goes without Unicode's tables.
            buffer.append(jsonString: bytes)
        #else
            var string = ByteBuffer()
            string.append(jsonString: bytes)
            buffer.append(terminalSafe: string.bytes)
        #endif
    }

    // MARK: What stands between

    private mutating func beginValue() {
        if isBehindName {
            isBehindName = false
        } else {
            if needsComma { buffer.append(UInt8(ascii: ",")) }
            if depth > 0 { breakLine() }
        }
        needsComma = true
    }

    private mutating func breakLine() {
        guard style == .indented else { return }
        buffer.append(UInt8(ascii: "\n"))
        for _ in 0..<depth { buffer.append("  ") }
    }
}

extension Span where Element == UInt8 {
    /// Whether these are printable ASCII characters.
    fileprivate var isPlainASCII: Bool {
        for index in 0..<count where self[index] < 0x20 || self[index] > 0x7e { return false }
        return true
    }
}

extension ByteBuffer {
    /// Appends one JSON value, which `body` writes.
    package mutating func append<E: Error>(
        json style: JSONWriter.Style, _ body: (inout JSONWriter) throws(E) -> Void
    ) throws(E) {
        var json = JSONWriter(style)
        swap(&json.buffer, &self)
        defer { swap(&json.buffer, &self) }
        try body(&json)
    }
}

extension String {
    /// A JSON text, which `body` writes.
    package init<E: Error>(
        json style: JSONWriter.Style, _ body: (inout JSONWriter) throws(E) -> Void
    ) throws(E) {
        var buffer = ByteBuffer()
        try buffer.append(json: style, body)
        self.init(buffer.bytes)
    }
}

// MARK: - Values

extension String: JSONValue {
    package func write(to json: inout JSONWriter) { json.text(self) }
}

extension Int: JSONValue {
    package func write(to json: inout JSONWriter) { json.plain(String(self)) }
}

extension UInt64: JSONValue {
    package func write(to json: inout JSONWriter) { json.plain(String(self)) }
}

extension Bool: JSONValue {
    package func write(to json: inout JSONWriter) { json.plain(self ? "true" : "false") }
}

extension Optional: JSONValue where Wrapped: JSONValue {
    package func write(to json: inout JSONWriter) {
        if let self { self.write(to: &json) } else { json.plain("null") }
    }
}

extension Array: JSONValue where Element: JSONValue {
    package func write(to json: inout JSONWriter) {
        json.list { json in
            for item in self { item.write(to: &json) }
        }
    }
}
