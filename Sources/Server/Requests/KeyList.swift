// The keys of one KEYS reply.

import Bytes
import Wire

/// Keys gathered for a reply, whose header has to say how many there are. In pieces, so that growing never copies much, and so that
/// memory goes as they are sent.
struct KeyList: ~Copyable {
    private(set) var count = 0
    /// Bytes gathered.
    private(set) var size = 0
    private let dialect: ReplyDialect
    private var pieces: [Piece] = []

    private final class Piece {
        var writer = ReplyWriter()
    }

    /// Bytes of a piece, unless a single key is larger: no more than its buffer grows to by doubling. And of what is written before a key.
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

    /// Moves keys, as they are written in a reply, to its end.
    /// - Parameter limit: where so much has been moved, the rest stays.
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
        assert(size >= 0 && (size == 0 || !pieces.isEmpty), "keys are counted that are moved")
    }
}
