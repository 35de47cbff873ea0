// The store of a follower: it takes the records of another log unchanged, checks each against its own position, applies
// it, and writes the same bytes. So the two logs are identical record by record, and (seq, crc) is a position in both.

import Bytes
import LogFormat

extension Store {
    /// Changes up to this one are committed by this server's own log and durability mode.
    package var locallyCommitted: UInt64 { openWriter.map(locallyCommitted(by:)) ?? 0 }

    @inline(__always)
    func locallyCommitted(by writer: LogWriter) -> UInt64 {
        options.durability == .always ? writer.durableSeq : writer.writtenSeq
    }

    /// Whether no change was ever made: then a leader with any history may be followed.
    package var isBlank: Bool { position.seq == 0 }

    /// Whether only a leader's changes are accepted.
    package var isReadOnly: Bool {
        get { refusesChanges }
        set {
            precondition(!batch.isInMulti, "a role changes inside a multi record")
            if newValue && !refusesChanges { lastOwnSeq = newest.seq }
            if !newValue && refusesChanges { resumeExpiry() }
            refusesChanges = newValue
            renewSpaceQuota()
        }
    }

    /// This store's answer to a leader's hello. Reads the headers of the newest segments.
    /// - Parameter id: this server's id.
    /// - Throws: `StoreError` if they cannot be read.
    package func followerHello(id: ServerID? = nil) throws(StoreError) -> FollowerHello {
        FollowerHello(history: history, position: position, checkpoints: try checkpoints(), id: id, knows: .known)
    }

    /// Bytes of records that the writer has not got. Only the caller of `applyRecord` bounds them.
    package var pendingSize: Int { batch.lines.count }

    /// Checks a record of the leader's log, applies it and adds it to the batch. The next `flush` sends it to the disk.
    /// - Parameter line: without its line feed.
    /// - Throws: `ReplicationError.outOfOrder` if it does not follow the newest change, `damaged` if it is not as it
    ///   was written. Nothing has changed then.
    package func applyRecord(_ line: Span<UInt8>) throws(ReplicationError) {
        guard let plain = PlainLine.record(line, chain: newest.crc), plain.seq == newest.seq &+ 1 else {
            return try applySpecialRecord(line)
        }
        apply(plain.change(in: line), seq: plain.seq)
        note(line, ChainPosition(seq: plain.seq, crc: plain.crc), timestamp: plain.timestamp, plain.needs)
    }

    @inline(__always)
    private func note(_ line: Span<UInt8>, _ position: ChainPosition, timestamp: UInt64, _ needs: Needs) {
        assert(position.seq == newest.seq + 1, "a record that does not follow the newest change")
        batch.append(line: line, after: newest, to: position, needs: needs)
        newest = position
        newestTime = timestamp
        time = max(time, timestamp)
    }

    /// Checks the first line of a segment of the leader's log.
    /// - Throws: `ReplicationError.otherVersion` if this version cannot read what follows.
    package static func check(segmentHeader line: Span<UInt8>) throws(ReplicationError) {
        let expected = "files of \(Needs.readableVersions)"
        if line.isOtherVersion(than: "log") { throw .otherVersion(expected: expected, found: excerpt(of: line)) }
        do throws(LineError) {
            _ = try RecordParser().parse(line, chain: 0)
        } catch {
            // Nothing depends on what else the line says.
            if error.isOtherVersion { throw .otherVersion(expected: expected, found: error.found) }
        }
    }

    /// A record of an uncommon form, or an invalid one.
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
            // Parse it once first, so that it is applied completely or not at all.
            var needs: Needs = []
            try replicaParser.changes(of: line, needs: .known) { change in needs.formUnion(change.needs) }
            try replicaParser.changes(of: line, needs: .known) { change in
                if change.kind == .note { apply(note: change, seq: seq) } else { apply(change, seq: seq) }
            }
            note(line, ChainPosition(seq: seq, crc: crc), timestamp: timestamp, needs)
        } catch {
            throw .damaged(expected: error.expected, found: error.found)
        }
    }
}
