// What was typed at the prompt, kept for the next time: one line each in a file that only its owner may read.

import Shell
import SystemPackage

/// The file of the history. Where it cannot be used, or PUFFIN_HISTORY is `off`, there is none, and nobody is bothered.
final class HistoryFile {
    /// Lines that are kept; the file is cut back to them when it has twice as many.
    static let limit = 1000

    private let path: FilePath?
    /// The line that was added last: the same again is not.
    private var last: String?

    /// Finds the file: `puffin/history` in XDG_STATE_HOME, or in ~/.local/state.
    init() {
        guard environment("PUFFIN_HISTORY")?.lowercased() != "off" else {
            path = nil
            return
        }
        let state = environment("XDG_STATE_HOME").flatMap { $0.hasPrefix("/") ? FilePath($0) : nil }
        let home = environment("HOME").flatMap { $0.hasPrefix("/") ? FilePath($0).appending(".local/state") : nil }
        path = (state ?? home)?.appending("puffin/history")
    }

    /// The lines, the oldest first.
    func lines() -> [String] {
        guard let path, let file = try? FileDescriptor.open(path, .readOnly) else { return [] }
        defer { try? file.close() }
        var bytes: [UInt8] = []
        // More than this many bytes nobody has typed.
        while bytes.count < 8 << 20, let piece = try? file.readPiece(upTo: 1 << 16), !piece.isEmpty { bytes += piece }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        if lines.count > HistoryFile.limit * 2 { rewrite(lines.suffix(HistoryFile.limit)) }
        return lines.suffix(HistoryFile.limit)
    }

    /// Adds a line, unless it may have a secret in it.
    func add(_ line: String) {
        guard let path, line != last, !isSecret(line), makePrivateFolder(path.removingLastComponent()) else { return }
        last = line
        write([line], to: path, [.create, .append])
    }

    private func rewrite(_ lines: ArraySlice<String>) {
        guard let path else { return }
        let other = FilePath(path.string + ".new")
        if write(Array(lines), to: other, [.create, .truncate]) { _ = replaceFile(path, by: other) }
    }

    @discardableResult
    private func write(_ lines: [String], to path: FilePath, _ options: FileDescriptor.OpenOptions) -> Bool {
        let text = lines.map { $0 + "\n" }.joined()
        guard let file = try? FileDescriptor.open(path, .writeOnly, options: options, permissions: .ownerReadWrite)
        else { return false }
        defer { try? file.close() }
        return (try? file.writeAll(Array(text.utf8))) != nil
    }
}
