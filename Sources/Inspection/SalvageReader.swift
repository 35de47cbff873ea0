// Reads what is still readable of a damaged file. Each line of a segment or snapshot continues the checksum of the line
// before it, so after a damaged line there are two candidates: the sum in the damaged line, and the sum of its bytes,
// whichever was not damaged. A line that fits one of them is intact, and so are those after it. If neither fits, one
// more line cannot be proved, and is not used.

import Bytes
import LogFormat
import Store

/// Reads the intact lines of a damaged file.
struct SalvageReader: ~Copyable {
    private var reader: LineReader<FileSource>
    private var parser = RecordParser()
    /// The checksums that the next line may continue.
    private var chains: [UInt32]

    /// More would make it likelier that a damaged line fits by chance: this keeps it below one in 500 million.
    private static let chainLimit = 8

    enum Step {
        case sound(LogLine)
        /// Damaged, or not provably intact.
        case unsound
        case end
    }

    /// - Parameters:
    ///   - start: the offset to begin at, in bytes.
    ///   - number: the number of lines before it.
    ///   - chain: the checksum before the first line, if known.
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
            case .record(_, _, let crc), .pair(let crc), .note(let crc): chains = [crc]
            case .header(let header): chains = [header.chain]
            case .snapshot: chains = [reader.line.checksumDigits ?? 0]
            case .durable, .end: break
            }
            return .sound(line)
        }
        chains = chainsBehindUnsound
        return .unsound
    }

    /// The checksums that the line after this unproved one may continue.
    private var chainsBehindUnsound: [UInt32] {
        let line = reader.line
        // A durable line is not part of the chain: the next line may continue what this one should have.
        var next = chains
        let body = line.lineBody
        if !body.isEmpty {
            for chain in chains { next.append(CRC32C.extend(chain, with: body)) }
            if let stored = line.checksumDigits { next.append(stored) }
        }
        return next.suffix(SalvageReader.chainLimit)
    }

    /// Visits the readable changes of the current line; if the line is not proved they may be wrong.
    mutating func changes(apply: (borrowing Change) -> Void) {
        try? SalvageReader.visit(&parser, reader, apply)
    }

    private static func visit(
        _ parser: inout RecordParser, _ reader: borrowing LineReader<FileSource>, _ apply: (borrowing Change) -> Void
    ) throws(LineError) {
        try parser.changes(of: reader.line, needs: .known, apply: apply)
    }
}
