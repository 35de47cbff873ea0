// Tokens: how clients name a position in the history, to continue a feed of changes there.
//
//     TOKEN = SEQ "-" CRC      515400-eece75c1: the number of a change, and the checksum of all changes up to it
//           / SEQ              515400: for people; any history has it

import Bytes
import LogFormat

/// A position as a client names it.
package enum ChangeToken: Equatable, Sendable {
    /// A position that only one history has.
    case position(ChainPosition)
    /// After the change with this number, in whichever history.
    case seq(UInt64)

    /// The number of its change.
    package var seq: UInt64 {
        switch self {
        case .position(let position): position.seq
        case .seq(let seq): seq
        }
    }

    /// The position, if it names one.
    package var position: ChainPosition? { if case .position(let position) = self { position } else { nil } }

    /// Parses a token. Each has one spelling.
    /// - Returns: nil for anything else.
    package init?(_ text: Span<UInt8>) {
        if let seq = text.number {
            self = .seq(seq)
            return
        }
        let size = text.count - 9
        guard size > 0, text[size] == UInt8(ascii: "-"), let seq = text.extracting(0..<size).number,
            let crc = text.hex32(at: size + 1)
        else { return nil }
        self = .position(ChainPosition(seq: seq, crc: crc))
    }
}

extension ChainPosition {
    /// `515400-eece75c1`.
    package var token: String { "\(seq)-\(hex(crc))" }
}

extension ByteBuffer {
    /// Appends a position's token.
    package mutating func append(token position: ChainPosition) {
        append(decimal: position.seq)
        append(UInt8(ascii: "-"))
        append(hex: position.crc)
    }
}
