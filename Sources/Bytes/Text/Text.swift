// Bytes as text for people: for messages, never for the hot path.

extension String {
    /// The bytes as UTF-8; invalid ones are replaced.
    package init(_ bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}

extension Array where Element == UInt8 {
    /// A copy of the bytes.
    package init(_ bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
    }
}

/// `1 pair`, `2 pairs`: a number and its noun.
package func counted(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
}

/// `text` padded with spaces to `width` characters, on the right, or on the left.
package func padded(_ text: String, _ width: Int, left: Bool = false) -> String {
    let blanks = String(repeating: " ", count: max(0, width - text.unicodeScalars.count))
    return left ? text + blanks : blanks + text
}
