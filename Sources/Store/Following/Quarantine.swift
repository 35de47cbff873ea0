// Unwanted files are renamed to `<file>.<word>-<time>`, not deleted.

import LogFormat
import SystemPackage

/// Renames files so that no start reads them.
enum Quarantine {
    /// Renames one file; it is durable once its folder is synced.
    /// - Parameters:
    ///   - word: the reason, for people.
    ///   - time: a later one is used if the name exists already.
    /// - Returns: the new name.
    @discardableResult
    static func rename(
        _ path: FilePath, as word: String, time: UInt64, on disk: any Disk
    ) throws(StoreError) -> FilePath {
        let name = try TornTail.unusedName(path.string + ".\(word)-", time: time, on: disk)
        try disk.rename(path, to: name)
        return name
    }

    /// Renames segments durably, newest first: wherever this is interrupted, what is left is a log without a gap.
    static func segments(
        _ segments: some Sequence<UInt64>, of files: DataFiles, as word: String, time: UInt64, on disk: any Disk
    ) throws(StoreError) -> [FilePath] {
        try DurableMark.forget(files, on: disk)
        var names: [FilePath] = []
        for first in segments.sorted(by: >) {
            names.append(try rename(files.segment(firstSeq: first), as: word, time: time, on: disk))
            try disk.syncFolder(files.folder)
        }
        return names
    }

    /// Renames the whole data set, its snapshot last.
    static func everything(
        of files: DataFiles, as word: String, time: UInt64, on disk: any Disk
    ) throws(StoreError) -> [FilePath] {
        var names = try segments(
            files.contents(on: disk).segments, of: files, as: word, time: time, on: disk)
        if try disk.exists(files.snapshot) {
            names.append(try rename(files.snapshot, as: word, time: time, on: disk))
            try disk.syncFolder(files.snapshot.folder)
        }
        return names
    }
}
