// The password of who logs in: in a file, because every user of a machine can read the arguments of its processes.
//
// `unsafe` is allowed in one line: read(2) gets an array for the duration of the call, and fills no more than it holds.

import SystemPackage

/// Reads passwords.
package enum PasswordFile {
    /// No password is longer; a larger file is not one of a password.
    private static let largestSize = 64 << 10

    /// The content of a file, or of standard input (`-`), without the line feed at its end.
    /// - Throws: `ConnectionOptionError`, which names the file, also if it is empty.
    package static func read(_ path: String) throws(ConnectionOptionError) -> [UInt8] {
        var password: [UInt8]
        do {
            password = try content(of: path)
        } catch let error as ConnectionOptionError {
            throw error
        } catch {
            throw ConnectionOptionError("cannot read \(path), which should have a password: \(error)")
        }
        if password.last == UInt8(ascii: "\n") { password.removeLast() }
        guard !password.isEmpty else { throw ConnectionOptionError("\(path) is empty; it should have a password") }
        return password
    }

    private static func content(of path: String) throws -> [UInt8] {
        if path == "-" { return try content(of: .standardInput, path) }
        let file = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
        return try file.closeAfter { try content(of: file, path) }
    }

    private static func content(of file: FileDescriptor, _ path: String) throws -> [UInt8] {
        var content: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while content.count <= largestSize {
            let count = unsafe try piece.withUnsafeMutableBytes { room in unsafe try file.read(into: room) }
            if count == 0 { return content }
            content += piece[..<count]
        }
        throw ConnectionOptionError("\(path) has more than \(largestSize) bytes; it should have a password")
    }
}
