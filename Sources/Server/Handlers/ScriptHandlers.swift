// EVAL, EVALSHA, SCRIPT: known scripts, run natively.

import Bytes
import Commands
import Store
import Wire

enum ScriptHandlers {
    static func evaluate(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        guard let keyCount = keyCount(arguments, &replies) else { return }
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
        guard let keyCount = keyCount(arguments, &replies) else { return }
        guard let script = session.server.scripts[arguments[1]] else { return replies.fail(.noScript) }
        run(script, keyCount, arguments, session, permit, &replies)
    }

    /// The number of the script's keys; if it is invalid, replies with an error.
    private static func keyCount(_ arguments: Arguments, _ replies: inout ReplyQueue) -> Int? {
        do throws(ReplyError) {
            guard let count = arguments[2].decimal else { throw .notAnInteger }
            guard count <= arguments.count - 3 else {
                throw ReplyError("Number of keys can't be greater than number of args")
            }
            guard count >= 0 else { throw ReplyError("Number of keys can't be negative") }
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
        let call = ScriptCall(arguments, keyCount: keyCount, of: session)
        do throws(ReplyError) {
            switch script {
            case .deleteIfEqual(let missing): call.delete(missing: missing, permit, &replies)
            case .expireIfEqual(let isSeconds): try call.expire(isSeconds ? .seconds : .milliseconds, &replies)
            case .expireIfEqualOrSet:
                let store = session.store
                if store.get(arguments[3]).value != nil {
                    try call.expire(.milliseconds, &replies)
                } else {
                    try call.set(isStatus: false, &replies)
                }
            case .extendIfEqual: try call.extend(&replies)
            case .count(let isByArgument, let isSeconds):
                try call.count(isByArgument: isByArgument, isSeconds ? .seconds : .milliseconds, &replies)
            case .setNew(let isStatus): try call.set(isStatus: isStatus, &replies)
            }
        } catch {
            replies.fail(error)
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

/// A known script's key, arguments and effects. Where Redis would stop a script in its middle, after an error, nothing is changed.
private struct ScriptCall: ~Escapable {
    private let arguments: Arguments
    /// The place of the script's argument 1, less one.
    private let place: Int
    private let session: Session

    @_lifetime(copy arguments)
    init(_ arguments: Arguments, keyCount: Int, of session: Session) {
        (place, self.session) = (2 + keyCount, session)
        self.arguments = arguments
    }

    private var key: Span<UInt8> {
        @_lifetime(copy self)
        get { arguments[3] }
    }

    /// An argument, numbered from 1.
    @_lifetime(copy self)
    private func argument(_ number: Int) -> Span<UInt8> { arguments[place + number] }

    private func integer(_ number: Int) throws(ReplyError) -> Int {
        guard let value = argument(number).decimal else { throw .notAnInteger }
        return value
    }

    func delete(missing: Int, _ permit: borrowing Permit, _ replies: inout ReplyQueue) {
        let store = session.store
        let reading = store.get(key)
        replies.depends(on: reading.seq)
        guard let value = reading.value else { return replies.writer.integer(missing) }
        guard value.equals(argument(1)) else { return replies.writer.integer(0) }
        replies.depends(on: store.delete(key, permit).seq)
        replies.writer.integer(1)
    }

    func expire(_ form: TimeForm, _ replies: inout ReplyQueue) throws(ReplyError) {
        let store = session.store
        let reading = store.get(key)
        replies.depends(on: reading.seq)
        guard let value = reading.value, value.equals(argument(1)) else { return replies.writer.integer(0) }
        try setExpiry(form.time(of: integer(2), at: store.now), by: form, &replies)
    }

    func extend(_ replies: inout ReplyQueue) throws(ReplyError) {
        let store = session.store
        let reading = store.getExpiring(key)
        replies.depends(on: reading.seq)
        guard let value = reading.value, value.equals(argument(1)), reading.expires != 0 else {
            return replies.writer.integer(0)
        }
        let start = argument(3).equals("0") ? reading.expires : store.now
        try setExpiry(TimeForm.milliseconds.time(of: integer(2), at: start), by: .milliseconds, &replies)
    }

    /// As EXPIRE and PEXPIRE do it: a time in the past removes the pair.
    private func setExpiry(_ time: Int?, by form: TimeForm, _ replies: inout ReplyQueue) throws(ReplyError) {
        guard let time else { throw .invalidExpireTime(of: form == .seconds ? .expire : .pexpire) }
        let store = session.store
        if time > Int(store.now) { try session.admitExpiry() }
        guard let permit = session.permit(on: key, valueSize: 0, &replies) else { return }
        if time > Int(store.now) {
            replies.depends(on: store.setExpiry(of: key, to: min(UInt64(time), Number.largest), permit))
        } else {
            replies.depends(on: store.delete(key, permit).seq)
        }
        replies.writer.integer(1)
    }

    func count(isByArgument: Bool, _ form: TimeForm, _ replies: inout ReplyQueue) throws(ReplyError) {
        let store = session.store
        let reading = store.getExpiring(key)
        replies.depends(on: reading.seq)
        let amount = isByArgument ? try integer(2) : 1
        // A number of Lua's, which has 53 bits.
        guard amount.magnitude <= Number.largest else { throw .notAnInteger }
        let sum = try CounterHandlers.sum(of: reading.value, amount)
        let text = DecimalText(sum)
        var expires = reading.expires
        if sum == amount {
            guard let time = form.time(of: try integer(1), at: store.now) else {
                throw .invalidExpireTime(of: form == .seconds ? .expire : .pexpire)
            }
            guard time > Int(store.now) else {
                guard let permit = session.permit(on: key, valueSize: 0, &replies) else { return }
                replies.depends(on: store.delete(key, permit).seq)
                return replies.writer.integer(sum)
            }
            try session.admitExpiry()
            expires = min(UInt64(time), Number.largest)
        }
        guard let permit = session.permit(on: key, valueSize: text.bytes.count, &replies) else { return }
        replies.depends(on: store.set(key, to: text.bytes, expires: expires, permit))
        replies.writer.integer(sum)
    }

    /// - Parameter isStatus: whether the reply is that of SET.
    func set(isStatus: Bool, _ replies: inout ReplyQueue) throws(ReplyError) {
        let (store, value) = (session.store, argument(1))
        let expires = try TimeForm.milliseconds.expiry(argument(2), at: store.now, for: .set)
        guard session.accepts(value, &replies) else { return }
        let reading = store.get(key)
        replies.depends(on: reading.seq)
        guard reading.value == nil else {
            if !isStatus { return replies.writer.integer(0) }
            return replies.writer.isLine ? replies.writer.error(.keyExists) : replies.writer.missing()
        }
        try session.admitExpiry()
        guard let permit = session.permit(on: key, valueSize: value.count, &replies) else { return }
        replies.depends(on: store.set(key, to: value, expires: expires, permit))
        isStatus ? replies.writer.ok() : replies.writer.integer(1)
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
