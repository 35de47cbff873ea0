// Writes the lines of a snapshot.

import Bytes
import LogFormat
import SystemPackage

/// Writes a new snapshot, pairs in the order of the calls.
package struct PairWriter: ~Copyable {
    private let file: any DiskFile
    private var buffer = ByteBuffer()
    private var chain: UInt32
    /// Bytes written and bytes synced. Syncing along the way keeps the disk's queue short for the log, which syncs all
    /// the time.
    private(set) var size = 0
    private var syncedSize = 0
    private let syncInterval: Int
    private(set) var count = 0
    private var noteCount = 0

    /// The size of a write.
    private static let bufferSize = 128 << 10

    /// Creates the file, which must not exist.
    /// - Parameter syncInterval: bytes between syncs.
    package init(
        creating path: FilePath, _ header: SnapshotHeader, on disk: any Disk, syncInterval: Int = .max
    ) throws(StoreError) {
        file = try disk.create(path)
        self.syncInterval = syncInterval
        chain = buffer.append(snapshotHeader: header)
    }

    /// Appends notes, before any pair.
    mutating func append(_ notes: Notes) throws(StoreError) {
        for note in notes.all {
            note.withChange { append(note: $0) }
            try flushIfLarge()
        }
    }

    /// Appends a note, which must sort after the one before it, before any pair; `flushIfLarge` writes it.
    package mutating func append(note: borrowing Change) {
        precondition(count == 0, "a note is written behind a pair")
        noteCount += 1
        chain = buffer.append(noteLine: note, chain: chain)
    }

    /// Appends a pair; `flushIfLarge` writes it.
    /// - Parameter isPlain: whether key and value are known to need no escapes in JSON.
    package mutating func append(_ change: borrowing Change, isPlain: Bool = false) {
        count &+= 1
        chain = buffer.append(pairLine: change, isPlain: isPlain, chain: chain)
    }

    /// Appends a pair whose value is a text of another line: as it is, if Puffin spells the value like this.
    /// - Parameter change: its key, and when the pair expires.
    /// - Returns: false if the text is no value; the pair is not appended then.
    mutating func append(_ change: borrowing Change, _ text: borrowing ValueText) -> Bool {
        if text.isCanonical {
            count &+= 1
            chain = buffer.append(pairLine: change, text: text, chain: chain)
            return true
        }
        var value = ByteBuffer()
        guard text.decode(into: &value) else { return false }
        append(.set(key: change.key, value: value.bytes, expires: change.expires))
        return true
    }

    /// Appends a pair from the body of another plain line of it.
    mutating func append(plainBody: Span<UInt8>) {
        count &+= 1
        chain = buffer.append(pairBody: plainBody, chain: chain)
    }

    /// Writes the buffer, once it is large enough.
    package mutating func flushIfLarge() throws(StoreError) {
        if buffer.count >= PairWriter.bufferSize { try flush() }
    }

    /// Writes the last line.
    package mutating func end() throws(StoreError) {
        buffer.append(snapshotEnd: count, notes: noteCount, chain: chain)
        try flush()
    }

    /// Makes everything durable except the file's name.
    package func sync() throws(StoreError) { try file.sync() }

    private mutating func flush() throws(StoreError) {
        assert(syncedSize <= size, "more is synced than is written")
        try file.write(buffer.bytes, Span(), at: size)
        size += buffer.count
        buffer.removeAll()
        buffer.trim(above: 2 * PairWriter.bufferSize)
        if size - syncedSize >= syncInterval {
            try file.sync()
            syncedSize = size
        }
    }
}

extension PairWriter {
    /// Appends the pair that a sorter's change sets, if it sets one.
    /// - Parameter time: when the pair expires, if that is not what the change says.
    /// - Throws: `StoreError`, `corruption` if the change refers to a value that is not as it was, or is none.
    mutating func append(
        pairOf changes: borrowing ByteBuffer, at place: Int, expires time: UInt64?, _ values: inout ReferencedValues
    ) throws(StoreError) {
        let stored = StoredChange(in: changes, at: place)
        guard stored.isSet else { return }
        let change = StoredChange.change(in: changes, at: place)
        let expires = time ?? change.expires
        guard stored.isReference else {
            return append(.set(key: change.key, value: change.value, expires: expires), isPlain: stored.isPlain)
        }
        try append(
            .set(key: change.key, value: Span(), expires: expires), StoredChange.reference(in: changes, at: place),
            &values)
    }

    /// Appends a pair whose value is read again.
    private mutating func append(
        _ change: borrowing Change, _ reference: ValueReference, _ values: inout ReferencedValues
    ) throws(StoreError) {
        let start = buffer.count
        buffer.beginPairLine(key: change.key, reference.form)
        let textStart = buffer.count
        try values.read(reference, into: &buffer)
        if ValueText(buffer.bytes.extracting(textStart..<buffer.count), at: 0, reference.form).isCanonical {
            count &+= 1
            chain = buffer.endPairLine(from: start, expires: change.expires, chain: chain)
            return
        }
        var value = ByteBuffer()
        let isValue = ValueText(buffer.bytes.extracting(textStart..<buffer.count), at: 0, reference.form).decode(
            into: &value)
        guard isValue else { throw try values.damage(reference) }
        buffer.truncate(to: start)
        append(.set(key: change.key, value: value.bytes, expires: change.expires))
    }
}
