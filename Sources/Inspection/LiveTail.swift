// Reads a segment that may be being written. A read is not atomic: it may see one page before a write and the next page
// after a later write. Apparent damage is therefore read again. Writes are sequential, so if the first read has seen
// part of a later write, the second read sees all of the earlier one.

import Bytes
import LogFormat
import Store

/// What comes next in a segment that may be being written.
enum LiveStep {
    case record
    case end
    /// The rest of a write that is in progress, or was cut short.
    case torn(Damage)
}

extension SegmentReader where Source == FileSource {
    /// Goes to the next record of the last segment.
    /// - Throws: `StoreError.corruption` for damage found twice in a row that no torn write explains.
    mutating func nextWhileWritten() throws(StoreError) -> LiveStep {
        var suspected: Int?
        while true {
            do throws(StoreError) {
                return try next() ? .record : .end
            } catch {
                guard case .corruption(let damage) = error else { throw error }
                let isTorn = damage.isWhole ? false : try self.isTorn()
                goBack()
                if isTorn { return .torn(damage) }
                // A durable line moves the end without being a record: then this is different damage.
                if suspected == end { throw error }
                suspected = end
            }
        }
    }

    /// Opens the last segment, whose creation may be in progress.
    /// - Returns: nil if it has no complete header yet, and nothing after it.
    /// - Throws: `StoreError.corruption` for damage found twice in a row.
    static func last(
        _ file: any DiskFile, firstSeq: UInt64, history: String?, after expected: ChainPosition?,
        reserveSize: Int = .max
    ) throws(StoreError) -> SegmentReader? {
        var isSuspected = false
        while true {
            do throws(StoreError) {
                return try SegmentReader(
                    file.source, firstSeq: firstSeq, history: history, after: expected, reserveSize: reserveSize)
            } catch {
                guard case .corruption(let damage) = error, !damage.isWhole else { throw error }
                var reader = LineReader(file.source)
                _ = try reader.next()
                // A crash leaves one line at most: the header is durable before anything is written after it.
                if try !reader.next() { return nil }
                // It may have been written between the two reads.
                if isSuspected { throw error }
                isSuspected = true
            }
        }
    }
}
