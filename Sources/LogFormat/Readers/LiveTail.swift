// Reads a segment that may be being written. A read is not atomic: it may see one page before a write and the next page
// after a later write. Apparent damage is therefore read again. Writes are sequential, so if the first read has seen
// part of a later write, the second read sees all of the earlier one.

import Bytes

/// What comes next in a segment that may be being written.
public enum LiveStep {
    case record
    case end
    /// The rest of a write that is in progress, or was cut short.
    case torn(Damage)
}

extension SegmentReader {
    /// Goes to the next record of the last segment.
    /// - Throws: `corruption` for damage found twice in a row that no torn write explains.
    @inlinable public mutating func nextWhileWritten() throws(Source.Failure) -> LiveStep {
        var suspected: Int?
        while true {
            do throws(Source.Failure) {
                return try next() ? .record : .end
            } catch {
                if let torn = try torn(by: error, &suspected) { return .torn(torn) }
            }
        }
    }

    /// What an error of `next` means in the last segment.
    /// - Parameter suspected: where damage was found before; nil at first.
    /// - Returns: the damage that a write has left; nil if `next` is to be called again.
    /// - Throws: the error, if it is not about a write.
    @usableFromInline
    package mutating func torn(by error: Source.Failure, _ suspected: inout Int?) throws(Source.Failure) -> Damage? {
        guard let damage = error.damage else { throw error }
        let isTorn = damage.isWhole ? false : try self.isTorn()
        goBack()
        if isTorn { return damage }
        // A durable line moves the end without being a record: then this is different damage.
        if suspected == end { throw error }
        suspected = end
        return nil
    }

    /// Opens the last segment, whose creation may be in progress.
    /// - Returns: nil if it has no complete header yet, and nothing after it.
    /// - Throws: `corruption` for damage found twice in a row.
    package static func last(
        _ source: Source, firstSeq: UInt64, history: String?, after expected: ChainPosition?,
        reserveSize: Int = .max
    ) throws(Source.Failure) -> SegmentReader? {
        var isSuspected = false
        while true {
            do throws(Source.Failure) {
                return try SegmentReader(
                    source, firstSeq: firstSeq, history: history, after: expected, reserveSize: reserveSize)
            } catch {
                guard let damage = error.damage, !damage.isWhole else { throw error }
                var reader = LineReader(source)
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
