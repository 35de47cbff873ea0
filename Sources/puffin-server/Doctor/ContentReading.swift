// The files of the data set, read for the doctor.

import Bytes
import Doctor
import Inspection
import LogFormat
import Store
import SystemPackage

/// What the files say.
struct ContentReading {
    private var reading = FilesReading()
    /// Bytes of the snapshot, of the changes behind it, and of all files.
    private(set) var snapshotSize = 0
    private(set) var unmergedSize = 0
    private(set) var size = 0
    /// The newest change's time, in Unix milliseconds; nil if it is not known.
    private(set) var newestTime: UInt64?
    private let files: DataFiles
    private let disk: LocalDisk
    private let isDeep: Bool

    /// Users are not looked for in more than this, in bytes, unless everything is read.
    private static let quickSize = 256 << 20

    init(_ files: DataFiles, on disk: LocalDisk, isDeep: Bool) {
        (self.files, self.disk, self.isDeep) = (files, disk, isDeep)
        reading.isDeep = isDeep
        do throws(InspectionError) {
            let heads = try HeadCheck.run(files, on: disk)
            (snapshotSize, unmergedSize, size) = (heads.snapshotSize, heads.unmergedSize, heads.size)
            newestTime = heads.newestTime
            reading.segments = heads.files.count { $0.kind == .segment }
            (reading.last, reading.history, reading.tornSize) = (heads.last, heads.history, heads.tornSize)
            reading.problem = heads.problem.map(ContentReading.problem)
            if isDeep, reading.problem == nil { try readAll() }
        } catch .missing {
            reading.exists = false
        } catch .empty {
            reading.exists = false
        } catch {
            let isDenied =
                switch error {
                case .store(.notWritable), .store(.disk(_, _, .permissionDenied)): true
                default: false
                }
            reading.problem = FilesReading.Problem("\(error)", isDenied ? .access : .damage)
        }
    }

    private mutating func readAll() throws(InspectionError) {
        let found = try Verification.run(files, on: disk)
        let problem = found.files.first { file in
            if case .otherVersion = file.state { true } else { file.isDamage }
        }
        reading.problem = problem.map(ContentReading.problem)
    }

    private static func problem(_ file: FileFinding) -> FilesReading.Problem {
        switch file.state {
        case .damaged(let damage):
            FilesReading.Problem(
                "\(file.path), line \(damage.line), byte \(damage.offset): expected \(damage.expected), found \(damage.found)"
            )
        case .otherVersion(let found):
            FilesReading.Problem("\(file.path) is of another version: \(found)", .version)
        case .sound, .torn: FilesReading.Problem("\(file.path): changes \(file.first) to \(file.last) are missing")
        }
    }

    func finding(isInUse: Bool) -> Finding {
        var reading = reading
        reading.isInUse = isInUse
        return reading.finding
    }

    /// Whether the data set has users; nil if that takes long to read, or cannot be read.
    var hasUsers: Bool? {
        guard reading.exists else { return false }
        guard reading.problem == nil, isDeep || size <= ContentReading.quickSize else { return nil }
        let notes = try? PastNotes(CapturedFiles(files, on: disk), at: nil)
        return notes.map { $0.entries.contains { $0.kind == "user" } }
    }
}
