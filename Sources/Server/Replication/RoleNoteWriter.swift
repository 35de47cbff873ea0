// Writes notes of the server's role on another thread: a sync takes milliseconds, on a busy disk many.

import Dispatch
import Reactor
import Store
import Synchronization

/// Writes one note at a time.
struct RoleNoteWriter {
    private let file: RoleFile
    private let bell: Wakeup.Bell
    private var note: RoleNote?
    private var outcome = Outcome()

    private final class Outcome: Sendable {
        /// The failure, if any, once the write has ended.
        let value = Mutex<String??>(nil)
        let isThere = DispatchSemaphore(value: 0)
    }

    /// - Parameter bell: wakes the loop when a write has ended.
    init(_ file: RoleFile, bell: Wakeup.Bell) {
        self.file = file
        self.bell = bell
    }

    /// Begins to write a note. The result of the previous one must have been taken.
    mutating func write(_ note: RoleNote) {
        precondition(self.note == nil, "two notes are written at a time")
        self.note = note
        outcome = Outcome()
        file.write(note) { [outcome, bell] failure in
            outcome.value.withLock { $0 = .some(failure.map { "\($0)" }) }
            outcome.isThere.signal()
            bell.ring()
        }
    }

    /// The written note, or the failure; nil if no write has ended.
    mutating func take() -> (RoleNote, failure: String?)? {
        guard let note, let failure = outcome.value.withLock({ $0.take() }) else { return nil }
        self.note = nil
        return (note, failure)
    }

    /// The same, after waiting for the write; nil if no note is being written.
    mutating func wait() -> (RoleNote, failure: String?)? {
        guard note != nil else { return nil }
        outcome.isThere.wait()
        return take()
    }
}
