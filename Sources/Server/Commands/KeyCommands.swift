// Commands on keys.

import Bytes
import Wire

let keyCommands: [Command] = [
    Command(
        "DEL", .write, 1...Command.any, lineArity: 1...1, keys: .all, usage: "DEL <key>", needs: "a key",
        summary: "Removes a key.", run: delete),
    Command(
        "DELETE", .write, 1...Command.any, lineArity: 1...1, keys: .all, usage: "DELETE <key>", needs: "a key",
        summary: "Removes a key.", run: delete),
    Command(
        "EXISTS", .read, 1...Command.any, keys: .all, usage: "EXISTS <key> …", needs: "one or more keys",
        summary: "How many of the keys are there."
    ) { arguments, session in
        let store = session.server.store
        var count = 0
        for index in 1..<arguments.count {
            let reading = store.get(arguments[index])
            session.depends(on: reading.seq)
            if reading.value != nil { count += 1 }
        }
        session.reply.integer(count)
    },
    Command(
        "KEYS", .read, 1...1, lineArity: 0...1, usage: "KEYS [<pattern>]", needs: "a pattern or nothing",
        summary: "Every key that matches a pattern such as user:*."
    ) { arguments, session in
        session.list(GlobPattern(arguments.count > 1 ? arguments[1] : allKeys.span))
    },
    Command(
        "SCAN", .read, 1...Command.any, lineArity: 1...7,
        usage: "SCAN <cursor> [MATCH <pattern>] [COUNT <count>] [TYPE <type>]",
        needs: "a cursor, 0 at first",
        summary: "Some keys, and the cursor that the next call goes on with; 0 at the end.", run: scan),
    Command(
        "DBSIZE", .read, 0...0, usage: "DBSIZE", summary: "How many pairs there are.", run: count),
    Command(
        "COUNT", .read, 0...0, usage: "COUNT", summary: "How many pairs there are.", run: count),
    Command(
        "FLUSHALL", .write, 0...Command.any, lineArity: 0...1, usage: "FLUSHALL [ASYNC|SYNC]",
        needs: "ASYNC, SYNC or nothing",
        summary: "Removes every pair.", run: clear),
    Command(
        "FLUSHDB", .write, 0...Command.any, lineArity: 0...1, usage: "FLUSHDB [ASYNC|SYNC]",
        needs: "ASYNC, SYNC or nothing",
        summary: "Removes every pair.", run: clear),
]

private let allKeys: [UInt8] = [UInt8(ascii: "*")]

private func delete(_ arguments: Arguments, _ session: Session) {
    let store = session.server.store
    let isMulti = arguments.count > 2
    if isMulti { store.beginMulti() }
    var count = 0
    for index in 1..<arguments.count {
        let result = store.delete(arguments[index])
        session.depends(on: result.seq)
        if result.isDeleted { count += 1 }
    }
    if isMulti { store.endMulti() }
    if !session.reply.isLine { return session.reply.integer(count) }
    if count > 0 { session.reply.ok() } else { session.reply.missing() }
}

private func count(_ arguments: Arguments, _ session: Session) {
    session.depends(on: session.server.store.position.seq)
    session.reply.integer(session.server.store.count)
}

private func clear(_ arguments: Arguments, _ session: Session) {
    guard arguments.count < 3 else { return session.fail(.syntax) }
    if arguments.count > 1, !arguments[1].equalsIgnoringCase("ASYNC"), !arguments[1].equalsIgnoringCase("SYNC") {
        return session.fail(.syntax)
    }
    session.depends(on: session.server.store.clear())
    session.reply.ok()
}

private func scan(_ arguments: Arguments, _ session: Session) {
    guard let cursor = arguments[1].unsignedDecimal else { return session.fail(.invalidCursor) }
    var pattern: GlobPattern?
    var count = 10
    var isOtherType = false
    var index = 2
    while index < arguments.count {
        guard index + 1 < arguments.count else { return session.fail(.syntax) }
        let value = arguments[index + 1]
        if arguments[index].equalsIgnoringCase("MATCH") {
            pattern = GlobPattern(value)
        } else if arguments[index].equalsIgnoringCase("COUNT") {
            guard let number = value.decimal else { return session.fail(.notAnInteger) }
            guard number > 0 else { return session.fail(.syntax) }
            count = min(number, session.server.limits.scanCount)
        } else if arguments[index].equalsIgnoringCase("TYPE") {
            isOtherType = !value.equalsIgnoringCase("STRING")
        } else {
            return session.fail(.syntax)
        }
        index += 2
    }
    let store = session.server.store
    session.depends(on: store.position.seq)
    var keys = KeyList(dialect: session.reply.dialect)
    // Empty buckets count for something too, so that a sparse table does not hold the turn up.
    let next = store.scan(from: cursor, count: count, buckets: max(count / 10, 16)) { key in
        if !isOtherType, pattern?.matches(key) ?? true { keys.append(key) }
    }
    session.reply.list(2)
    session.reply.text(String(next))
    session.reply.append(keys)
    session.reply.endList()
}
