// Keys and values for display: they may contain any bytes, be many megabytes long, and be meant to attack a terminal.

import Bytes

extension Span where Element == UInt8 {
    /// The beginning of the bytes, at most `width` characters: escaped as in JSON and safe on a terminal; as base64 if
    /// they are not UTF-8. Ends with `…` if it was cut.
    package func excerpt(of width: Int) -> String {
        guard let text = beginning(width) else { return base64(width) }
        var shown = ""
        var size = 0
        for scalar in text.unicodeScalars {
            let piece = printable(scalar)
            size += piece.unicodeScalars.count
            if size > width { return cut(shown, to: width) }
            shown += piece
        }
        return text.utf8.count < count ? cut(shown, to: width) : shown
    }

    /// As much of the text as fits, in whole characters; nil if it is not UTF-8.
    private func beginning(_ width: Int) -> String? {
        var size = min(count, 4 * width)
        // Do not cut inside a character.
        while size < count && size > 0 && self[size] & 0xc0 == 0x80 { size -= 1 }
        let start = extracting(0..<size)
        return start.isUTF8 ? String(start) : nil
    }

    private func base64(_ width: Int) -> String {
        var encoded = ByteBuffer()
        encoded.append("base64:")
        encoded.append(base64: extracting(0..<min(count, width)))
        let text = String(encoded.bytes)
        return text.utf8.count > width || count > width ? cut(text, to: width) : text
    }
}

private func printable(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\"", "\\": return "\\" + String(scalar)
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\t": return "\\t"
    default: return String(scalar).terminalSafe
    }
}

private func cut(_ text: String, to width: Int) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.prefix(max(width - 1, 0)))) + "…"
}
