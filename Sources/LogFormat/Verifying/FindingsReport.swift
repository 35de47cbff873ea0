// What a check has found, in words and as JSON: the reports of `puffin-server log verify`, and of the log viewer.

import Bytes

extension ByteBuffer {
    // MARK: As text

    /// Appends the report of `puffin-server log verify`: a line for each file, then the whole range.
    package mutating func append(text found: Findings) {
        let rows = found.files.map(cells)
        let widths = (0..<4).map { column in rows.map { $0[column].unicodeScalars.count }.max() ?? 0 }
        for (file, cells) in zip(found.files, rows) {
            append(
                text: padded(cells[0], widths[0], left: true) + "  " + padded(cells[1], widths[1], left: true) + "  ")
            append(text: padded(cells[2], widths[2]) + "  ")
            append(text: padded(cells[3], widths[3]) + "  " + stateText(file) + "\n")
        }
        for warning in found.warnings { append(text: "Warning: \(warning)\n") }
        append(text: summary(found) + "\n")
    }

    // MARK: As JSON

    /// Appends the same as one JSON object, with a line feed.
    /// - Parameter data: the path that names the data set.
    package mutating func append(json found: Findings, of data: String) {
        append(json: .compact) { json in
            json.object { json in
                json.member("data", data)
                json.member("state", stateName(found))
                json.member("history", found.history)
                json.member("first", found.first)
                json.member("last", found.last)
                json.member("snapshot", found.snapshotSeq)
                json.member(
                    "files",
                    list: { json in
                        for file in found.files { json.object { $0.members(of: file) } }
                    })
                json.member("warnings", found.warnings)
            }
        }
        append("\n")
    }
}

extension JSONWriter {
    fileprivate mutating func members(of file: FileFinding) {
        member("kind", file.kind.rawValue)
        member("path", file.path)
        member("first", file.first)
        member("last", file.last)
        if file.kind != .gap {
            member(file.kind == .snapshot ? "pairs" : "records", file.count)
            member("size", file.size)
        }
        if file.kind != .snapshot { member("merged", file.isMerged) }
        switch file.state {
        case .sound: member("state", file.kind == .gap ? "missing" : "sound")
        case .torn(let damage, let size):
            member("state", "torn")
            member(
                "torn",
                object: { json in
                    json.member("offset", damage.offset)
                    json.member("size", size)
                })
        case .damaged(let damage):
            member("state", "damaged")
            member(
                "damage",
                object: { json in
                    json.member("line", damage.line)
                    json.member("offset", damage.offset)
                    json.member("expected", damage.expected)
                    json.member("found", damage.found)
                })
        case .otherVersion(let found):
            member("state", "other version")
            member("found", found)
        }
    }
}

private func stateName(_ found: Findings) -> String {
    found.isDamaged ? "damaged" : found.isOfOtherVersion ? "other version" : found.isSound ? "sound" : "torn"
}

private func cells(_ file: FileFinding) -> [String] {
    let size = "\(file.size) bytes"
    return switch file.kind {
    case .snapshot: [file.path, "as of change \(file.last)", counted(file.count, "pair"), size]
    case .gap: [file.path, "changes \(file.first) to \(file.last)", "", ""]
    case .segment where file.count == 0: [file.path, "from change \(file.first)", "0 records", size]
    case .segment: [file.path, "changes \(file.first) to \(file.last)", counted(file.count, "record"), size]
    }
}

/// What a report says of a file's state.
package func stateText(_ file: FileFinding) -> String {
    let merged = file.isMerged ? ", merged" : ""
    if file.kind == .gap && file.isLast { return "missing: the log has reached further than it does" }
    if file.kind == .gap { return "missing" + (file.isMerged ? " (the snapshot has these changes)" : "") }
    switch file.state {
    case .sound:
        let open = file.isLast && file.kind == .segment ? file.isClosed ? ", closed cleanly" : ", open" : ""
        return "sound" + merged + open
    case .torn(let damage, let size):
        return "sound, then \(size) bytes from byte \(damage.offset) on that are no whole write"
    case .damaged(let damage):
        return "DAMAGED\(merged) at line \(damage.line), byte \(damage.offset): expected \(damage.expected), "
            + "found \(damage.found)"
    case .otherVersion(let found): return "of another version: \(found)"
    }
}

private func summary(_ found: Findings) -> String {
    let pairs = found.files.first { $0.kind == .snapshot }?.count
    let snapshot = found.snapshotSeq.map { ", snapshot of \(counted(pairs ?? 0, "pair")) as of change \($0)" } ?? ""
    let records = found.files.filter { $0.kind == .segment }.reduce(0) { $0 + $1.count }
    let range = found.first.map { "changes \($0) to \(found.last)" } ?? "no changes in the log"
    let what = "\(range) in \(counted(records, "record")), history \(found.history ?? "unknown")\(snapshot)"
    if found.isDamaged {
        return "Damaged: \(what); see what a repair would do with puffin-server log repair --plan"
    }
    if found.isOfOtherVersion { return "Of another version: \(what); use the Puffin that wrote it" }
    if found.isSound { return "Sound: \(what)" }
    return "Sound up to the end: \(what); a server is writing it now, or the next start sets the end aside"
}
