// Commands on keys.

import Bytes
import Commands
import Store
import Wire

enum KeyHandlers {
    static func exists(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let store = session.store
        var count = 0
        for index in 1..<arguments.count {
            let reading = store.get(arguments[index])
            replies.depends(on: reading.seq)
            if reading.value != nil { count += 1 }
        }
        replies.writer.integer(count)
    }

    static func keys(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let pattern = arguments.count > 1 ? arguments[1] : allKeys.span
        guard pattern.count <= GlobPattern.sizeLimit else { return replies.fail(.patternTooLong(size: pattern.count)) }
        let list = listing(.all, GlobPattern(pattern), session, for: .keys, replies)
        guard session.isInExec else { return session.begin(list, arguments) }
        let limit = TransactionHandlers.keyLimit
        guard session.store.count <= limit, list.finish(&replies) else {
            return replies.fail(.tooManyKeys(limit: limit))
        }
    }

    private static func listing(
        _ kind: KeyListing.Kind, _ pattern: GlobPattern, from cursor: ScanCursor = ScanCursor(), _ session: Session,
        for command: Command, _ replies: borrowing ReplyQueue
    ) -> KeyListing {
        KeyListing(
            kind, pattern, from: cursor, in: session.store, filter: session.filter(for: command),
            sizeLimit: session.server.limits.unsentSize, dialect: replies.writer.dialect)
    }

    private static let allKeys: [UInt8] = [UInt8(ascii: "*")]
    /// An empty set of bytes.
    private static let noKeys: [UInt8] = Array("[]".utf8)

    static func delete(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        let store = session.store
        let isMulti = arguments.count > 2
        if isMulti { store.beginMulti(permit) }
        var count = 0
        for index in 1..<arguments.count {
            let result = store.delete(arguments[index], permit)
            replies.depends(on: result.seq)
            if result.isDeleted { count += 1 }
        }
        if isMulti { store.endMulti() }
        if !replies.writer.isLine { return replies.writer.integer(count) }
        if count > 0 { replies.writer.ok() } else { replies.writer.missing() }
    }

    // MARK: Renaming and copying

    static func rename(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        if rename(arguments, session, permit, &replies, replaces: true) { replies.writer.ok() }
    }

    static func renameToNew(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        if rename(arguments, session, permit, &replies, replaces: false) { replies.writer.done() }
    }

    /// - Parameter replaces: whether the new key may exist.
    /// - Returns: false after an error reply.
    private static func rename(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue,
        replaces: Bool
    ) -> Bool {
        let store = session.store
        let (key, target) = (1, 2)
        let reading = store.getExpiring(arguments[key])
        replies.depends(on: reading.seq)
        guard let value = reading.value else {
            replies.fail(ReplyError(line: "Key not found", resp: "no such key"))
            return false
        }
        if !replaces {
            let other = store.get(arguments[target])
            replies.depends(on: other.seq)
            guard other.value == nil else {
                replies.writer.notDone(ReplyError("Not renamed: the new key exists"))
                return false
            }
        }
        // Nothing changes.
        guard !arguments[key].equals(arguments[target]) else { return true }
        guard let larger = session.permit(on: arguments[target], valueSize: value.count, &replies) else {
            return false
        }
        store.beginMulti(larger)
        replies.depends(on: store.set(arguments[target], to: value, expires: reading.expires, larger))
        replies.depends(on: store.delete(arguments[key], permit).seq)
        store.endMulti()
        return true
    }

    static func copy(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        var replaces = false
        var index = 3
        while index < arguments.count {
            if arguments[index].equalsIgnoringCase("REPLACE") {
                replaces = true
                index += 1
            } else if arguments[index].equalsIgnoringCase("DB"), index + 1 < arguments.count {
                guard ConnectionHandlers.isDatabase(arguments[index + 1], &replies) else { return }
                index += 2
            } else {
                return replies.fail(.misused(.copy))
            }
        }
        guard !arguments[1].equals(arguments[2]) else {
            return replies.fail(ReplyError("source and destination objects are the same"))
        }
        let store = session.store
        let reading = store.getExpiring(arguments[1])
        replies.depends(on: reading.seq)
        guard let value = reading.value else {
            return replies.writer.isLine ? replies.writer.missing() : replies.writer.integer(0)
        }
        let other = store.get(arguments[2])
        replies.depends(on: other.seq)
        guard replaces || other.value == nil else {
            return replies.writer.notDone(ReplyError("Not copied: the new key exists"))
        }
        guard let larger = session.permit(on: arguments[2], valueSize: value.count, &replies) else { return }
        replies.depends(on: store.set(arguments[2], to: value, expires: reading.expires, larger))
        replies.writer.done()
    }

    // MARK: All keys

    static func random(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        replies.depends(on: session.store.position.seq)
        var isFound = false
        session.store.visitRandomKey { key in
            replies.writer.value(key)
            isFound = true
        }
        if !isFound { replies.writer.missing() }
    }

    static func count(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        replies.depends(on: session.store.position.seq)
        replies.writer.integer(session.store.count)
    }

    static func clear(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        guard arguments.count < 3 else { return replies.fail(.misused(.flushall)) }
        if arguments.count > 1, !arguments[1].equalsIgnoringCase("ASYNC"), !arguments[1].equalsIgnoringCase("SYNC") {
            return replies.fail(.misused(.flushall))
        }
        replies.depends(on: session.store.clear(permit))
        replies.writer.ok()
    }

    static func scan(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard let cursor = arguments[1].unsignedDecimal, cursor <= ScanCursor.largestNumber else {
            return replies.fail(.invalidCursor)
        }
        var patternIndex: Int?
        var isPrefix = false
        var count = 10
        var isOtherType = false
        var index = 2
        while index < arguments.count {
            guard index + 1 < arguments.count else { return replies.fail(.misused(.scan)) }
            let value = arguments[index + 1]
            let isMatch = arguments[index].equalsIgnoringCase("MATCH")
            if isMatch || arguments[index].equalsIgnoringCase("PREFIX") {
                guard patternIndex == nil || isPrefix != isMatch else { return replies.fail(.matchAndPrefix) }
                guard value.count <= GlobPattern.sizeLimit else {
                    return replies.fail(.patternTooLong(size: value.count))
                }
                (patternIndex, isPrefix) = (index + 1, !isMatch)
            } else if arguments[index].equalsIgnoringCase("COUNT") {
                guard let number = value.signedNumber else { return replies.fail(.notAnInteger) }
                guard number > 0 else { return replies.fail(.misused(.scan)) }
                count = min(number, session.server.limits.scanCount)
            } else if arguments[index].equalsIgnoringCase("TYPE") {
                isOtherType = !value.equalsIgnoringCase("STRING")
            } else {
                return replies.fail(.misused(.scan))
            }
            index += 2
        }
        // There are no keys of any other type, but the cursor advances all the same.
        let pattern =
            if isOtherType { GlobPattern(noKeys.span) } else if let patternIndex {
                isPrefix ? GlobPattern(prefix: arguments[patternIndex]) : GlobPattern(arguments[patternIndex])
            } else { GlobPattern(allKeys.span) }
        let page = listing(.page(count: count), pattern, from: ScanCursor(number: cursor), session, for: .scan, replies)
        if session.isInExec {
            if !page.finish(&replies) { replies.fail(.tooManyKeys(limit: TransactionHandlers.keyLimit)) }
        } else if !page.step(&replies, session.allowance) {
            session.begin(page, arguments)
        }
    }
}
