// Reading a segment that somebody may be writing to. A read is not one moment: it may have a page as it was before a
// write, and the next page as it is after the write behind it. What looks like damage is therefore read again. Writes
// follow one another, so whatever the first reading has seen of a later one, the second reading has all of the one before.

import Bytes
import LogFormat
import Store

/// What stands next in a segment that may be being written to.
enum LiveStep {
    case record
    case end
    /// What a write that is under way, or was cut short, leaves.
    case torn(Damage)
}

extension SegmentReader where Source == FileSource {
    /// Goes to the next record of the last segment.
    /// - Throws: `StoreError.corruption` for what was found twice in a row, and is no torn write's.
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
                // A durable line moves the end without being a record: then the damage is another.
                if suspected == end { throw error }
                suspected = end
            }
        }
    }

    /// Opens the last segment, which may be being begun at this moment.
    /// - Returns: nil where it has no whole header yet, and nothing behind that.
    /// - Throws: `StoreError.corruption` for what was found twice in a row.
    static func last(
        _ file: any DiskFile, firstSeq: UInt64, history: String?, after expected: LogPosition?, reserveSize: Int = .max
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
                // A crash leaves one line at most: the header is durable before anything is written behind it.
                if try !reader.next() { return nil }
                // It may have been written between the two readings.
                if isSuspected { throw error }
                isSuspected = true
            }
        }
    }
}
