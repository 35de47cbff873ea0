// EVAL, EVALSHA, SCRIPT: known scripts, run natively.

import Bytes
import Commands
import Store
import Wire

enum ScriptHandlers {
    static func evaluate(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        guard let keyCount = keyCount(arguments, session, &replies) else { return }
        guard let script = session.server.scripts.load(arguments[1])?.script else {
            return replies.fail(.unknownScript)
        }
        run(script, keyCount, arguments, session, permit, &replies)
    }

    static func evaluateByDigest(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        // In Redis' order.
        guard arguments[1].count == LoadedScripts.digestSize else { return replies.fail(.noScript) }
        guard let keyCount = keyCount(arguments, session, &replies) else { return }
        guard let script = session.server.scripts[arguments[1]] else { return replies.fail(.noScript) }
        run(script, keyCount, arguments, session, permit, &replies)
    }

    /// The number of the script's keys, none of which is too long; if it is invalid, replies with an error.
    private static func keyCount(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) -> Int? {
        do throws(ReplyError) {
            guard let count = arguments[2].decimal else { throw .notAnInteger }
            guard count <= arguments.count - 3 else {
                throw ReplyError("Number of keys can't be greater than number of args")
            }
            guard count >= 0 else { throw ReplyError("Number of keys can't be negative") }
            for index in 3..<3 + count where arguments[index].count > session.gate.keySize {
                throw .tooLong("Key", size: arguments[index].count, limit: session.gate.keySize)
            }
            return count
        } catch {
            replies.fail(error)
            return nil
        }
    }

    private static func run(
        _ script: KnownScript, _ keyCount: Int, _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit,
        _ replies: inout ReplyQueue
    ) {
        let (needed, given) = (script.needs, (keys: keyCount, arguments: arguments.count - 3 - keyCount))
        guard given.keys >= needed.keys, given.arguments >= needed.arguments else {
            return replies.fail(.scriptNeeds(needed.keys, needed.arguments))
        }
        let store = session.store
        let key = arguments[3]
        let reading = store.get(key)
        replies.depends(on: reading.seq)
        switch script {
        case .deleteIfEqual(let missing):
            guard let value = reading.value else { return replies.writer.integer(missing) }
            guard value.equals(arguments[3 + keyCount]) else { return replies.writer.integer(0) }
            replies.depends(on: store.delete(key, permit).seq)
            replies.writer.integer(1)
        }
    }

    // MARK: SCRIPT

    static func load(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard let digest = session.server.scripts.load(arguments[2])?.digest else {
            return replies.fail(.unknownScript)
        }
        replies.writer.text(digest)
    }

    static func exist(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        replies.writer.list(arguments.count - 2)
        for index in 2..<arguments.count {
            replies.writer.integer(session.server.scripts[arguments[index]] == nil ? 0 : 1)
        }
        replies.writer.endList()
    }

    static func flush(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        if arguments.count == 3, !arguments[2].equalsIgnoringCase("ASYNC"), !arguments[2].equalsIgnoringCase("SYNC") {
            return replies.fail(ReplyError("SCRIPT FLUSH only support SYNC|ASYNC option"))
        }
        session.server.scripts.removeAll()
        replies.writer.ok()
    }
}

extension ReplyError {
    fileprivate static let unknownScript = ReplyError(
        "Unknown script: this server runs no Lua, only the scripts that docs/locks.md lists; DELEX and SET IFEQ do the same"
    )
    fileprivate static let noScript = ReplyError("No matching script. Please use EVAL.", code: .noScript)

    fileprivate static func scriptNeeds(_ keys: Int, _ arguments: Int) -> ReplyError {
        ReplyError("This script needs \(counted(keys, "key")) and \(counted(arguments, "argument"))")
    }
}
