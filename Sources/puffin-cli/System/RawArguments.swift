// The process's arguments as bytes. The argument parser accepts only texts, but a key may be any bytes. So an argument
// that is not UTF-8 passes the parser with each byte of 0x80 and above written as a character of a private-use range,
// and `RawBytes` converts those back.

import ArgumentParser

/// Byte `b` is written as the character `firstStandIn + b`.
private let firstStandIn: UInt32 = 0x10fe00
private let standIns = firstStandIn...firstStandIn + 0xff

/// Bytes of the command line, exactly as given.
struct RawBytes: ExpressibleByArgument {
    let bytes: [UInt8]
    /// Whether it is a dash before any `--`, which means standard input.
    let isStandardInput: Bool

    init(argument: String) {
        isStandardInput = argument == "-"
        guard argument.unicodeScalars.contains(where: { standIns.contains($0.value) }) else {
            bytes = Array(argument.utf8)
            return
        }
        bytes = argument.unicodeScalars.flatMap { scalar in
            standIns.contains(scalar.value) ? [UInt8(truncatingIfNeeded: scalar.value)] : Array(String(scalar).utf8)
        }
    }
}

/// The bytes unchanged if they are UTF-8 without stand-ins, so that help and errors show them; otherwise with
/// stand-ins.
func argumentText(_ bytes: [UInt8]) -> String {
    if let text = String(validating: bytes, as: UTF8.self),
        !text.unicodeScalars.contains(where: { standIns.contains($0.value) })
    {
        return text
    }
    var text = String.UnicodeScalarView()
    for byte in bytes {
        let value = byte < 0x80 ? UInt32(byte) : firstStandIn + UInt32(byte)
        if let scalar = Unicode.Scalar(value) { text.append(scalar) }
    }
    return String(text)
}

/// A text whose first byte, a dash, is a stand-in, so that the parser does not take it for an option.
@Sendable func disguised(_ text: String) -> String {
    guard let first = text.utf8.first, let scalar = Unicode.Scalar(firstStandIn + UInt32(first)) else { return text }
    return String(Character(scalar)) + text.dropFirst()
}
