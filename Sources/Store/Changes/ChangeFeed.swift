// One consumer's reading of the log as changes: from a token on, each committed record once, in order, none left out.
// It reads what a follower's feed reads (LogFeed.swift), cuts it into lines, and checks that each record continues the
// chain of the one before it. A record that is not committed yet is kept, and not shown.

import Bytes
import LogFormat
import Synchronization

/// Shows the committed records after a position. Used from the store's thread; valid until the store is loaded again.
package final class ChangeFeed {
    /// What a visitor does with a record.
    package enum Answer: Sendable {
        /// It takes the record and wants the next one.
        case more
        /// It takes the record and wants no other.
        case enough
        /// It does not take the record, which is shown again.
        case refused
    }

    /// Why `advance` has returned.
    package enum Step: Equatable, Sendable {
        /// The visitor wanted no more.
        case enough
        /// So many bytes were looked at, and there may be more.
        case paused
        /// Every committed record was shown.
        case atEnd
        /// A worker is busy; the store's `progress` is called when it is done.
        case waiting
        /// Nothing more will come.
        case failed(FeedFailure)
    }

    private let feed: LogFeed
    /// Bytes that were read and not looked at, and how far a line feed was searched for in them.
    private var bytes = ByteBuffer()
    private var searched = 0
    /// Where `bytes` begins in the files.
    private var segment: UInt64 = 0
    private var offset = 0
    private var parser = RecordParser()
    private var failure: FeedFailure?

    /// After the last record that was shown; nil until the beginning is found.
    package private(set) var position: ChainPosition?
    /// Records shown so far, and bytes looked at.
    package private(set) var recordCount = 0
    package private(set) var readSize = 0

    /// Bytes read at a time.
    private static let chunkSize = 256 << 10
    /// Memory that is kept while there is nothing to read.
    private static let keptSize = 64 << 10

    init(_ feed: LogFeed) { self.feed = feed }

    /// Where the last record that was shown ends in the files.
    package var place: ChangePlace? { position.map { ChangePlace(position: $0, segment: segment, offset: offset) } }

    /// Bytes of memory in use.
    package var heldSize: Int { bytes.capacity + feed.heldSize }

    /// Shows the next records.
    /// - Parameters:
    ///   - committed: the newest change that may be shown.
    ///   - size: stop after so many bytes.
    ///   - visit: gets each record. Meanwhile `position` and `place` are those before the record.
    package func advance(
        committed: UInt64, size: Int, visit: (borrowing ChangeRecord) -> Answer
    ) -> Step {
        var left = size
        while true {
            if let failure { return .failed(failure) }
            if position != nil, let step = showLines(committed, &left, visit) {
                if step == .atEnd, bytes.isEmpty { bytes.trim(above: ChangeFeed.keptSize) }
                return step
            }
            switch feed.next(&bytes, upTo: ChangeFeed.chunkSize) {
            case .start(.continues(let start)):
                guard let place = feed.place else { preconditionFailure("a feed begins nowhere") }
                (segment, offset, position) = (place.segment, place.offset, start)
            case .start(.snapshot): preconditionFailure("a feed of changes begins with a snapshot")
            case .bytes: break
            case .waiting: return .waiting
            case .atEnd: return .atEnd
            case .failed(let error): failure = error
            }
        }
    }

    /// Shows the records that are read.
    /// - Returns: nil if more bytes are needed.
    private func showLines(_ committed: UInt64, _ left: inout Int, _ visit: (borrowing ChangeRecord) -> Answer) -> Step?
    {
        while let end = bytes.bytes.newline(from: searched) {
            guard left > 0 else { return .paused }
            let shown: Shown
            do throws(LineError) {
                shown = try show(bytes.bytes.extracting(0..<end), committed, visit)
            } catch {
                return fail(error)
            }
            switch shown {
            case .refused: return .enough
            case .uncommitted: return .atEnd
            case .line, .record, .lastRecord: break
            }
            left -= end + 1
            offset += end + 1
            readSize += end + 1
            bytes.removeFirst(end + 1)
            searched = 0
            if case .lastRecord = shown { return .enough }
        }
        searched = bytes.count
        return nil
    }

    /// What has become of a line.
    private enum Shown {
        /// It is no record.
        case line
        case record
        /// It was taken, and the visitor wants no other.
        case lastRecord
        /// These two stay where they are.
        case refused
        case uncommitted
    }

    private func show(
        _ line: Span<UInt8>, _ committed: UInt64, _ visit: (borrowing ChangeRecord) -> Answer
    ) throws(LineError) -> Shown {
        guard let position else { preconditionFailure("records are shown before the beginning is found") }
        if let plain = PlainLine.record(line, chain: position.crc), plain.seq == position.seq + 1 {
            let next = ChainPosition(seq: plain.seq, crc: plain.crc)
            return show(ChangeRecord(line, plain, after: next, at: plain.timestamp), committed, visit)
        }
        // The space behind the last record may be filled with line feeds.
        guard line.count > 0 else { return .line }
        switch try parser.parse(line, chain: position.crc) {
        case .record(let seq, let timestamp, let crc):
            guard seq == position.seq + 1 else {
                throw LineError(expected: "seq \(position.seq + 1)", found: "seq \(seq)")
            }
            try parser.changes(of: line, needs: .known) { _ in }
            let next = ChainPosition(seq: seq, crc: crc)
            return show(ChangeRecord(line, nil, after: next, at: timestamp), committed, visit)
        case .header(let header):
            guard header.firstSeq == position.seq + 1, header.chain == position.crc else {
                throw LineError(expected: "the header of the segment behind \(position.token)", found: "\(header)")
            }
            // `showLines` adds the header's size.
            (segment, offset) = (header.firstSeq, 0)
            return .line
        case .durable: return .line
        case .snapshot, .pair, .note, .end: throw LineError(expected: "a record", found: "a line of a snapshot")
        }
    }

    private func show(
        _ record: borrowing ChangeRecord, _ committed: UInt64, _ visit: (borrowing ChangeRecord) -> Answer
    ) -> Shown {
        guard record.position.seq <= committed else { return .uncommitted }
        let answer = visit(record)
        if case .refused = answer { return .refused }
        position = record.position
        recordCount += 1
        if case .more = answer { return .record }
        return .lastRecord
    }

    private func fail(_ error: LineError) -> Step {
        let damage = Damage(
            path: "segment \(segment)", line: 0, offset: offset, expected: error.expected, found: error.found,
            isWhole: error.isWhole)
        failure = .disk(.corruption(damage))
        return .failed(.disk(.corruption(damage)))
    }
}

/// The threads that read for feeds of changes. Each is made when first needed.
final class FeedWorkers: Sendable {
    private let workers: [LazyWorker]
    private let jobs = Atomic<Int>(0)

    private static let count = 4

    init(in background: any Background) {
        workers = (0..<FeedWorkers.count).map { _ in LazyWorker("changes", in: background) }
    }

    /// The workers in turn.
    func next() throws(StoreError) -> any Worker {
        let number = jobs.wrappingAdd(1, ordering: .relaxed).oldValue
        return try workers[Int(UInt(bitPattern: number) % UInt(workers.count))].worker()
    }
}

extension Store {
    /// The newest change that is written or, in the durability mode `always`, synced, and its place in the files. It may not
    /// be committed yet. The store must be loaded.
    package var newestPlace: ChangePlace {
        let position = writer.filePosition(isSynced: durability == .always)
        return ChangePlace(position: position.position, segment: position.segment, offset: position.offset)
    }

    /// Begins a feed of changes. The store must be loaded.
    /// - Parameters:
    ///   - token: the position after which it begins. It need not be committed yet.
    ///   - place: where that position may be in the files.
    package func changes(from token: ChangeToken, at place: ChangePlace? = nil) -> ChangeFeed {
        let reader = feedReader { [feedWorkers] () throws(StoreError) in try feedWorkers.next() }
        return ChangeFeed(
            LogFeed(reader, progress: progress) { reader throws(FeedFailure) in try reader.locate(token, at: place) })
    }
}
