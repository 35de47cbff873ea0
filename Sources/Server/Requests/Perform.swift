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
                if traits.contains(.change) {
                    let permit = try admitChange(arguments, session, gate, &replies)
                    write(arguments, session, permit, &replies)
                } else {
                    try admitRead(arguments, session, gate, &replies)
                    read(arguments, session, &replies)
                }
            } catch {
                replies.fail(error)
            }
        }

        /// Admits a request that reads, and runs `function` instead of the row's own: for a door whose answers have
        /// another form than replies.
        /// - Throws: the error reply if it may not run.
        @inline(never)
        func perform(
            _ arguments: Arguments, _ session: Session, _ gate: Gate, _ replies: inout ReplyQueue,
            reading function: (inout ReplyQueue) -> Void
        ) throws(ReplyError) {
            assert(session.turn.phase == .run, "a request runs outside the turn's run phase")
            precondition(!traits.contains(.change), "a command that changes data is run as a read")
            try admitRead(arguments, session, gate, &replies)
            function(&replies)
        }

        /// The same for a request that changes data.
        @inline(never)
        func perform(
            _ arguments: Arguments, _ session: Session, _ gate: Gate, _ replies: inout ReplyQueue,
            writing function: (borrowing Permit, inout ReplyQueue) -> Void
        ) throws(ReplyError) {
            assert(session.turn.phase == .run, "a request runs outside the turn's run phase")
            precondition(traits.contains(.change), "a command that only reads is run as a change")
            let permit = try admitChange(arguments, session, gate, &replies)
            function(permit, &replies)
        }

        @inline(__always)
        private func admitChange(
            _ arguments: Arguments, _ session: Session, _ gate: Gate, _ replies: inout ReplyQueue
        ) throws(ReplyError) -> Permit {
            let extent = arguments.extent
            try gate.admitKeys(of: arguments, extent: extent, keys)
            if replies.noteWrite() { session.times.notice(arguments) }
            return try gate.admitChange(arguments, extent: extent, traits, keys)
        }

        @inline(__always)
        private func admitRead(
            _ arguments: Arguments, _ session: Session, _ gate: Gate, _ replies: inout ReplyQueue
        ) throws(ReplyError) {
            try gate.admitKeys(of: arguments, extent: arguments.extent, keys)
            if traits.contains(.data) {
                replies.noteRead()
                try gate.admitRead()
            } else if traits.contains(.loopback) {
                try session.admitLoopback(Catalog.rows[index])
            }
        }
    }
}
