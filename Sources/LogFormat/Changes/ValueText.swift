// A value's text in a line. Compaction copies the text unchanged if Puffin itself would write it, and encodes the value again
// otherwise. So equal data gives equal snapshots, whatever program wrote the log.

import Bytes

/// The text of a value, with its quotes.
public struct ValueText: ~Escapable, BitwiseCopyable {
    /// How the value is spelled.
    public enum Form: UInt8, Sendable, BitwiseCopyable {
        /// ASCII without escapes.
        case plain
        /// With no other escapes than Puffin writes. Whether it is valid UTF-8 is not known.
        case minimal
        /// With others. Whether it is a JSON string is not known.
        case escaped
        case base64
    }

    /// The text with both quotes; empty if there is none.
    public let quoted: Span<UInt8>
    /// The offset of the first quote in the line, in bytes.
    public let start: Int
    public let form: Form

    @_lifetime(copy quoted)
    @inlinable @inline(__always)
    public init(_ quoted: Span<UInt8>, at start: Int, _ form: Form) {
        self.quoted = quoted
        self.start = start
        self.form = form
    }

    /// No text: the change has no value, or states it decoded.
    static var none: ValueText {
        @_lifetime(immortal)
        get { ValueText(Span(), at: 0, .plain) }
    }

    private var inside: Span<UInt8> {
        @_lifetime(copy self)
        get { quoted.extracting(1..<quoted.count - 1) }
    }

    /// Whether Puffin spells the value like this.
    package var isCanonical: Bool {
        switch form {
        case .plain: true
        case .minimal: inside.isUTF8
        case .escaped: false
        case .base64: inside.isCanonicalBase64 && isBinary
        }
    }

    /// Whether the beginning of what base64 stands for is not valid UTF-8, as is usual where the whole is not.
    private var isBinary: Bool {
        var bytes = ByteBuffer()
        let size = min(inside.count, 64)
        guard bytes.append(decodedBase64: inside.extracting(0..<size)) else { return false }
        // The last character may be cut off here.
        for cut in 0...(size < inside.count ? 3 : 0) where bytes.bytes.extracting(0..<bytes.count - cut).isUTF8 {
            return false
        }
        return true
    }

    /// Appends what the text stands for.
    /// - Returns: false if that is nothing: it is no JSON string, or not base64.
    package func decode(into buffer: inout ByteBuffer) -> Bool {
        if form == .base64 { return buffer.append(decodedBase64: inside) }
        return (try? buffer.append(decodedJSONString: quoted, at: 0)) == quoted.count
    }
}

/// A text that is not copied: where it is in a segment, and what identifies it when it is read again.
public struct ValueReference: Equatable, Sendable, BitwiseCopyable {
    /// The segment's index among those that a compaction reads.
    public let segment: Int
    /// The offset of the first quote in the segment, and the size with both quotes, in bytes.
    public let offset: Int
    public let size: Int
    public let form: ValueText.Form
    /// The CRC-32C of the text with both quotes.
    public let crc: UInt32

    /// - Parameter lineOffset: the offset of the text's line in the segment, in bytes.
    public init(_ text: borrowing ValueText, segment: Int, lineOffset: Int) {
        self.segment = segment
        offset = lineOffset + text.start
        size = text.quoted.count
        form = text.form
        crc = CRC32C.extend(0, with: text.quoted)
    }

    /// In memory it takes two words: 40 bits of the offset and 24 of the segment, 30 of the size, two of the form, 32 of the sum.
    init(_ first: UInt64, _ second: UInt64) {
        offset = Int(truncatingIfNeeded: first & (1 << 40 - 1))
        segment = Int(truncatingIfNeeded: first >> 40)
        size = Int(truncatingIfNeeded: second & (1 << 30 - 1))
        form = ValueText.Form(rawValue: UInt8(truncatingIfNeeded: second >> 30 & 3)) ?? .escaped
        crc = UInt32(truncatingIfNeeded: second >> 32)
    }

    var words: (UInt64, UInt64) {
        precondition(offset < 1 << 40 && segment < 1 << 24 && size < 1 << 30, "a text beyond every limit")
        return (UInt64(segment) << 40 | UInt64(offset), UInt64(crc) << 32 | UInt64(form.rawValue) << 30 | UInt64(size))
    }
}
