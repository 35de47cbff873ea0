// The files of one data set, and their names.
//
//     puffin.json                                  the snapshot
//     puffin.json.tmp                              the next snapshot, while it is being written
//     puffin.json.incoming                         a leader's snapshot, while it is being received
//     puffin.json.log/00000000000000000001.jsonl   segments, named by the number of their first record
//     puffin.json.log/NEXT                         the next segment, filled with line feeds beforehand
//     puffin.json.log/compaction-000001.tmp        sorted changes, while they are being merged
//     puffin.json.log/RESERVE                      space for the time when the disk is full
//     puffin.json.log/LOCK                         held by the running server, and so is the folder
//     puffin.json.log/DURABLE                      how far the log has reached for certain
//     puffin.json.log/ROLE                         what commands have made of the server's role in replication
//     puffin.json.log/ADOPT                        a leader's snapshot is taking the data set's place
//     ….torn-<time>  ….damaged-<time>              what recovery or repair has set aside
//     ….diverged-<time>  ….superseded-<time>       what a follower has set aside to follow its leader

import LogFormat
import SystemPackage

/// Where a data set keeps its files.
package struct DataFiles: Sendable {
    package let snapshot: FilePath
    package let folder: FilePath

    /// - Parameter data: the path that names the data set: its snapshot's.
    package init(data: FilePath) {
        snapshot = data
        folder = FilePath(data.string + ".log")
    }

    package var lock: FilePath { folder.appending("LOCK") }
    package var reserve: FilePath { folder.appending("RESERVE") }
    package var durable: FilePath { folder.appending(DurableMark.fileName) }
    var nextDurable: FilePath { folder.appending(DurableMark.fileName + ".tmp") }
    var snapshotInstall: FilePath { folder.appending("ADOPT") }
    var role: FilePath { folder.appending("ROLE") }
    var nextRole: FilePath { folder.appending("ROLE.tmp") }
    var incomingSnapshot: FilePath { FilePath(snapshot.string + ".incoming") }
    var nextSegment: FilePath { folder.appending("NEXT") }
    package var nextSnapshot: FilePath { FilePath(snapshot.string + ".tmp") }

    /// A segment, by the number of its first record.
    package func segment(firstSeq: UInt64) -> FilePath {
        folder.appending(SegmentName.text(firstSeq))
    }

    /// The number in a segment's path; nil if the path is not a segment's.
    func firstSeq(ofSegment path: FilePath) -> UInt64? {
        path.lastComponent.flatMap { SegmentName.firstSeq($0.string) }
    }

    /// A file of sorted changes, numbered from 1.
    func run(_ number: Int) -> FilePath {
        let digits = String(number)
        return folder.appending(
            "compaction-" + String(repeating: "0", count: max(6 - digits.count, 0)) + digits + ".tmp")
    }

    /// The content of the log's folder.
    package struct Contents: Sendable {
        /// The first numbers of the segments, in order. The last one is open, or was.
        package var segments: [UInt64] = []
        /// Spill files of an interrupted compaction.
        package var temporary: [String] = []
        /// Files that a server makes once its log's first segment exists.
        package var traces: [String] = []
        /// Whether a segment was set aside for a reason other than a torn tail.
        package var hasSetAside = false
        /// Files unknown to Puffin.
        package var unknown: [String] = []
    }

    package func contents(on disk: any Disk) throws(StoreError) -> Contents {
        var contents = Contents()
        for name in try disk.names(in: folder).sorted() {
            if let seq = SegmentName.firstSeq(name) {
                contents.segments.append(seq)
            } else if name.hasPrefix("compaction-") && name.hasSuffix(".tmp") {
                contents.temporary.append(name)
            } else if DataFiles.traceNames.contains(name) {
                contents.traces.append(name)
            } else if isSetAside(name) {
                contents.hasSetAside = contents.hasSetAside || DataFiles.asideWords.contains { name.contains($0) }
            } else if !DataFiles.names.contains(name) {
                contents.unknown.append(name)
            }
        }
        return contents
    }

    private static let traceNames = ["RESERVE", "NEXT", "ROLE"]
    private static let names = ["LOCK", "ADOPT", "ROLE.tmp", DurableMark.fileName, DurableMark.fileName + ".tmp"]
    /// Words in the names of files that were set aside although they were intact, or acknowledged.
    static let asideWords = [".damaged-", ".diverged-", ".superseded-"]

    private func isSetAside(_ name: String) -> Bool {
        ([".torn-"] + DataFiles.asideWords).contains { name.contains(".jsonl" + $0) }
            || name.hasPrefix(DurableMark.fileName + ".damaged-")
    }

    /// Removes the next segment's file, left by a server that was killed. No server may be running.
    func removeNextSegment(on disk: any Disk) throws(StoreError) {
        if try disk.exists(nextSegment) { try disk.remove(nextSegment) }
    }

    /// Removes the spill files of an interrupted compaction.
    package func removeTemporaryFiles(_ contents: Contents, on disk: any Disk) throws(StoreError) {
        for name in contents.temporary { try disk.remove(folder.appending(name)) }
        if try disk.exists(nextSnapshot) { try disk.remove(nextSnapshot) }
    }
}
