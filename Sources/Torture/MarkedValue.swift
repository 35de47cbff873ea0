// Values that identify the change that made them: a value found after a crash tells which changes have survived, and
// each byte of it is checked.

/// A value: the number of its change, and the number of bytes after that.
package struct MarkedValue: Equatable, Sendable {
    package let number: Int
    package let size: Int

    /// One filler in three needs escapes in the log, one is not text at all.
    private static let fillers = [
        Array("plain ".utf8), Array("\u{1f427}\t\u{e9}\u{e8} \"".utf8), [0xff, 0x0a, 0x00, 0xc3],
    ]

    package init(number: Int, size: Int) {
        self.number = number
        self.size = size
    }

    /// Recognizes a value that a writer has made, checking each byte; nil for any other.
    package init?(_ bytes: [UInt8]) {
        let parts = bytes.prefix(40).split(separator: UInt8(ascii: "."), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let number = Int(String(decoding: parts[0], as: UTF8.self)), number >= 0,
            let size = Int(String(decoding: parts[1], as: UTF8.self)), size >= 0, size <= bytes.count
        else { return nil }
        self.init(number: number, size: size)
        guard self.bytes == bytes else { return nil }
    }

    /// The value as it is sent.
    package var bytes: [UInt8] {
        let filler = MarkedValue.fillers[number % 3]
        var bytes = Array("\(number).\(size).".utf8)
        bytes.reserveCapacity(bytes.count + size)
        for index in 0..<size { bytes.append(filler[index % filler.count]) }
        return bytes
    }

    /// Whether it can be written as the rest of a line.
    package var isPlain: Bool { number % 3 == 0 }
}
