// Commands on values.

import Bytes
import Store
import Wire

enum StringHandlers {
    static func get(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let store = session.store
        let reading = store.get(arguments[1])
        guard let value = reading.value else {
            replies.depends(on: reading.seq)
            return replies.writer.missing()
        }
        guard write(value, arguments, session, &replies) else { return }
        replies.depends(on: reading.seq)
    }

    /// Replies with a value if there is memory for it. If not, the request is deferred or answered with an error.
    /// - Returns: whether the reply was written. The caller then states what it depends on.
    @inline(__always)
    static func write(
        _ value: Span<UInt8>, _ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue
    ) -> Bool {
        guard
            value.count < Session.largeReplySize
                || session.hasMemory(forReplyOf: replies.writer.size(ofValue: value), arguments, &replies)
        else { return false }
        replies.writer.value(value)
        return true
    }

    static func set(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        guard arguments.count == 3 else {
            return ConditionHandlers.setWithOptions(arguments, session, permit, &replies)
        }
        guard session.accepts(arguments[2], &replies) else { return }
        replies.depends(on: session.store.set(arguments[1], to: arguments[2], expires: 0, permit))
        replies.writer.ok()
    }

    static func setNew(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        guard session.accepts(arguments[2], &replies) else { return }
        let store = session.store
        let reading = store.get(arguments[1])
        guard reading.value == nil else {
            replies.depends(on: reading.seq)
            return replies.writer.notDone(.keyExists)
        }
        replies.depends(on: store.set(arguments[1], to: arguments[2], expires: 0, permit))
        replies.writer.done()
    }

    static func exchange(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        guard session.accepts(arguments[2], &replies) else { return }
        let store = session.store
        if let value = store.get(arguments[1]).value {
            guard write(value, arguments, session, &replies) else { return }
        } else {
            replies.writer.missing()
        }
        replies.depends(on: store.set(arguments[1], to: arguments[2], expires: 0, permit))
    }

    static func take(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        let store = session.store
        if let value = store.get(arguments[1]).value {
            guard write(value, arguments, session, &replies) else { return }
        } else {
            replies.writer.missing()
        }
        replies.depends(on: store.delete(arguments[1], permit).seq)
    }

    static func setMany(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        guard arguments.count % 2 == 1 else { return replies.fail(.wrongArity(of: .mset)) }
        guard setPairs(of: arguments, session, permit, &replies) else { return }
        replies.writer.ok()
    }

    static func setManyNew(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        guard arguments.count % 2 == 1 else { return replies.fail(.wrongArity(of: .msetnx)) }
        let store = session.store
        var isThere = false
        for index in stride(from: 1, to: arguments.count, by: 2) {
            let reading = store.get(arguments[index])
            replies.depends(on: reading.seq)
            if reading.value != nil { isThere = true }
        }
        guard !isThere else { return replies.writer.notDone(.someKeyExists) }
        guard setPairs(of: arguments, session, permit, &replies) else { return }
        replies.writer.done()
    }

    /// Sets each key to its value, in one change.
    /// - Returns: false after an error for a value that is too long.
    private static func setPairs(
        of arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) -> Bool {
        for index in stride(from: 2, to: arguments.count, by: 2) {
            guard session.accepts(arguments[index], &replies) else { return false }
        }
        let store = session.store
        store.beginMulti(permit)
        for index in stride(from: 1, to: arguments.count, by: 2) {
            replies.depends(on: store.set(arguments[index], to: arguments[index + 1], expires: 0, permit))
        }
        store.endMulti()
        return true
    }

    static func getMany(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let store = session.store
        let start = replies.size
        var isAskedFor = false
        replies.writer.list(arguments.count - 1)
        for index in 1..<arguments.count {
            let reading = store.get(arguments[index])
            if !isAskedFor, replies.size - start + (reading.value?.count ?? 0) >= Session.largeReplySize {
                guard hasMemory(forValuesOf: arguments, session, &replies) else { return }
                isAskedFor = true
            }
            replies.depends(on: reading.seq)
            if let value = reading.value { replies.writer.value(value) } else { replies.writer.missing() }
        }
        replies.writer.endList()
    }

    /// An upper bound of the size of a null reply, in bytes.
    private static let missingSize = 24

    /// Whether all values fit into one reply: within the limit, and within the memory. If not, replies with an error.
    private static func hasMemory(forValuesOf arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue)
        -> Bool
    {
        let store = session.store
        let limit = session.server.limits.unsentSize
        var size = 0
        for index in 1..<arguments.count {
            let reading = store.get(arguments[index])
            if let value = reading.value {
                size += replies.writer.size(ofValue: value)
            } else {
                size += missingSize
            }
            guard size <= limit else {
                replies.takeBack()
                replies.fail(.valuesTooLarge(limit: limit))
                return false
            }
        }
        if let error = session.server.refusal(ofReplyOf: size) {
            replies.takeBack()
            replies.fail(error)
            return false
        }
        return session.hasMemory(forReplyOf: size, arguments, &replies)
    }
}
