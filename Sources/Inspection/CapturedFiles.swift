// The files of a data set at one moment, while a server may be writing, sealing, compacting and removing them. Files
// are held open once found, so later renames and removals do not matter.

import Bytes
import LogFormat
import Store
import SystemPackage

/// Why a data set cannot be inspected.
package enum InspectionError: Error, Equatable, Sendable {
    /// Neither the snapshot nor the log's folder exists.
    case missing(data: String)
    /// The folder exists, without segments or a snapshot.
    case empty(data: String)
    /// A folder instead of the data file.
    case folder(data: String)
    /// What users and roles there were at a time is not known; it is from another time on, that of a change. Both are in
    /// Unix milliseconds.
    case notesUnknown(at: UInt64, from: UInt64, seq: UInt64)
    case store(StoreError)
}

extension InspectionError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missing(let data):
            "No data set at \(data): neither \(data) nor \(data).log is there; name the data file with --data "
                + "(for the log in puffin.json.log that is --data puffin.json)"
        case .empty(let data):
            "No data set at \(data): \(data).log has no segments, and there is no snapshot; nothing was ever written "
                + "there, or the files were moved away. Name another data file with --data"
        case .folder(let data):
            "\(data) is a folder; name the data file with --data (for the log in puffin.json.log that is "
                + "--data puffin.json)"
        case .notesUnknown(let time, let start, let seq):
            "Users and roles at \(moment(time)) are not known: they are from \(moment(start)) on (change \(seq)), because "
                + "older changes were merged into the snapshot and removed. storage.retain_age and storage.retain_size say how "
                + "much of the log is kept; a backup of that time has them"
        case .store(.notWritable(let path, let uid, let owner, let mode)):
            "Cannot open what is in \(path): this command runs as uid \(uid), \(path) belongs to uid \(owner) with mode "
                + "\(String(mode, radix: 8)); run as its owner, or as root"
        case .store(.disk(let operation, let path, let errno)):
            "Cannot \(operation) \(path): \(errno) (errno \(errno.rawValue)); check the disk and the system's log, then "
                + "run this again"
        case .store(.locked(let path, let holder)):
            "Cannot open \(path): in use by \(holder); stop that server first, or name another data file with --data"
        case .store(let error):
            error.description
        }
    }
}

/// A moment as people read it.
private func moment(_ time: UInt64) -> String {
    var text = ByteBuffer()
    text.append(time: Timestamp(milliseconds: time))
    return String(text.bytes)
}

/// A consistent set of files of one data set. Reading them changes nothing and needs no lock.
package struct CapturedFiles: Sendable {
    let disk: any Disk
    let files: DataFiles
    /// The first numbers of the segments, in order. The last one may still grow.
    let segments: [UInt64]
    let snapshot: (any DiskFile)?
    private let held: [UInt64: any DiskFile]

    /// The newest segments are held open: more would take too many descriptors, and the oldest are rarely needed.
    private static let heldCount = 400
    /// Listings after which the last one is accepted. Two in a row are equal unless segments come and go all the time.
    private static let attempts = 200

    /// Finds the files: a list of segments and a snapshot that existed at the same time.
    package init(_ files: DataFiles, on disk: any Disk) throws(InspectionError) {
        self.disk = disk
        self.files = files
        do throws(StoreError) {
            var listed = try CapturedFiles.list(files, on: disk)
            var attempt = 0
            while true {
                attempt += 1
                let snapshot = try CapturedFiles.open(files.snapshot, on: disk)
                let held = try CapturedFiles.open(listed ?? [], files, on: disk)
                let again = try CapturedFiles.list(files, on: disk)
                let isThere = try disk.exists(files.snapshot)
                let isInPlace = snapshot?.isInPlace() ?? !isThere
                if (again == listed && isInPlace && held != nil) || attempt == CapturedFiles.attempts {
                    segments = again ?? []
                    self.snapshot = snapshot
                    self.held = held ?? [:]
                    break
                }
                listed = again
            }
            if listed == nil && snapshot == nil { throw StoreError.displaced(path: files.folder.string) }
        } catch {
            throw CapturedFiles.explained(error, files)
        }
        if segments.isEmpty && snapshot == nil { throw try CapturedFiles.absence(files, on: disk) }
    }

    /// Why there is nothing to inspect.
    private static func absence(_ files: DataFiles, on disk: any Disk) throws(InspectionError) -> InspectionError {
        do throws(StoreError) {
            let contents = try files.contents(on: disk)
            let mark = try DurableMark.read(files, on: disk).mark
            guard let traces = try files.traces(contents, mark, on: disk) else {
                return .empty(data: files.snapshot.string)
            }
            return .store(.emptied(folder: files.folder.string, found: traces))
        } catch {
            throw explained(error, files)
        }
    }

    /// The segments; nil if their folder does not exist.
    private static func list(_ files: DataFiles, on disk: any Disk) throws(StoreError) -> [UInt64]? {
        do throws(StoreError) {
            return try files.contents(on: disk).segments
        } catch {
            if error.isMissingFile { return nil }
            throw error
        }
    }

    /// The newest segments; nil if one of them is gone.
    private static func open(
        _ segments: [UInt64], _ files: DataFiles, on disk: any Disk
    ) throws(StoreError) -> [UInt64: any DiskFile]? {
        var held: [UInt64: any DiskFile] = [:]
        for first in segments.suffix(heldCount) {
            guard let file = try open(files.segment(firstSeq: first), on: disk) else { return nil }
            held[first] = file
        }
        return held
    }

    private static func open(_ path: FilePath, on disk: any Disk) throws(StoreError) -> (any DiskFile)? {
        do throws(StoreError) {
            return try disk.open(path, for: .reading)
        } catch {
            if error.isMissingFile { return nil }
            throw error
        }
    }

    private static func explained(_ error: StoreError, _ files: DataFiles) -> InspectionError {
        switch error {
        case .displaced: .missing(data: files.snapshot.string)
        case .wrongKind(files.snapshot.string, _, .folder, _): .folder(data: files.snapshot.string)
        default: .store(error)
        }
    }

    /// A segment; nil if retention has removed it since.
    func segment(_ first: UInt64) throws(StoreError) -> (any DiskFile)? {
        if let file = held[first] { return file }
        return try CapturedFiles.open(files.segment(firstSeq: first), on: disk)
    }

    /// The snapshot's header; nil if there is no snapshot.
    func snapshotHeader() throws(StoreError) -> SnapshotHeader? {
        guard let snapshot else { return nil }
        return try SnapshotReader(snapshot.source, chunkSize: 64 << 10).header
    }

    /// Bytes of all files, preallocated space included.
    package func size() throws(StoreError) -> Int {
        var size = try snapshot?.size() ?? 0
        for first in segments { size += try segment(first)?.size() ?? 0 }
        return size
    }

    /// The segment that holds `seq`, or the first one after it, and all later ones.
    func segments(from seq: UInt64) -> ArraySlice<UInt64> {
        let start = segments.lastIndex { $0 <= seq } ?? segments.startIndex
        return segments[start...]
    }
}
