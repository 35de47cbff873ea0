// Notes: small JSON objects that are no pairs, such as users. They are records of the log as pairs' changes are: durable,
// replicated and in snapshots. `clear` leaves them alone, and no command on keys meets them.

import Bytes
import LogFormat

/// Why a note cannot be set.
package enum NoteError: Error, Equatable, Sendable {
    /// The kind is not 1 to 16 of a-z, or the name not 1 to 64 of A-Z a-z 0-9 . _ @ -
    case invalidName(kind: String, name: String)
    /// The value is not one JSON object in UTF-8 without a line feed.
    case notAnObject(NoteName)
    /// In bytes.
    case tooLarge(NoteName, size: Int, limit: Int)
    case tooMany(limit: Int)
}

extension NoteError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidName(let kind, let name):
            "Cannot keep a note of kind '\(kind)' and name '\(name)': a kind has 1 to 16 of a-z, a name 1 to 64 of "
                + "A-Z a-z 0-9 . _ @ -"
        case .notAnObject(let name): "Cannot keep \(name): expected a JSON object on one line"
        case .tooLarge(let name, let size, let limit):
            "Cannot keep \(name): it has \(size) bytes, \(limit) are allowed"
        case .tooMany(let limit): "Cannot keep more than \(limit) notes; remove some first"
        }
    }
}

extension Store {
    /// Every note. Those that are not committed yet are among them: an answer that shows notes must wait until `notesSeq` is.
    package var notes: Notes { noteTable }
    /// Moves at each change of a note, on a follower and when a data set is loaded too.
    package var notesRevision: UInt64 { noteRevision }
    /// The newest change of a note, or one behind it.
    package var notesSeq: UInt64 { newestNoteSeq }

    /// Sets or removes a note.
    /// - Parameters:
    ///   - value: a JSON object, which is kept byte for byte; nil to remove the note.
    ///   - permit: for the size of kind, name and value.
    /// - Returns: the number of the change; `notesSeq` if a note is to be removed that is not there.
    /// - Throws: `NoteError`; nothing has changed then.
    package func setNote(
        kind: String, name: String, to value: Span<UInt8>?, _ permit: borrowing Permit
    ) throws(NoteError) -> UInt64 {
        assert(isLoaded, "a note of a data set that is not loaded")
        precondition(!batch.isInMulti, "a note is set inside a record of several changes")
        guard let note = NoteName(kind: kind, name: name) else { throw .invalidName(kind: kind, name: name) }
        let isThere = noteTable[note] != nil
        let path = note.path
        assert(path.count + (value?.count ?? 0) <= permit.size, "a note is larger than what was permitted")
        guard let value else {
            return isThere ? propose(note: .note(path: path.span, value: Span())) : newestNoteSeq
        }
        try check(value, of: note)
        guard isThere || noteTable.count < Notes.limit else { throw .tooMany(limit: Notes.limit) }
        return propose(note: .note(path: path.span, value: value))
    }

    private func propose(note change: borrowing Change) -> UInt64 {
        assert(time >= newestTime, "a change is stamped with an earlier time than the last one")
        newest = batch.append(change, after: newest, timestamp: time)
        newestTime = time
        apply(note: change, seq: newest.seq)
        return newest.seq
    }

    private func check(_ value: Span<UInt8>, of note: NoteName) throws(NoteError) {
        guard value.count <= Notes.largestValue else {
            throw .tooLarge(note, size: value.count, limit: Notes.largestValue)
        }
        guard value.isNoteValue else { throw .notAnObject(note) }
    }

    func apply(note change: borrowing Change, seq: UInt64) {
        noteTable.apply(change)
        noteRevision &+= 1
        newestNoteSeq = seq
    }

    /// Takes the notes of files.
    func replaceNotes(by notes: Notes) {
        noteTable = notes
        noteRevision &+= 1
        newestNoteSeq = newest.seq
    }
}
