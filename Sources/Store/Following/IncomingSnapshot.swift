// A leader's snapshot being received. Lines are checked as they come, and a worker writes them to a file beside the
// data set; the data set does not change until `Store.install` gets a snapshot that is complete and durable.

import Bytes
import LogFormat
import Synchronization
import SystemPackage

/// Receives the lines of one snapshot. Used from the store's thread.
package final class IncomingSnapshot {
    package enum State: Equatable, Sendable {
        /// More lines are to come.
        case receiving
        /// The last line has come; `finish` is due.
        case whole
        /// The worker makes it durable; the store's `progress` is called when it is.
        case finishing
        /// Complete and durable.
        case finished
        case failed(StoreError)
    }

    /// The change at which it must be exact.
    package let position: ChainPosition
    /// The history in its header; empty before that has come.
    package private(set) var history = ""
    /// Pairs so far.
    package private(set) var count = 0

    /// Notes so far, and the last one's path.
    private var noteCount = 0
    private var lastNote: [UInt8] = []
    private let wantedHistory: String?
    /// What the header names.
    private var needs: Needs = []
    private let file: IncomingFile
    private var parser = RecordParser()
    private var chain: UInt32 = 0
    private var isWhole = false
    private var isFinishing = false
    /// Lines not yet given to the worker.
    private var lines = ByteBuffer()

    /// The size of the pieces for the worker.
    private static let batchSize = 64 << 10

    init(
        at position: ChainPosition, of history: String?, files: DataFiles, on disk: any Disk, by worker: LazyWorker,
        progress: @escaping @Sendable () -> Void
    ) {
        self.position = position
        wantedHistory = history
        file = IncomingFile(files.incomingSnapshot, on: disk, by: worker, progress: progress)
    }

    package var state: State {
        if let error = file.failure { return .failed(error) }
        if !isFinishing { return isWhole ? .whole : .receiving }
        return file.isSynced ? .finished : .finishing
    }

    /// Bytes not written yet. The caller of `append` stops above some MiB; `progress` is called when there are fewer.
    package var pendingSize: Int { lines.count + file.pendingSize }

    /// Checks a line and writes it.
    /// - Parameter line: without its line feed.
    /// - Returns: whether it was the last one.
    /// - Throws: `ReplicationError`; the snapshot is useless then.
    @discardableResult
    package func append(_ line: Span<UInt8>) throws(ReplicationError) -> Bool {
        if let error = file.failure { throw .disk(error) }
        guard !isWhole else { throw damage("nothing behind a snapshot's last line", line) }
        if let plain = PlainLine.pair(line, chain: chain), plain.hasValue, !history.isEmpty,
            plain.needs.isSubset(of: needs)
        {
            chain = plain.crc
            count &+= 1
        } else {
            try take(line)
        }
        lines.append(line)
        lines.append(UInt8(ascii: "\n"))
        if lines.count >= IncomingSnapshot.batchSize { file.write(&lines) }
        return isWhole
    }

    private func take(_ line: Span<UInt8>) throws(ReplicationError) {
        let parsed: LogLine
        do throws(LineError) {
            parsed = try parser.parse(line, chain: chain)
            switch parsed {
            case .pair: try requireValue(line)
            case .note: try requireNextNote(line)
            case .header, .durable, .record, .snapshot, .end: break
            }
        } catch {
            if error.isOtherVersion { throw .otherVersion(expected: error.expected, found: error.found) }
            throw .damaged(expected: error.expected, found: error.found)
        }
        switch parsed {
        case .snapshot(let header) where history.isEmpty:
            try take(header)
            chain = line.checksumDigits ?? 0
        case .pair(let crc) where !history.isEmpty:
            chain = crc
            count += 1
        case .note(let crc) where !history.isEmpty:
            chain = crc
            noteCount += 1
        case .end(let pairs, let notes) where !history.isEmpty:
            guard pairs == count else { throw .damaged(expected: "\(count) pairs", found: "\(pairs)") }
            guard notes == noteCount else { throw .damaged(expected: "\(noteCount) notes", found: "\(notes)") }
            isWhole = true
        default:
            throw damage(history.isEmpty ? "a snapshot's header" : "a pair or a snapshot's last line", line)
        }
    }

    private func take(_ header: SnapshotHeader) throws(ReplicationError) {
        let wanted = SnapshotHeader(
            history: wantedHistory ?? header.history, position: position, timestamp: header.timestamp,
            needs: header.needs)
        guard header == wanted else {
            throw .damaged(
                expected: "a snapshot of history \(wanted.history) at seq \(position.seq), crc \(hex(position.crc))",
                found: "one of history \(header.history) at seq \(header.position.seq), crc \(hex(header.position.crc))"
            )
        }
        history = header.history
        needs = header.needs
    }

    private func requireValue(_ line: Span<UInt8>) throws(LineError) {
        var hasValue = false
        try parser.changes(of: line, needs: needs) { change in
            if change.kind == .set { hasValue = true }
        }
        guard hasValue else { throw LineError(expected: "a pair", found: excerpt(of: line)) }
    }

    private func requireNextNote(_ line: Span<UInt8>) throws(LineError) {
        let last = lastNote
        var (isAscending, path) = (false, [UInt8]())
        try parser.changes(of: line, needs: needs) { change in
            isAscending = last.isEmpty || last.span.compared(with: change.key) < 0
            path = Array(change.key)
        }
        guard isAscending, count == 0 else {
            throw LineError(expected: "notes in their order, before the pairs", found: excerpt(of: line))
        }
        lastNote = path
    }

    private func damage(_ expected: String, _ line: Span<UInt8>) -> ReplicationError {
        .damaged(expected: expected, found: excerpt(of: line))
    }

    /// Starts making the snapshot durable, once it is `whole`.
    package func finish() {
        precondition(isWhole && !isFinishing, "half a snapshot is finished, or one twice")
        isFinishing = true
        file.write(&lines)
        file.sync()
    }
}
