// The single entry point to a command's function. Every caller (a client, a parent command, AFTER) runs it through
// `perform`: the function is private to this file.

import Bytes
import Commands
import Store
import Wire

/// Runs a request that does not change data, and writes its reply or defers it.
typealias Reader = @Sendable (Arguments, Session, inout ReplyQueue) -> Void
/// Runs a request that changes data, and writes its reply. The store requires the permit for each change.
typealias Writer = @Sendable (Arguments, Session, borrowing Permit, inout ReplyQueue) -> Void

/// A command's function.
enum Handler {
    case read(Reader)
    case write(Writer)
}

extension CommandTable {
    /// The part of a command that running it needs: everything but its texts. Borrowed, never copied.
    struct Row: ~Copyable, Sendable {
        let index: Int
        let traits: Traits
        let arity: ClosedRange<Int>
        let lineArity: ClosedRange<Int>
        let form: LineForm
        let keys: Keys
        // Two fields, one of which traps, instead of an enum: extracting a closure from an enum costs 32 instructions a
        // request.
        private let read: Reader
        private let write: Writer

        init(_ spec: CommandSpec) {
            index = spec.command.index
            traits = spec.traits
            arity = spec.arity
            lineArity = spec.lineArity
            form = spec.lineForm
            keys = spec.keys
            let changes = spec.traits.contains(.change)
            switch spec.command.handler {
            case .read(let function):
                precondition(!changes, "\(spec.fullName) changes data, but its function takes no permit")
                read = function
                write = { _, _, _, _ in preconditionFailure("a command that only reads was run as a change") }
            case .write(let function):
                precondition(
                    changes,
                    "\(spec.fullName) has a function that takes a permit, but its row does not say that it changes data"
                )
                read = { _, _, _ in preconditionFailure("a command that changes data was run as a read") }
                write = function
            }
        }

        /// Admits and runs a request, or replies with the reason for refusing it.
        @inline(__always)
        func perform(_ arguments: Arguments, _ session: Session, _ gate: Gate, _ replies: inout ReplyQueue) {
            assert(session.turn.phase == .run, "a request runs outside the turn's run phase")
            do throws(ReplyError) {
                let extent = arguments.extent
                try gate.admitKeys(of: arguments, extent: extent, keys)
                if traits.contains(.change) {
                    if replies.noteWrite() { session.times.notice(arguments) }
                    let permit = try gate.admitChange(arguments, extent: extent, traits, keys)
                    write(arguments, session, permit, &replies)
                } else {
                    if traits.contains(.data) {
                        replies.noteRead()
                        try gate.admitRead()
                    } else if traits.contains(.loopback) {
                        try session.admitLoopback(Catalog.rows[index])
                    }
                    read(arguments, session, &replies)
                }
            } catch {
                replies.fail(error)
            }
        }
    }
}
