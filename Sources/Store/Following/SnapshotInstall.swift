// How a leader's snapshot replaces a follower's data, whatever interrupts it. The file ADOPT states the intent, once
// everything that it needs is on the disk; from then on a start continues where the last attempt stopped.
//
//     puffin.json.incoming is whole and on the disk
//     ADOPT is written                 {"puffin":"adopt","version":1,"history":ID,"seq":N,"chain":HEX,"aside":BOOL,"crc":HEX}
//     the snapshot is set aside, or replaced by puffin.json.incoming
//     the segments are set aside, or removed
//     ADOPT is removed
//
// If the leader's log still has its beginning there is no snapshot to install, only a history: then `seq` is 0, and a
// first segment with that history is created before ADOPT is removed.

import Bytes
import LogFormat
import SystemPackage

/// The content of ADOPT.
struct SnapshotInstall: Equatable, Sendable {
    /// The leader's data set.
    let history: String
    /// The change at which its snapshot is exact; `start` if there is none.
    let position: ChainPosition
    /// Whether the old data is renamed instead of removed, because it is not part of what is installed.
    let setsAside: Bool

    // MARK: The file

    /// Writes ADOPT durably.
    func write(to files: DataFiles, on disk: any Disk) throws(StoreError) {
        var line = ByteBuffer()
        line.append(fileHeader: "adopt")
        line.append(",\"history\":\"")
        line.append(text: history)
        line.append("\",\"seq\":")
        line.append(decimal: position.seq)
        line.append(",\"chain\":\"")
        line.append(hex: position.crc)
        line.append(setsAside ? "\",\"aside\":true" : "\",\"aside\":false")
        line.appendChecksum(bodyFrom: 0, chain: 0)
        if try disk.exists(files.snapshotInstall) { try disk.remove(files.snapshotInstall) }
        let file = try disk.create(files.snapshotInstall)
        try file.write(line.bytes, Span(), at: 0)
        try file.sync()
        try disk.syncFolder(files.folder)
    }

    /// Parses a line of ADOPT.
    /// - Returns: nil if a crash has cut it short.
    init?(_ line: Span<UInt8>) {
        guard let feed = line.newline(from: 0), let body = line.extracting(0..<feed).soundBody else { return nil }
        var fields = FieldReader(body)
        guard fields.skip(fileHeader: "adopt"), fields.skip(",\"history\":\""), let history = fields.history(),
            fields.skip(",\"seq\":"), let seq = fields.number(), fields.skip(",\"chain\":\""),
            let crc = fields.quotedHex()
        else { return nil }
        self.init(
            history: history, position: ChainPosition(seq: seq, crc: crc), setsAside: fields.skip(",\"aside\":true"))
    }

    init(history: String, position: ChainPosition, setsAside: Bool) {
        self.history = history
        self.position = position
        self.setsAside = setsAside
    }

    // MARK: What it means

    /// Finishes an interrupted install, or drops it if it cannot be finished yet. To be called before anything else is
    /// read.
    /// - Parameter time: for the names of what is set aside.
    static func finishInterrupted(_ files: DataFiles, time: UInt64, on disk: any Disk) throws(StoreError) {
        if try disk.exists(files.snapshotInstall) {
            let file = try disk.open(files.snapshotInstall, for: .reading)
            var line = ByteBuffer()
            while try file.read(4096, at: line.count, into: &line) > 0 {}
            if let install = SnapshotInstall(line.bytes) {
                try install.finish(files, time: time, on: disk)
            } else {
                try remove(files, on: disk)
            }
        }
        if try disk.exists(files.incomingSnapshot) { try disk.remove(files.incomingSnapshot) }
    }

    /// Does what ADOPT says and is not yet done.
    func finish(_ files: DataFiles, time: UInt64, on disk: any Disk) throws(StoreError) {
        guard try placeSnapshot(files, time: time, on: disk) else { return try SnapshotInstall.remove(files, on: disk) }
        // The installed data need not reach as far.
        try DurableMark.forget(files, on: disk)
        for first in try files.contents(on: disk).segments.reversed() {
            let path = files.segment(firstSeq: first)
            if setsAside {
                try Quarantine.rename(path, as: "superseded", time: time, on: disk)
            } else {
                try disk.remove(path)
            }
        }
        try disk.syncFolder(files.folder)
        if position.seq == 0 { try nameHistory(files, on: disk) }
        try SnapshotInstall.remove(files, on: disk)
    }

    /// Moves the leader's snapshot into place.
    /// - Returns: whether it is in place.
    private func placeSnapshot(_ files: DataFiles, time: UInt64, on disk: any Disk) throws(StoreError) -> Bool {
        if position.seq == 0 { return try !disk.exists(files.snapshot) }
        if try isThere(files.snapshot, on: disk) { return true }
        guard try isThere(files.incomingSnapshot, on: disk) else { return false }
        if setsAside, try disk.exists(files.snapshot) {
            try Quarantine.rename(files.snapshot, as: "superseded", time: time, on: disk)
            // Before its name is taken.
            try disk.syncFolder(files.snapshot.folder)
        }
        try disk.rename(files.incomingSnapshot, to: files.snapshot)
        try disk.syncFolder(files.snapshot.folder)
        return true
    }

    /// Whether a file is the installed snapshot, by its first line.
    private func isThere(_ path: FilePath, on disk: any Disk) throws(StoreError) -> Bool {
        guard try disk.exists(path) else { return false }
        do throws(StoreError) {
            let header = try SnapshotReader(try disk.open(path, for: .reading).source, chunkSize: 4096).header
            return header.history == history && header.position == position
        } catch {
            // Another snapshot, or a damaged one.
            if case .disk = error { throw error }
            return false
        }
    }

    /// Creates the first segment of a log without changes: its header has the history.
    private func nameHistory(_ files: DataFiles, on disk: any Disk) throws(StoreError) {
        var line = ByteBuffer()
        line.append(header: LogHeader(history: history, firstSeq: 1, chain: 0))
        let file = try disk.create(files.segment(firstSeq: 1))
        try file.write(line.bytes, Span(), at: 0)
        try file.sync()
        try disk.syncFolder(files.folder)
    }

    private static func remove(_ files: DataFiles, on disk: any Disk) throws(StoreError) {
        try disk.remove(files.snapshotInstall)
        try disk.syncFolder(files.folder)
    }
}
