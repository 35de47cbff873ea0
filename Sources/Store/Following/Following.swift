// The store of a follower: it takes the records of another log as they are, checks each against its own position, applies it,
// and writes the very same bytes. So the two logs are the same record by record, and (seq, crc) names both.

import Bytes
import LogFormat

extension Store {
    /// Changes up to this one are committed as far as this server's own log matters, in the mode that it has.
    package var locallyCommitted: UInt64 {
        guard let openWriter else { return 0 }
        return options.durability == .always ? openWriter.durableSeq : openWriter.writtenSeq
    }

    /// Whether no change was ever made: then a leader of any history may be followed.
    package var isBlank: Bool { position.seq == 0 }

    /// Whether changes are refused but those that a leader sends.
    package var isReadOnly: Bool {
        get { refusesChanges }
        set {
            precondition(!batch.isInMulti, "a role changes inside a multi record")
            if newValue && !refusesChanges { lastOwnSeq = newest.seq }
            refusesChanges = newValue
            grant()
        }
    }

    /// What this store answers to a leader's hello. Reads the headers of the newest segments.
    /// - Parameter id: who this server is.
    /// - Throws: `StoreError` where they cannot be read.
    package func followerHello(id: ServerID? = nil) throws(StoreError) -> FollowerHello {
        FollowerHello(history: history, position: position, checkpoints: try checkpoints(), id: id)
    }

    /// Bytes of records that the writer has not been given. Nothing bounds them but whoever calls `applyRecord`.
    package var pendingSize: Int { batch.lines.count }

    /// Checks a record of the leader's log, applies it and writes it down. It is on its way to the disk with the next `flush`.
    /// - Parameter line: without its line feed.
    /// - Throws: `ReplicationError.outOfOrder` where it does not follow the newest change, `damaged` where it is not as it was
    ///   written. Nothing has changed then.
    package func applyRecord(_ line: Span<UInt8>) throws(ReplicationError) {
        guard let plain = PlainLine.record(line, chain: newest.crc), plain.seq == newest.seq &+ 1 else {
            return try applySpecialRecord(line)
        }
        apply(plain.change(in: line), seq: plain.seq)
        note(line, LogPosition(seq: plain.seq, crc: plain.crc), timestamp: plain.timestamp)
    }

    @inline(__always)
    private func note(_ line: Span<UInt8>, _ position: LogPosition, timestamp: UInt64) {
        assert(position.seq == newest.seq + 1, "a record that does not follow the newest change")
        batch.append(line: line, after: newest, to: position)
        newest = position
        newestTime = timestamp
        time = max(time, timestamp)
    }

    /// A record of another form than most, or one that is wrong.
    private func applySpecialRecord(_ line: Span<UInt8>) throws(ReplicationError) {
        var fields = FieldReader(line)
        if let (seq, _) = fields.recordHead(), seq != newest.seq + 1 {
            throw .outOfOrder(expected: newest.seq + 1, found: seq)
        }
        do throws(LineError) {
            guard case .record(let seq, let timestamp, let crc) = try replicaParser.parse(line, chain: newest.crc)
            else {
                throw LineError(expected: "a record", found: excerpt(of: line))
            }
            // Once to see that all of it is understood, so that no half of it is applied.
            try replicaParser.changes(of: line) { _ in }
            try replicaParser.changes(of: line) { change in apply(change, seq: seq) }
            note(line, LogPosition(seq: seq, crc: crc), timestamp: timestamp)
        } catch {
            throw .damaged(expected: error.expected, found: error.found)
        }
    }
}
