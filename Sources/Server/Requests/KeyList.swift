// The keys of one KEYS reply.

import Bytes
import Wire

/// The keys of a reply whose header states their number. Kept in pieces, so that growing copies little, and so that
/// memory is freed while they are sent.
struct KeyList: ~Copyable {
    private(set) var count = 0
    /// Bytes of keys.
    private(set) var size = 0
    private let dialect: ReplyDialect
    private var pieces: [Piece] = []

    private final class Piece {
        var writer = ReplyWriter()
    }

    /// The maximum size of a piece in bytes, unless a single key is larger; a power of two, as its buffer doubles. Also
    /// the bytes written before a key.
    private static let pieceSize = 64 << 10
    private static let headSize = 32

    init(dialect: ReplyDialect) { self.dialect = dialect }

    var isEmpty: Bool { pieces.isEmpty }

    mutating func append(_ key: Span<UInt8>) {
        if pieces.last.map({ $0.writer.buffer.count + key.count + KeyList.headSize > KeyList.pieceSize }) ?? true {
            addPiece()
        }
        let piece = pieces[pieces.count - 1]
        let before = piece.writer.buffer.count
        piece.writer.value(key)
        size += piece.writer.buffer.count - before
        count += 1
    }

    private mutating func addPiece() {
        let piece = Piece()
        piece.writer.dialect = dialect
        if dialect == .line { piece.writer.list(0) }
        pieces.append(piece)
    }

    /// Takes the keys out, one after the other. Only for keys in RESP.
    mutating func take(_ visit: (Span<UInt8>) -> Void) {
        precondition(dialect == .resp2, "keys with their sizes before them")
        for piece in pieces { KeyList.visit(piece.writer.buffer, visit) }
        pieces = []
        (size, count) = (0, 0)
    }

    private static func visit(_ buffer: borrowing ByteBuffer, _ visit: (Span<UInt8>) -> Void) {
        let bytes = buffer.bytes
        var offset = 0
        while offset < bytes.count {
            // $3 CR LF key CR LF
            var (size, digit) = (0, offset + 1)
            while bytes[digit] != UInt8(ascii: "\r") {
                size = size * 10 + Int(bytes[digit] - UInt8(ascii: "0"))
                digit += 1
            }
            visit(bytes.extracting(digit + 2..<digit + 2 + size))
            offset = digit + 2 + size + 2
        }
    }

    /// Moves keys, as encoded for the reply, to the end of the reply.
    /// - Parameter limit: stop once so many bytes have been moved.
    mutating func move(atLeast limit: Int = .max, to writer: inout ReplyWriter) {
        var (moved, done) = (0, 0)
        while done < pieces.count, moved < limit {
            let piece = pieces[done]
            writer.buffer.append(piece.writer.buffer.bytes)
            moved += piece.writer.buffer.count
            done += 1
        }
        pieces.removeFirst(done)
        size -= moved
        assert(size >= 0 && (size == 0 || !pieces.isEmpty), "the size counts keys that were moved")
    }
}
