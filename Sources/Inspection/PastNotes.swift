// The notes of a data set, which are its users and roles, as they were at a moment: from the snapshot and the log.

import Bytes
import LogFormat
import Store

/// The notes at a moment.
package struct PastNotes: Sendable {
    /// A change of the log.
    package struct Origin: Equatable, Sendable {
        package let seq: UInt64
        /// In Unix milliseconds.
        package let timestamp: UInt64
        /// Who made it; nil if that is not known.
        package let author: String?
    }

    /// A note that was there.
    package struct Entry: Equatable, Sendable {
        /// `user` or `role`.
        package let kind: String
        package let name: String
        /// A JSON object.
        package let value: [UInt8]
        /// The change that made it so; nil if the log does not have that change any more.
        package let origin: Origin?
    }

    /// Those that were there, by kind and name.
    package let entries: [Entry]
    /// The last change up to the moment; 0 for none.
    package let seq: UInt64

    /// Reads the snapshot's notes and the whole log.
    ///
    /// The snapshot says how the notes were after its last change. The segments that are kept beside it may begin earlier:
    /// a note that they change before the snapshot's end is unknown until the first such change; every other note was then
    /// what it is in the snapshot.
    /// - Parameter time: Unix milliseconds; nil for after the last change.
    /// - Throws: `InspectionError.notesUnknown` if the log does not reach back that far.
    package init(_ captured: CapturedFiles, at time: UInt64?) throws(InspectionError) {
        let known: (seq: UInt64, timestamp: UInt64)?
        do throws(StoreError) {
            var replay = try NoteReplay(captured, until: time ?? .max)
            try replay.run()
            (entries, seq, known) = (replay.entries, replay.seq, replay.knownFrom)
        } catch {
            throw .store(error)
        }
        if let time, let known, time < known.timestamp {
            throw .notesUnknown(at: time, from: known.timestamp, seq: known.seq)
        }
    }
}

/// Goes through the files once.
private struct NoteReplay {
    private struct State {
        var value: [UInt8]?
        var origin: PastNotes.Origin?
    }

    private let captured: CapturedFiles
    private let end: UInt64
    /// The snapshot's last change if the segments do not have everything; otherwise 0.
    private let base: UInt64
    private var states: [[UInt8]: State]
    private let baseTime: UInt64
    /// Notes that the segments change before the snapshot's end, and the latest first change of one.
    private var changedBefore: Set<[UInt8]> = []
    private var lastUnknown: (seq: UInt64, timestamp: UInt64)?
    private var firstRecord: (seq: UInt64, timestamp: UInt64)?
    /// The last change up to the end.
    private(set) var seq: UInt64 = 0

    init(_ captured: CapturedFiles, until end: UInt64) throws(StoreError) {
        (self.captured, self.end) = (captured, end)
        let header = try captured.snapshotHeader()
        let first = captured.segments.first ?? (header?.position.seq ?? 0) + 1
        var states: [[UInt8]: State] = [:]
        if first > 1, let file = captured.snapshot {
            var reader = try SnapshotReader(file.source)
            // Notes come before pairs.
            _ = try reader.next()
            for note in reader.notes.all { states[note.name.path] = State(value: note.value) }
        }
        self.states = states
        base = first > 1 ? header?.position.seq ?? first - 1 : 0
        baseTime = header?.timestamp ?? 0
    }

    /// The change, and its time, from which on every note is known; nil if all of the log is there.
    var knownFrom: (seq: UInt64, timestamp: UInt64)? {
        guard base > 0 else { return nil }
        if let lastUnknown { return lastUnknown }
        guard let firstRecord, firstRecord.timestamp <= baseTime else { return (base, baseTime) }
        return firstRecord
    }

    mutating func run() throws(StoreError) {
        var cursor = try LogCursor(captured)
        while try cursor.next() {
            let (seq, timestamp) = (cursor.position.seq, cursor.timestamp)
            if firstRecord == nil { firstRecord = (seq, timestamp) }
            if timestamp <= end { self.seq = seq }
            if cursor.operation == .meta { try take(&cursor) }
        }
        if seq == 0, baseTime <= end { seq = base }
    }

    /// Takes the current record, which is one of a note.
    private mutating func take(_ cursor: inout LogCursor) throws(StoreError) {
        let (seq, timestamp) = (cursor.position.seq, cursor.timestamp)
        var (name, value): ([UInt8], [UInt8]?) = ([], nil)
        try cursor.changes { change in
            guard change.kind == .note else { return }
            name = Array(change.key)
            value = change.value.isEmpty ? nil : Array(change.value)
        }
        guard !name.isEmpty else { return }
        if seq <= base, changedBefore.insert(name).inserted {
            states[name] = nil
            lastUnknown = (seq, timestamp)
        }
        guard timestamp <= end else { return }
        states[name] = State(
            value: value, origin: PastNotes.Origin(seq: seq, timestamp: timestamp, author: cursor.author?.text))
    }

    var entries: [PastNotes.Entry] {
        states.keys.sorted { $0.lexicographicallyPrecedes($1) }.compactMap { path in
            guard let state = states[path], let value = state.value, let name = NoteName(path: path) else { return nil }
            return PastNotes.Entry(kind: name.kind, name: name.name, value: value, origin: state.origin)
        }
    }
}
