// Commands on values.

import Bytes
import Wire

let stringCommands: [Command] = [
    Command(
        "GET", .read, 1...1, keys: .one, usage: "GET <key>", needs: "a key", summary: "The value of a key."
    ) { arguments, call, replies in
        let store = call.store
        let reading = store.get(arguments[1])
        replies.depends(on: reading.seq)
        if let value = reading.value { replies.writer.value(value) } else { replies.writer.missing() }
    },
    Command(
        "SET", .write, 2...Command.any, lineArity: 2...2, form: .rest(afterWords: 1), keys: .one,
        storesValues: true, usage: "SET <key> <value>", needs: "a key and a value",
        summary: "Makes a value the value of a key."
    ) { arguments, call, replies in
        guard arguments.count == 3 else { return replies.fail(.syntax) }
        guard call.session.accepts(arguments[2], &replies) else { return }
        replies.depends(on: call.store.set(arguments[1], to: arguments[2]))
        replies.writer.ok()
    },
    Command(
        "MGET", .read, 1...Command.any, keys: .all, usage: "MGET <key> …", needs: "one or more keys",
        summary: "The values of several keys."
    ) { arguments, call, replies in
        let store = call.store
        replies.writer.list(arguments.count - 1)
        for index in 1..<arguments.count {
            let reading = store.get(arguments[index])
            replies.depends(on: reading.seq)
            guard replies.size <= call.server.limits.unsentSize else { return call.session.drop() }
            if let value = reading.value { replies.writer.value(value) } else { replies.writer.missing() }
        }
        replies.writer.endList()
    },
    Command(
        "MSET", .write, 2...Command.any, keys: .everySecond, storesValues: true,
        usage: "MSET <key> <value> …", needs: "keys and values, one after the other",
        summary: "Makes several changes as one: all of them or none."
    ) { arguments, call, replies in
        guard arguments.count % 2 == 1 else { return replies.fail(call.session.wrongArity("MSET")) }
        for index in stride(from: 2, to: arguments.count, by: 2) {
            guard call.session.accepts(arguments[index], &replies) else { return }
        }
        let store = call.store
        store.beginMulti()
        for index in stride(from: 1, to: arguments.count, by: 2) {
            replies.depends(on: store.set(arguments[index], to: arguments[index + 1]))
        }
        store.endMulti()
        replies.writer.ok()
    },
]
