// The log as a test finds it on the disk.

import Foundation
import Testing

/// The write-ahead log beside a data file.
struct LogFile {
    let folder: String

    init(data: String) {
        folder = data + ".log"
    }

    /// The names in the folder, in order.
    func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    /// The paths of the segments, in order.
    func segments() throws -> [String] {
        try names().filter { $0.hasSuffix(".jsonl") }.map { folder + "/" + $0 }
    }

    /// The paths of the files with torn bytes.
    func tornTails() throws -> [String] {
        try names().filter { $0.contains(".torn-") }.map { folder + "/" + $0 }
    }

    /// The path of the last segment.
    func lastSegment() throws -> String {
        try #require(try segments().last)
    }

    /// The lines of a segment, with the place of each; without the line feeds that fill it up.
    static func lines(of segment: String) throws -> [(offset: Int, bytes: ArraySlice<UInt8>)] {
        let bytes = try read(segment)
        return bytes.split(separator: UInt8(ascii: "\n")).map { ($0.startIndex, $0) }
    }

    /// The bytes of a segment, without the line feeds that fill it up behind the last line's own.
    static func content(of segment: String) throws -> [UInt8] {
        let bytes = try read(segment)
        let end = bytes.lastIndex { $0 != UInt8(ascii: "\n") } ?? 0
        return Array(bytes[..<min(end + 2, bytes.count)])
    }

    static func read(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }
}
