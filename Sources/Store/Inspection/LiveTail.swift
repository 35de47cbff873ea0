// Reading a segment that somebody may be writing to. A read is not one moment: it may have a page as it was before a
// write, and the next page as it is after the write behind it. What looks like damage is therefore read again. Writes
// follow one another, so whatever the first reading has seen of a later one, the second reading has all of the one before.

/// What stands next in a segment that may be being written to.
enum LiveStep {
    case record
    case end
    /// What a write that is under way, or was cut short, leaves.
    case torn(Damage)
}

extension SegmentReader {
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

    /// Whether the last segment's header, which was found damaged, is what a segment that is just being begun leaves.
    static func isBegun(_ file: any DiskFile, _ error: StoreError) throws(StoreError) -> Bool {
        guard case .corruption(let damage) = error, !damage.isWhole else { return false }
        var reader = LogReader(file)
        _ = try reader.next()
        return try !reader.next()
    }
}
