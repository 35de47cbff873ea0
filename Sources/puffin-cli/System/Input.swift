// Files and standard input, as bytes.

import ArgumentParser
import Bytes
import Shell
import SystemPackage

/// A file that is read piece by piece, or standard input (`-`).
struct Input {
    /// Its name in messages.
    let name: String
    /// Its size in bytes; nil for a pipe or a terminal, whose end is unknown.
    let size: Int?
    private let descriptor: FileDescriptor
    private static let pieceSize = 256 << 10

    /// - Throws: an `ExitCode`, after the reason has been printed.
    init(_ path: String) throws {
        do {
            descriptor = path == "-" ? .standardInput : try .open(FilePath(path), .readOnly)
            name = path == "-" ? "standard input" : path
        } catch {
            throw failed("cannot read \(path): \(error)")
        }
        if let here = try? descriptor.seek(offset: 0, from: .current),
            let end = try? descriptor.seek(offset: 0, from: .end),
            (try? descriptor.seek(offset: here, from: .start)) != nil
        {
            size = Int(end - here)
        } else {
            size = nil
        }
    }

    /// Waits for the next bytes.
    /// - Returns: none at the end.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func read() throws -> [UInt8] {
        do {
            return try descriptor.readPiece(upTo: Input.pieceSize)
        } catch {
            throw failed("cannot read \(name): \(error)")
        }
    }
}

/// The whole content of a file or of standard input (`-`), at most the size of a value.
/// - Throws: an `ExitCode`, after the reason has been printed.
func readAll(_ path: String) throws -> [UInt8] {
    let input = try Input(path)
    var bytes: [UInt8] = []
    while true {
        let piece = try input.read()
        if piece.isEmpty { return bytes }
        bytes += piece
        guard bytes.count <= RequestLineSplitter.lineLimit else {
            throw failed("\(input.name) has more bytes than a value may have (64 MiB)")
        }
    }
}
