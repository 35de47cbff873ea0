// Commands on keys.

import Bytes
import Store
import Wire

let keyCommands: [Command] = [
    Command(
        "DEL", .write, 1...Command.any, lineArity: 1...1, keys: .all, shrinks: true, usage: "DEL <key>",
        needs: "a key", summary: "Removes a key.", run: delete),
    Command(
        "DELETE", .write, 1...Command.any, lineArity: 1...1, keys: .all, shrinks: true, usage: "DELETE <key>",
        needs: "a key", summary: "Removes a key.", run: delete),
    Command(
        "EXISTS", .read, 1...Command.any, keys: .all, usage: "EXISTS <key> …", needs: "one or more keys",
        summary: "How many of the keys are there."
    ) { arguments, session, replies in
        let store = session.store
        var count = 0
        for index in 1..<arguments.count {
            let reading = store.get(arguments[index])
            replies.depends(on: reading.seq)
            if reading.value != nil { count += 1 }
        }
        replies.writer.integer(count)
    },
    Command(
        "KEYS", .read, 1...1, lineArity: 0...1, usage: "KEYS [<pattern>]", needs: "a pattern or nothing",
        summary: "Every key that matches a pattern such as user:*."
    ) { arguments, session, replies in
        let pattern = arguments.count > 1 ? arguments[1] : allKeys.span
        guard pattern.count <= GlobPattern.sizeLimit else { return replies.fail(.patternTooLong(size: pattern.count)) }
        session.list(KeyListing(.all, GlobPattern(pattern), dialect: replies.writer.dialect), arguments)
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
        "FLUSHALL", .write, 0...Command.any, lineArity: 0...1, shrinks: true, usage: "FLUSHALL [ASYNC|SYNC]",
        needs: "ASYNC, SYNC or nothing",
        summary: "Removes every pair.", run: clear),
    Command(
        "FLUSHDB", .write, 0...Command.any, lineArity: 0...1, shrinks: true, usage: "FLUSHDB [ASYNC|SYNC]",
        needs: "ASYNC, SYNC or nothing",
        summary: "Removes every pair.", run: clear),
]

private let allKeys: [UInt8] = [UInt8(ascii: "*")]
/// An empty set: no byte is in it.
private let noKeys: [UInt8] = Array("[]".utf8)

private func delete(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
    let store = session.store
    let isMulti = arguments.count > 2
    if isMulti { store.beginMulti() }
    var count = 0
    for index in 1..<arguments.count {
        let result = store.delete(arguments[index])
        replies.depends(on: result.seq)
        if result.isDeleted { count += 1 }
    }
    if isMulti { store.endMulti() }
    if !replies.writer.isLine { return replies.writer.integer(count) }
    if count > 0 { replies.writer.ok() } else { replies.writer.missing() }
}

private func count(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
    replies.depends(on: session.store.position.seq)
    replies.writer.integer(session.store.count)
}

private func clear(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
    guard arguments.count < 3 else { return replies.fail(.syntax) }
    if arguments.count > 1, !arguments[1].equalsIgnoringCase("ASYNC"), !arguments[1].equalsIgnoringCase("SYNC") {
        return replies.fail(.syntax)
    }
    replies.depends(on: session.store.clear())
    replies.writer.ok()
}

private func scan(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
    guard let cursor = arguments[1].unsignedDecimal, cursor <= ScanCursor.largestNumber else {
        return replies.fail(.invalidCursor)
    }
    var patternIndex: Int?
    var count = 10
    var isOtherType = false
    var index = 2
    while index < arguments.count {
        guard index + 1 < arguments.count else { return replies.fail(.syntax) }
        let value = arguments[index + 1]
        if arguments[index].equalsIgnoringCase("MATCH") {
            guard value.count <= GlobPattern.sizeLimit else {
                return replies.fail(.patternTooLong(size: value.count))
            }
            patternIndex = index + 1
        } else if arguments[index].equalsIgnoringCase("COUNT") {
            guard let number = value.signedNumber else { return replies.fail(.notAnInteger) }
            guard number > 0 else { return replies.fail(.syntax) }
            count = min(number, session.server.limits.scanCount)
        } else if arguments[index].equalsIgnoringCase("TYPE") {
            isOtherType = !value.equalsIgnoringCase("STRING")
        } else {
            return replies.fail(.syntax)
        }
        index += 2
    }
    // Of any other type there are no keys, but the pages are the same.
    let pattern =
        if isOtherType { GlobPattern(noKeys.span) } else if let patternIndex {
            GlobPattern(arguments[patternIndex])
        } else { GlobPattern(allKeys.span) }
    var listing = KeyListing(
        .page(count: count), pattern, from: ScanCursor(number: cursor), dialect: replies.writer.dialect)
    if !listing.advance(session.server, &replies) { session.list(listing, arguments) }
}
