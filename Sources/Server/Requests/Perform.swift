// The one door to a command. Whatever asks for it (a client, a command on behalf of its subcommand, AFTER), a request comes to the
// command's function through `perform` alone: nothing outside this file reaches the function.

import Bytes
import Commands
import Store
import Wire

/// Runs a request that reads data, or that is about something else than data, and writes its reply or has it written later.
typealias Reader = @Sendable (Arguments, Session, inout ReplyQueue) -> Void
/// Runs a request that changes data, and writes its reply. Without a permit the store changes nothing.
typealias Writer = @Sendable (Arguments, Session, borrowing Permit, inout ReplyQueue) -> Void

/// A command's function.
enum Handler {
    case read(Reader)
    case write(Writer)
}

extension CommandTable {
    /// What a request is checked against, and run by: all of a command but its texts. It is lent, never copied.
    struct Row: ~Copyable, Sendable {
        let index: Int
        let traits: Traits
        let arity: ClosedRange<Int>
        let lineArity: ClosedRange<Int>
        let form: LineForm
        let keys: Keys
        // Two fields, of which one traps, and no enum: to take a function out of one costs a request 32 instructions.
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
                precondition(!changes, "\(spec.fullName) changes data and has no function that may")
                read = function
                write = { _, _, _, _ in preconditionFailure("a change by a command that only reads") }
            case .write(let function):
                precondition(changes, "\(spec.fullName) has a function that changes data, which its row does not say")
                read = { _, _, _ in preconditionFailure("a reading by a command that changes data") }
                write = function
            }
        }

        /// Runs a request, or says why not.
        @inline(__always)
        func perform(_ arguments: Arguments, _ session: Session, _ gate: Gate, _ replies: inout ReplyQueue) {
            assert(session.turn.phase == .run, "a request runs after the turn's changes are given to the log")
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
