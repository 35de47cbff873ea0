// The notes of a data set, kept apart from its pairs: they are few, and no command on pairs meets them.

import Bytes

/// A small table of notes, sorted by kind and name. A copy shares its memory until one of the two changes.
public struct Notes: Equatable, Sendable {
    /// A note, and its value: a JSON object.
    public struct Note: Equatable, Sendable {
        public let name: NoteName
        public internal(set) var value: [UInt8]
    }

    /// In order.
    private var notes: [Note] = []

    /// The largest value, in bytes.
    public static let largestValue = 64 << 10
    /// How many notes a store accepts. Readers of files do not look at it.
    public static let limit = 10_000

    /// No notes.
    public init() {}

    public var count: Int { notes.count }
    public var isEmpty: Bool { notes.isEmpty }
    /// Bytes of names and values.
    public var size: Int { notes.reduce(0) { $0 + $1.name.path.count + $1.value.count } }
    /// All of them, in order.
    public var all: [Note] { notes }

    /// The value of a note; nil if there is none.
    public subscript(name: NoteName) -> [UInt8]? {
        let place = place(of: name)
        return isThere(name, at: place) ? notes[place].value : nil
    }

    /// The notes of a kind, sorted by name.
    public func ofKind(_ kind: String) -> ArraySlice<Note> {
        let prefix = Array("\(kind)/".utf8)
        let start = firstIndex { !$0.path.lexicographicallyPrecedes(prefix) }
        return notes[start...].prefix { $0.name.path.starts(with: prefix) }
    }

    // MARK: Changing

    /// Adds a note, which must not be there.
    public mutating func insert(_ name: NoteName, _ value: [UInt8]) {
        let place = place(of: name)
        precondition(!isThere(name, at: place), "a note is inserted twice")
        notes.insert(Note(name: name, value: value), at: place)
    }

    /// Removes a note.
    /// - Returns: its value; nil if it was not there.
    @discardableResult
    public mutating func remove(_ name: NoteName) -> [UInt8]? {
        let place = place(of: name)
        return isThere(name, at: place) ? notes.remove(at: place).value : nil
    }

    /// Replaces the value of a note, which must be there.
    /// - Returns: the old value.
    @discardableResult
    public mutating func replace(_ name: NoteName, _ value: [UInt8]) -> [UInt8] {
        let place = place(of: name)
        precondition(isThere(name, at: place), "a note is replaced that is not there")
        let old = notes[place].value
        notes[place].value = value
        return old
    }

    /// Does what the change of a note says.
    package mutating func apply(_ change: borrowing Change) {
        guard let name = NoteName(path: Array(change.key)) else { preconditionFailure("a note without a name") }
        if change.value.isEmpty {
            remove(name)
        } else if self[name] == nil {
            insert(name, Array(change.value))
        } else {
            replace(name, Array(change.value))
        }
    }

    /// Adds a note that must sort after all others, as those of a snapshot do.
    /// - Returns: false if it does not; nothing has changed then.
    mutating func append(_ change: borrowing Change) -> Bool {
        guard let name = NoteName(path: Array(change.key)), notes.last.map({ $0.name < name }) ?? true else {
            return false
        }
        notes.append(Note(name: name, value: Array(change.value)))
        return true
    }

    // MARK: Places

    /// Where a note is, or would be inserted.
    private func place(of name: NoteName) -> Int { firstIndex { !($0 < name) } }

    private func isThere(_ name: NoteName, at place: Int) -> Bool { place < notes.count && notes[place].name == name }

    /// The first note that is not before a border; `isBehind` says on which side of it a name is.
    private func firstIndex(_ isBehind: (NoteName) -> Bool) -> Int {
        var (low, high) = (0, notes.count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(notes[middle].name) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension Notes.Note {
    /// Lends the change that sets it.
    package func withChange(_ body: (borrowing Change) -> Void) {
        body(.note(path: name.path.span, value: value.span))
    }
}
