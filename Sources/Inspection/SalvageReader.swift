// Reads what can still be read of a damaged file. Each line of a segment or snapshot continues the checksum of the line
// before, so behind a damaged line it is not certain what the next one continues: the sum that stands in the damaged
// line, or the sum of its bytes, whichever of the two was not damaged. A line that fits one of them is sound, and so are
// those behind it. Where neither fits, one line more cannot be proved, and is not used.

import Bytes
import LogFormat
import Store

/// Reads the sound lines of a file with damage.
struct SalvageReader: ~Copyable {
    private var reader: LineReader<FileSource>
    private var parser = RecordParser()
    /// The sums that the next line may continue.
    private var chains: [UInt32]

    /// More would make it likelier that a damaged line fits by chance: this way it is less than one in 500 million.
    private static let chainLimit = 8

    enum Step {
        case sound(LogLine)
        /// Damaged, or not to be proved sound.
        case unsound
        case end
    }

    /// - Parameters:
    ///   - start: where to begin, in bytes.
    ///   - number: how many lines stand before it.
    ///   - chain: the sum before the first line, where it is known.
    init(_ file: any DiskFile, from start: Int = 0, behind number: Int = 0, chain: UInt32?) {
        reader = LineReader(file.source, from: start, behind: number)
        chains = chain.map { [$0] } ?? []
    }

    /// The current line's number, from 1.
    var number: Int { reader.number }

    mutating func next() throws(StoreError) -> Step {
        guard try reader.next() else { return .end }
        guard reader.isTerminated else { return .unsound }
        let candidates = chains.isEmpty ? [0] : chains
        for chain in candidates {
            guard let line = try? parser.parse(reader.line, chain: chain) else { continue }
            switch line {
            case .record(_, _, let crc), .pair(let crc): chains = [crc]
            case .header(let header): chains = [header.chain]
            case .snapshot: chains = [reader.line.checksumDigits ?? 0]
            case .durable, .end: break
            }
            return .sound(line)
        }
        chains = chainsBehindUnsound
        return .unsound
    }

    /// The sums that the line behind this one, which is not sound, may continue.
    private var chainsBehindUnsound: [UInt32] {
        let line = reader.line
        // A durable line is no part of the chain: the next line may continue what this one should have.
        var next = chains
        let body = line.lineBody
        if !body.isEmpty {
            for chain in chains { next.append(CRC32C.extend(chain, with: body)) }
            if let stored = line.checksumDigits { next.append(stored) }
        }
        return next.suffix(SalvageReader.chainLimit)
    }

    /// Visits the changes of the current line, as far as they are legible; of one that is not sound they may be wrong.
    mutating func changes(apply: (borrowing Change) -> Void) {
        try? SalvageReader.visit(&parser, reader, apply)
    }

    private static func visit(
        _ parser: inout RecordParser, _ reader: borrowing LineReader<FileSource>, _ apply: (borrowing Change) -> Void
    ) throws(LineError) {
        try parser.changes(of: reader.line, apply: apply)
    }
}
