// The process's arguments as bytes. The argument parser takes only texts, but a key is any bytes. So an argument that is
// not UTF-8 travels through the parser with each byte of 0x80 and above written as a character of its own, from a
// private-use range, and `RawBytes` turns those back. `unsafe` is allowed here because a variable's text ends with a zero,
// and nobody changes the environment.

import ArgumentParser
import Glibc

/// Byte `b` travels as the character `firstStandIn + b`.
private let firstStandIn: UInt32 = 0x10fe00
private let standIns = firstStandIn...firstStandIn + 0xff

/// Bytes from the command line, exactly as they were given.
struct RawBytes: ExpressibleByArgument {
    let bytes: [UInt8]
    /// Whether it is a dash that is not behind `--`: it stands for standard input then.
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

/// The bytes as they are where they are UTF-8 without any stand-in, so that help and errors show them; else in disguise.
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

/// A text whose first byte, a dash, is in disguise, so that the parser does not take it for an option.
@Sendable func disguised(_ text: String) -> String {
    guard let first = text.utf8.first, let scalar = Unicode.Scalar(firstStandIn + UInt32(first)) else { return text }
    return String(Character(scalar)) + text.dropFirst()
}

/// A variable of the environment; nil where it is not set.
func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
}
