// A look at a data set that takes no longer than its last segment: the head of each file, and every line of the open end. What
// stands between is left to `Verification`.

import Bytes
import LogFormat
import Store
import SystemPackage

/// The result of that look.
package struct HeadCheck: Sendable {
    /// The snapshot first, then the segments in order. A file's state is that of its head; the last segment's, of all its lines.
    package private(set) var files: [FileFinding] = []
    /// The data set's id; nil if no file has a readable head.
    package private(set) var history: String?
    /// The last change in the snapshot; nil if there is none, or its head is unreadable.
    package private(set) var snapshotSeq: UInt64?
    /// The time of the newest change in the last segment or the snapshot, in Unix milliseconds; nil if there is none.
    package private(set) var newestTime: UInt64?

    /// The head of a file is read in pieces of this size.
    private static let chunkSize = 16 << 10

    /// Looks at the files of a data set that a server may be using.
    package static func run(_ files: DataFiles, on disk: any Disk) throws(InspectionError) -> HeadCheck {
        let mark: DurableMark?
        do throws(StoreError) {
            mark = try DurableMark.read(files, on: disk).mark
        } catch {
            throw .store(error)
        }
        let captured = try CapturedFiles(files, on: disk)
        var check = HeadCheck()
        do throws(StoreError) {
            if let snapshot = captured.snapshot { try check.take(snapshot: snapshot) }
            for (index, first) in captured.segments.enumerated() {
                let next = index + 1 < captured.segments.count ? captured.segments[index + 1] : nil
                // Retention may have removed it since.
                guard let file = try captured.segment(first) else { continue }
                try check.take(segment: file, first, next: next)
            }
        } catch {
            throw .store(error)
        }
        check.compare(with: mark, files)
        return check
    }

    /// The newest good change: the log's, or the snapshot's.
    package var last: UInt64 { max(files.map(\.last).max() ?? 0, snapshotSeq ?? 0) }
    /// The first file that a start would not accept.
    package var problem: FileFinding? {
        files.first { finding in
            if case .otherVersion = finding.state { true } else { finding.isDamage }
        }
    }
    /// What a crash, or a write in progress, has left at the end, in bytes.
    package var tornSize: Int {
        if case .torn(_, let size)? = files.last?.state { size } else { 0 }
    }
    /// Bytes of the snapshot.
    package var snapshotSize: Int { files.first { $0.kind == .snapshot }?.size ?? 0 }
    /// Bytes of the changes that the snapshot does not have.
    package var unmergedSize: Int {
        files.filter { $0.kind == .segment && !$0.isMerged }.reduce(0) { $0 + ($1.isLast ? $1.end : $1.size) }
    }
    /// Bytes of all files, preallocated space included.
    package var size: Int { files.reduce(0) { $0 + $1.size } }

    private mutating func take(snapshot file: any DiskFile) throws(StoreError) {
        var finding = FileFinding(kind: .snapshot, path: file.path.string)
        finding.size = try file.size()
        do throws(StoreError) {
            let header = try SnapshotReader(file.source, chunkSize: HeadCheck.chunkSize).header
            (history, snapshotSeq, newestTime) = (header.history, header.position.seq, header.timestamp)
            finding.last = header.position.seq
        } catch {
            finding.state = try FileFinding.State(error)
        }
        files.append(finding)
    }

    private mutating func take(segment file: any DiskFile, _ first: UInt64, next: UInt64?) throws(StoreError) {
        var finding = FileFinding(kind: .segment, path: file.path.string)
        finding.size = try file.size()
        (finding.first, finding.last) = (first, (next ?? first) - 1)
        (finding.isLast, finding.isMerged) = (next == nil, next.map { $0 <= (snapshotSeq ?? 0) + 1 } ?? false)
        do throws(StoreError) {
            if finding.isLast {
                try take(last: file, &finding)
            } else {
                let reader = try SegmentReader(
                    file.source, firstSeq: first, history: history, after: nil, chunkSize: HeadCheck.chunkSize)
                history = reader.header.history
            }
        } catch {
            finding.state = try FileFinding.State(error)
        }
        files.append(finding)
    }

    /// Reads every line of the last segment.
    private mutating func take(last file: any DiskFile, _ finding: inout FileFinding) throws(StoreError) {
        guard var reader = try SegmentReader.last(file.source, firstSeq: finding.first, history: history, after: nil)
        else {
            return
        }
        history = reader.header.history
        while true {
            let step = try reader.nextWhileWritten()
            (finding.last, finding.count, finding.end) = (reader.position.seq, reader.recordCount, reader.end)
            finding.isClosed = reader.isClosed
            if reader.recordCount > 0 { newestTime = reader.timestamp }
            switch step {
            case .record: continue
            case .end: return
            case .torn(let damage):
                let size = try file.source.usedSize(from: reader.end)
                if size > 0 { finding.state = .torn(damage, size: size) }
                return
            }
        }
    }

    /// Reports a log that ends before the change that DURABLE names, or before the snapshot's.
    private mutating func compare(with mark: DurableMark?, _ paths: DataFiles) {
        let reach = max(mark?.position.seq ?? 0, snapshotSeq ?? 0)
        let hasSegments = files.contains { $0.kind == .segment }
        let end = hasSegments ? files.last?.last ?? 0 : last
        guard problem == nil, end < reach else { return }
        var gap = FileFinding(kind: .gap, path: paths.folder.string)
        (gap.first, gap.last, gap.isLast) = (end + 1, reach, true)
        files.append(gap)
    }
}
