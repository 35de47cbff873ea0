// The prompt's history, kept between sessions: one line each in a file that only its owner may read.

import Program
import Shell
import SystemPackage

/// The history file. If it cannot be used, or PUFFIN_HISTORY is `off`, there silently is none.
final class HistoryFile {
    /// Lines to keep; the file is truncated to them when it has twice as many.
    static let limit = 1000

    private let path: FilePath?
    /// The last line added: a repetition is not added.
    private var last: String?

    /// Locates the file: `puffin/history` in XDG_STATE_HOME, or in ~/.local/state.
    init() {
        guard environment("PUFFIN_HISTORY")?.lowercased() != "off" else {
            path = nil
            return
        }
        let state = environment("XDG_STATE_HOME").flatMap { $0.hasPrefix("/") ? FilePath($0) : nil }
        let home = environment("HOME").flatMap { $0.hasPrefix("/") ? FilePath($0).appending(".local/state") : nil }
        path = (state ?? home)?.appending("puffin/history")
    }

    /// The lines, oldest first.
    func lines() -> [String] {
        guard let path, let file = try? FileDescriptor.open(path, .readOnly) else { return [] }
        defer { try? file.close() }
        var bytes: [UInt8] = []
        // A larger file is not a typed history.
        while bytes.count < 8 << 20, let piece = try? file.readPiece(upTo: 1 << 16), !piece.isEmpty { bytes += piece }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        if lines.count > HistoryFile.limit * 2 { rewrite(lines.suffix(HistoryFile.limit)) }
        return lines.suffix(HistoryFile.limit)
    }

    /// Adds a line, unless it may contain a secret.
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
