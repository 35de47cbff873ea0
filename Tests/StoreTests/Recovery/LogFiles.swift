// The files of a log as a test, or a crash, finds and changes them.

import Foundation

/// The log folder of the data set `puffin.json` in a folder.
struct LogFiles {
    let folder: String

    init(_ folder: String) {
        self.folder = folder + "/puffin.json.log"
    }

    /// The names of the segments, in order.
    var segments: [String] { get throws { try names { $0.hasSuffix(".jsonl") } } }
    /// The names of the files with what was torn off.
    var torn: [String] { get throws { try names { $0.contains(".torn-") } } }

    private func names(_ isWanted: (String) -> Bool) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter(isWanted).sorted()
    }

    /// The path of the last segment.
    var last: String { get throws { path(try segments.last ?? "") } }

    func path(_ name: String) -> String { folder + "/" + name }

    func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path(name))))
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: path(name))
    }

    /// Copies the log as it is on the disk into another folder: what a crash at this moment would leave.
    func copy(to other: String) throws {
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: folder, toPath: LogFiles(other).folder)
    }
}
