// Commands about the time when pairs expire.

import Bytes
import Commands
import Store
import Wire

enum ExpiryHandlers {
    // MARK: Values

    static func setSeconds(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        setValue(.seconds, .setex, arguments, session, permit, &replies)
    }

    static func setMilliseconds(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        setValue(.milliseconds, .psetex, arguments, session, permit, &replies)
    }

    private static func setValue(
        _ form: TimeForm, _ command: Command, _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit,
        _ replies: inout ReplyQueue
    ) {
        let (store, value) = (session.store, arguments[3])
        guard session.accepts(value, &replies) else { return }
        do throws(ReplyError) {
            let expires = try form.expiry(arguments[2], at: store.now, for: command)
            try session.admitExpiry()
            replies.depends(on: store.set(arguments[1], to: value, expires: expires, permit))
            replies.writer.ok()
        } catch {
            replies.fail(error)
        }
    }

    static func getAndSet(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        let store = session.store
        var option = ExpiryOption()
        var index = 2
        while index < arguments.count {
            guard option.take(arguments, at: &index, removes: true) else { return replies.fail(.misused(.getex)) }
            index += 1
        }
        let reading = store.getExpiring(arguments[1])
        replies.depends(on: reading.seq)
        // As in Redis, a missing key is answered before the time is checked.
        guard let value = reading.value else { return replies.writer.missing() }
        do throws(ReplyError) {
            let expires = try option.expiry(arguments, at: store.now, for: .getex) ?? 0
            if expires != 0 { try session.admitExpiry() }
            guard StringHandlers.write(value, arguments, session, &replies), option.kind != .none else { return }
            guard expires == 0 || expires > store.now else {
                return replies.depends(on: store.delete(arguments[1], permit).seq)
            }
            guard expires != reading.expires else { return }
            replies.depends(on: store.setExpiry(of: arguments[1], to: expires, permit))
        } catch {
            replies.fail(error)
        }
    }

    static func setMany(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        guard let number = arguments[1].decimal, (1...Int(Int32.max)).contains(number) else {
            return replies.fail(ReplyError("invalid numkeys value"))
        }
        guard let keys = Command.msetex.spec.keys.indices(in: arguments) else {
            return replies.fail(ReplyError("wrong number of key-value pairs"))
        }
        do throws(ReplyError) {
            let options = try ManyOptions(arguments, from: 2 + 2 * number)
            let store = session.store
            let expires = try options.expiry.expiry(arguments, at: store.now, for: .msetex)
            if let expires, expires != 0 { try session.admitExpiry() }
            for key in keys { guard session.accepts(arguments[key + 1], &replies) else { return } }
            for key in keys where options.condition != .none {
                let reading = store.get(arguments[key])
                replies.depends(on: reading.seq)
                if (reading.value == nil) == (options.condition == .present) {
                    return replies.writer.notDone(
                        options.condition == .present
                            ? ReplyError("Not set: one of the keys does not exist") : .someKeyExists)
                }
            }
            store.beginMulti(permit)
            for key in keys {
                let until = expires ?? store.getExpiring(arguments[key]).expires
                replies.depends(on: store.set(arguments[key], to: arguments[key + 1], expires: until, permit))
            }
            store.endMulti()
            replies.writer.done()
        } catch {
            replies.fail(error)
        }
    }

    /// The options of MSETEX.
    private struct ManyOptions {
        enum Condition { case none, missing, present }
        private(set) var condition = Condition.none
        private(set) var expiry = ExpiryOption()

        init(_ arguments: Arguments, from start: Int) throws(ReplyError) {
            var index = start
            while index < arguments.count {
                let name = arguments[index]
                if name.equalsIgnoringCase("NX"), condition != .present {
                    condition = .missing
                } else if name.equalsIgnoringCase("XX"), condition != .missing {
                    condition = .present
                } else if !expiry.take(arguments, at: &index, keeps: true) {
                    throw .misused(.msetex)
                }
                index += 1
            }
        }
    }

    // MARK: Setting the time

    static func expire(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        set(.seconds, .expire, arguments, session, permit, &replies)
    }

    static func expireMilliseconds(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        set(.milliseconds, .pexpire, arguments, session, permit, &replies)
    }

    static func expireAt(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        set(.unixSeconds, .expireat, arguments, session, permit, &replies)
    }

    static func expireAtMilliseconds(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        set(.unixMilliseconds, .pexpireat, arguments, session, permit, &replies)
    }

    /// EXPIRE takes times in the past, which remove the pair, and negative ones.
    private static func set(
        _ form: TimeForm, _ command: Command, _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit,
        _ replies: inout ReplyQueue
    ) {
        let store = session.store
        do throws(ReplyError) {
            let condition = try ExpiryCondition(arguments, session)
            guard let number = arguments[2].decimal else { throw .notAnInteger }
            guard let time = form.time(of: number, at: store.now) else { throw .invalidExpireTime(of: command) }
            let reading = store.getExpiring(arguments[1])
            replies.depends(on: reading.seq)
            guard reading.value != nil else {
                return replies.writer.isLine ? replies.writer.missing() : replies.writer.integer(0)
            }
            if let reason = condition.obstacle(to: time, insteadOf: reading.expires) {
                return replies.writer.notDone(ReplyError("Not set: \(reason)"))
            }
            if time <= Int(store.now) {
                replies.depends(on: store.delete(arguments[1], permit).seq)
            } else {
                try session.admitExpiry()
                let expires = min(UInt64(time), Number.largest)
                replies.depends(on: store.setExpiry(of: arguments[1], to: expires, permit))
            }
            replies.writer.done()
        } catch {
            replies.fail(error)
        }
    }

    /// The condition of EXPIRE. A pair that never expires counts as one that expires later than all others.
    private struct ExpiryCondition {
        private var isNew = false
        private var exists = false
        private var isLater = false
        private var isEarlier = false

        init(_ arguments: Arguments, _ session: Session) throws(ReplyError) {
            for index in stride(from: 3, to: arguments.count, by: 1) {
                let name = arguments[index]
                if name.equalsIgnoringCase("NX") {
                    isNew = true
                } else if name.equalsIgnoringCase("XX") {
                    exists = true
                } else if name.equalsIgnoringCase("GT") {
                    isLater = true
                } else if name.equalsIgnoringCase("LT") {
                    isEarlier = true
                } else {
                    throw .unsupportedOption(name, session)
                }
            }
            guard !isNew || !exists && !isLater && !isEarlier else {
                throw ReplyError("NX and XX, GT or LT options at the same time are not compatible")
            }
            guard !isLater || !isEarlier else {
                throw ReplyError("GT and LT options at the same time are not compatible")
            }
        }

        /// Why the time is not set, after a colon; nil if it is.
        func obstacle(to time: Int, insteadOf current: UInt64) -> String? {
            let expires = current != 0
            if isNew, expires { return "the key expires" }
            if exists, !expires { return "the key never expires" }
            if isLater, !expires || time <= Int(current) { return "the key does not expire before that" }
            if isEarlier, expires, time >= Int(current) { return "the key does not expire after that" }
            return nil
        }
    }

    static func persist(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        let store = session.store
        let reading = store.getExpiring(arguments[1])
        replies.depends(on: reading.seq)
        guard reading.value != nil else {
            return replies.writer.isLine ? replies.writer.missing() : replies.writer.integer(0)
        }
        guard reading.expires != 0 else {
            return replies.writer.notDone(ReplyError("Not changed: the key never expires"))
        }
        replies.depends(on: store.setExpiry(of: arguments[1], to: 0, permit))
        replies.writer.done()
    }

    // MARK: Asking for the time

    static func seconds(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        answer(arguments, session, &replies) { (Int($0 - $1) + 500) / 1000 }
    }

    static func milliseconds(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        answer(arguments, session, &replies) { Int($0 - $1) }
    }

    static func unixSeconds(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        answer(arguments, session, &replies) { expires, _ in (Int(expires) + 500) / 1000 }
    }

    static func unixMilliseconds(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        answer(arguments, session, &replies) { expires, _ in Int(expires) }
    }

    /// - Parameter number: the answer for a pair that expires, made from when it does and from the time now.
    @inline(__always)
    private static func answer(
        _ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue, number: (UInt64, UInt64) -> Int
    ) {
        let store = session.store
        let reading = store.getExpiring(arguments[1])
        replies.depends(on: reading.seq)
        guard reading.value != nil else {
            return replies.writer.isLine ? replies.writer.missing() : replies.writer.integer(-2)
        }
        guard reading.expires == 0 else { return replies.writer.integer(number(reading.expires, store.now)) }
        if replies.writer.isLine { replies.writer.simple("never") } else { replies.writer.integer(-1) }
    }
}
