// The folder of one run. A torture touches only what it made: a folder with other files is refused, each run has a new
// folder of its own, and only such folders are removed.
//
// `unsafe` is allowed in this file because a path lives for one system call, and an entry of a folder is copied before
// the next is read.

import Glibc
import SystemPackage

/// A folder `run-N` inside one that only holds such folders.
package struct RunFolder {
    /// The run's folder.
    package let path: FilePath

    private static let marker = "puffin-torture.txt"
    private static let notice = """
        puffin-bench torture made this folder. Each run-N is the data of one run; a run that found nothing wrong removes its
        own. Nothing here is needed by anything else.

        """

    /// Creates the next run's folder.
    /// - Parameter directory: its parent; created if it does not exist.
    /// - Throws: `TortureError` if the directory contains other files, or cannot be used.
    package init(in directory: String) throws(TortureError) {
        let directory = FilePath(directory)
        if !RunFolder.make(directory) && errno != EEXIST {
            throw TortureError("cannot make the folder \(directory): \(Errno(rawValue: errno))")
        }
        let names = try RunFolder.names(in: directory).sorted()
        let isRun = { (name: String) in name.hasPrefix("run-") && Int(name.dropFirst(4)) != nil }
        guard names.isEmpty || names.contains(RunFolder.marker),
            names.allSatisfy({ isRun($0) || $0 == RunFolder.marker })
        else {
            let strange = names.first { !isRun($0) && $0 != RunFolder.marker } ?? names[0]
            throw TortureError(
                "\(directory) holds files that puffin-bench torture did not make (\(strange)); "
                    + "name a folder that is empty or does not exist")
        }
        do throws(Errno) {
            try RunFolder.mark(directory)
        } catch {
            throw TortureError("cannot write in \(directory): \(error)")
        }
        var number = (names.compactMap { Int($0.dropFirst(4)) }.max() ?? 0) + 1
        while true {
            let path = directory.appending("run-\(number)")
            if RunFolder.make(path) {
                self.path = path
                return
            }
            guard errno == EEXIST else {
                throw TortureError("cannot make the folder \(path): \(Errno(rawValue: errno))")
            }
            number += 1
        }
    }

    /// Removes the run's folder with its content.
    package func remove() {
        RunFolder.remove(path)
    }

    /// Writes a file into the run's folder.
    package func write(_ text: String, to name: String) {
        try? RunFolder.write(text, to: path.appending(name))
    }

    private static func mark(_ directory: FilePath) throws(Errno) {
        try write(notice, to: directory.appending(marker))
    }

    private static func write(_ text: String, to path: FilePath) throws(Errno) {
        do {
            let file = try FileDescriptor.open(
                path, .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: .ownerReadWrite)
            try file.closeAfter { _ = try file.writeAll(Array(text.utf8)) }
        } catch {
            throw error as? Errno ?? .ioError
        }
    }

    private static func make(_ path: FilePath) -> Bool {
        unsafe path.withPlatformString { unsafe mkdir($0, 0o700) } == 0
    }

    /// The names in a folder, in no order.
    static func names(in path: FilePath) throws(TortureError) -> [String] {
        guard let folder = unsafe path.withPlatformString({ unsafe opendir($0) }) else {
            throw TortureError("cannot list the folder \(path): \(Errno(rawValue: errno))")
        }
        defer { unsafe _ = closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Removes a link itself, not its target.
    private static func remove(_ path: FilePath) {
        if unsafe path.withPlatformString({ unsafe unlink($0) }) == 0 { return }
        for name in (try? names(in: path)) ?? [] { remove(path.appending(name)) }
        _ = unsafe path.withPlatformString { unsafe rmdir($0) }
    }
}
