// Every change of one key that the files still have.

import Bytes
import LogFormat
import Store

/// The history of a key, in the order of the log.
package struct KeyHistory: ~Copyable {
    package enum Event: Equatable, Sendable {
        /// When the pair expires is in Unix milliseconds, 0 for never.
        case set([UInt8], expires: UInt64 = 0)
        case delete
        /// The pair was removed because it had expired.
        case expired
        /// Only the time when the pair expires was changed.
        case ttl(expires: UInt64)
        /// Every key was removed.
        case clear
        /// The snapshot's value, and when it expires; nil if the key is not in it. Earlier changes may have been removed.
        case snapshot([UInt8]?, expires: UInt64 = 0)
    }

    package struct Entry: Equatable, Sendable {
        package var seq: UInt64
        /// In Unix milliseconds.
        package var timestamp: UInt64
        package var event: Event
        /// Who made the change; nil if that is not known.
        package var author: String?
    }

    private let key: [UInt8]
    private var cursor: LogCursor
    /// The snapshot's entry, if the segments do not have everything; until it is returned.
    private var snapshot: Entry?
    /// Changes that have been read and not returned.
    private var ready: ArraySlice<Entry> = []
    /// Changes before this one are no longer in the log.
    package let first: UInt64

    package init(_ captured: CapturedFiles, key: [UInt8]) throws(StoreError) {
        let merged = try captured.snapshotHeader()?.position.seq ?? 0
        let first = captured.segments.first ?? merged + 1
        let snapshot = first > 1 ? try KeyHistory.find(key, in: captured) : nil
        let cursor = try LogCursor(captured)
        self.init(key, cursor, snapshot, first)
    }

    private init(_ key: [UInt8], _ cursor: consuming LogCursor, _ snapshot: Entry?, _ first: UInt64) {
        self.key = key
        self.cursor = cursor
        self.snapshot = snapshot
        self.first = first
    }

    private static func find(_ key: [UInt8], in captured: CapturedFiles) throws(StoreError) -> Entry? {
        guard let file = captured.snapshot else { return nil }
        var reader = try SnapshotReader(file.source)
        var entry = Entry(seq: reader.header.position.seq, timestamp: reader.header.timestamp, event: .snapshot(nil))
        while try reader.next() {
            try reader.pair { change in
                guard change.key.equals(key.span) else { return }
                entry.event = .snapshot(Array(change.value), expires: change.expires)
            }
        }
        return entry
    }

    /// Advances to the next entry.
    /// - Returns: nil after the last change.
    /// - Throws: `StoreError`; everything returned before is good.
    package mutating func next() throws(StoreError) -> Entry? {
        while true {
            if let entry = ready.popFirst() { return entry }
            let hasMore = try cursor.next()
            if hasMore {
                try read()
                // The snapshot's entry follows the last change in the snapshot.
                if let told = snapshot, cursor.position.seq > told.seq {
                    snapshot = nil
                    ready.insert(told, at: ready.startIndex)
                }
                continue
            }
            let told = snapshot
            snapshot = nil
            return told
        }
    }

    private mutating func read() throws(StoreError) {
        var events: [Event] = []
        let key = key
        try cursor.changes { change in
            if change.kind == .clear { return events.append(.clear) }
            guard change.kind != .note, change.key.equals(key.span) else { return }
            switch change.kind {
            case .set: events.append(.set(Array(change.value), expires: change.expires))
            case .delete: events.append(change.isExpiry ? .expired : .delete)
            case .ttl: events.append(.ttl(expires: change.expires))
            case .clear, .note: break
            }
        }
        guard !events.isEmpty else { return }
        let (seq, time, author) = (cursor.position.seq, cursor.timestamp, cursor.author?.text)
        ready = events.map { Entry(seq: seq, timestamp: time, event: $0, author: author) }[...]
    }
}
