// Reads small files whole: configurations and secrets.
//
// `unsafe` is allowed in one line: read(2) gets an array for the duration of the call, and fills no more than it holds.

import SystemPackage

/// Why a file cannot be read.
struct UnreadableFile: Error, CustomStringConvertible {
    let description: String
}

/// Reads a whole file.
func readFile(_ path: String, limit: Int) throws(UnreadableFile) -> [UInt8] {
    do {
        let file = try FileDescriptor.open(FilePath(path), .readOnly)
        return try file.closeAfter { try read(file, limit: limit) }
    } catch Errno.isDirectory {
        throw UnreadableFile(description: "it is a folder, not a file")
    } catch let error as UnreadableFile {
        throw error
    } catch {
        throw UnreadableFile(description: "\(error)")
    }
}

private func read(_ file: FileDescriptor, limit: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 << 10)
    while true {
        let count = unsafe try chunk.withUnsafeMutableBytes { room in unsafe try file.read(into: room) }
        if count == 0 { return bytes }
        bytes += chunk[..<count]
        if bytes.count > limit { throw UnreadableFile(description: "it is larger than \(limit) bytes") }
    }
}
