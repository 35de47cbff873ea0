// Whole logs, as a start finds them after any accident. Either the start is refused and nothing is touched; or what was
// durable is there, what was cut off is kept, and the next start finds the same.

import Bytes
import LogFormat
import Store
import SystemPackage
import TestSupport

private let data: FilePath = "puffin.json"
private let folder: FilePath = "puffin.json.log"

/// Checks a start on the log that `input` is the recipe of.
func checkSegments(_ input: [UInt8]) throws(BrokenProperty) {
    let segments = SegmentRecipe(input).segments.map { (name($0).string, $1) }
    let before = Dictionary(uniqueKeysWithValues: segments)
    let disk = MemoryDisk(before)
    let store: Store
    do { store = try open(disk) } catch {
        try checkRefusal(error)
        try require(disk.contents == before, "refused, but changed: \(error)")
        return try requireRefusal(error, before, readSize: cut(of: input) + 1)
    }
    let state = StoreState(store)
    try checkStart(store, state, before: before, disk: disk)
    try requireStart(state, before, readSize: cut(of: input) + 1)
}

private func name(_ seq: UInt64) -> FilePath {
    let digits = String(seq)
    return folder.appending(String(repeating: "0", count: 20 - digits.count) + digits + ".jsonl")
}

private func open(_ disk: MemoryDisk) throws(StoreError) -> Store {
    var options = StoreOptions()
    options.layout.segmentSize = 400
    options.layout.preallocation = 50
    options.layout.reserve = 0
    let store = try Store(data: data, options: options, disk: disk, now: 1_764_000_000_456, progress: {})
    while try store.load(lines: 1000) {}
    return store
}

private func checkRefusal(_ error: StoreError) throws(BrokenProperty) {
    switch error {
    case .corruption, .unknownVersion: break
    default: throw BrokenProperty(description: "no file is to blame: \(error)")
    }
    let message = error.description
    try require(message.utf8.count < 1_000 && message.utf8.allSatisfy { $0 >= 0x20 }, "not one line: \(message)")
}

/// What a store says of its data.
private struct StoreState: Equatable {
    var pairs: [[UInt8]: [UInt8]] = [:]
    var notes: Notes
    var position: ChainPosition
    let history: String

    init(_ store: Store) {
        position = store.position
        history = store.history
        notes = store.notes
        var keys: [[UInt8]] = []
        _ = store.scan(from: 0, count: .max, buckets: .max) { keys.append(Array($0)) }
        for key in keys {
            guard let value = store.get(key.span).value else { continue }
            pairs[key] = Array(value)
        }
    }
}

private func checkStart(
    _ store: Store, _ state: StoreState, before: [String: [UInt8]], disk: MemoryDisk
) throws(BrokenProperty) {
    let found = Result { () throws(BrokenProperty) in
        try require(store.check().isEmpty, "\(store.check())")
        try require(store.count == state.pairs.count, "\(store.count) pairs, \(state.pairs.count) of them visited")
        try checkDurable(before, position: state.position)
        try checkTorn(store.recovery, before: before, after: disk.contents)
    }
    store.close()
    try found.get()
    try require(store.failure == nil, "closing failed: \(String(describing: store.failure))")
    try checkNextStart(state, disk: disk)
}

/// No line of any segment may say that more was durable than there is now.
private func checkDurable(_ segments: [String: [UInt8]], position: ChainPosition) throws(BrokenProperty) {
    for (path, bytes) in segments {
        for line in bytes.split(separator: 0x0a) {
            guard case .durable(let seq, _)? = try? RecordParser().parse(Array(line).span, chain: 0) else { continue }
            try require(seq <= position.seq, "\(seq) was durable in \(path), \(position.seq) is the last one now")
        }
    }
}

/// What was cut off is kept elsewhere, except for the preallocated space after it.
private func checkTorn(
    _ report: RecoveryReport, before: [String: [UInt8]], after: [String: [UInt8]]
) throws(BrokenProperty) {
    guard let torn = report.torn else {
        try require(after.keys.allSatisfy { before[$0] != nil || !$0.contains("torn") }, "torn off, and not told")
        return
    }
    let whole = before[torn.segment] ?? []
    let kept = after[torn.path] ?? []
    try require(torn.size == kept.count && torn.size > 0, "\(torn.size) bytes told, \(kept.count) kept")
    try require(whole.dropFirst(torn.offset).starts(with: kept), "other bytes kept than were torn off")
    try require(whole.dropFirst(torn.offset + torn.size).allSatisfy { $0 == 0x0a }, "bytes lost behind the torn ones")
}

/// The next start finds the same, and so does the one after a further change: of a pair by an author, and of a note.
private func checkNextStart(_ state: StoreState, disk: MemoryDisk) throws(BrokenProperty) {
    var expected = state
    for key in [Array("probe".utf8), [0xff]] {
        let store: Store
        do { store = try open(disk) } catch {
            throw BrokenProperty(description: "refused after a clean close: \(error)")
        }
        let (found, isTorn) = (StoreState(store), store.recovery.torn != nil)
        if let author = Author("probe") { store.setAuthor(author) }
        let seq = store.set(key.span, to: key.span)
        do throws(NoteError) { try store.setNote("probe", "a", to: "{\"key\":\(key.count)}") } catch {
            throw BrokenProperty(description: "\(error)")
        }
        let (position, notes) = (store.position, store.notes)
        store.close()
        try require(store.failure == nil, "closing failed: \(String(describing: store.failure))")
        try require(!isTorn, "torn after a clean close")
        try require(found == expected, "\(found), expected \(expected)")
        try require(seq == expected.position.seq + 1 && position.seq == seq + 1, "\(seq) is not the next number")
        expected.pairs[key] = key
        expected.notes = notes
        expected.position = position
    }
}

/// The result does not depend on how much a read returns at a time.
private func requireStart(
    _ state: StoreState, _ contents: [String: [UInt8]], readSize: Int
) throws(BrokenProperty) {
    let store: Store
    do { store = try open(MemoryDisk(contents, readSize: readSize)) } catch {
        throw BrokenProperty(description: "refused where a read gives \(readSize) bytes: \(error)")
    }
    let found = StoreState(store)
    store.close()
    // A log without a single header gets a history of its own each time.
    try require(
        found.pairs == state.pairs && found.position == state.position && found.notes == state.notes,
        "\(found) where a read gives \(readSize) bytes, expected \(state)")
}

private func requireRefusal(
    _ expected: StoreError, _ contents: [String: [UInt8]], readSize: Int
) throws(BrokenProperty) {
    do {
        try open(MemoryDisk(contents, readSize: readSize)).close()
    } catch {
        return try require(error == expected, "\(error) where a read gives \(readSize) bytes, expected \(expected)")
    }
    throw BrokenProperty(description: "opened where a read gives \(readSize) bytes, otherwise \(expected)")
}
