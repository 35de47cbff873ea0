// Commands on values.

import Bytes
import Wire

let stringCommands: [Command] = [
    Command(
        "GET", .read, 1...1, keys: .one, usage: "GET <key>", needs: "a key", summary: "The value of a key."
    ) { arguments, session in
        let store = session.server.store
        let reading = store.get(arguments[1])
        session.depends(on: reading.seq)
        if let value = reading.value { session.reply.value(value) } else { session.reply.missing() }
    },
    Command(
        "SET", .write, 2...Command.any, lineArity: 2...2, form: .rest(afterWords: 1), keys: .one,
        usage: "SET <key> <value>", needs: "a key and a value", summary: "Makes a value the value of a key."
    ) { arguments, session in
        guard arguments.count == 3 else { return session.fail(.syntax) }
        guard session.accepts(value: arguments[2]) else { return }
        session.depends(on: session.server.store.set(arguments[1], to: arguments[2]))
        session.reply.ok()
    },
    Command(
        "MGET", .read, 1...Command.any, keys: .all, usage: "MGET <key> …", needs: "one or more keys",
        summary: "The values of several keys."
    ) { arguments, session in
        let store = session.server.store
        session.reply.list(arguments.count - 1)
        for index in 1..<arguments.count {
            let reading = store.get(arguments[index])
            session.depends(on: reading.seq)
            guard session.hasRoomForReply else { return session.drop() }
            if let value = reading.value { session.reply.value(value) } else { session.reply.missing() }
        }
        session.reply.endList()
    },
    Command(
        "MSET", .write, 2...Command.any, keys: .everySecond, usage: "MSET <key> <value> …",
        needs: "keys and values, one after the other", summary: "Makes several changes as one: all of them or none."
    ) { arguments, session in
        guard arguments.count % 2 == 1 else { return session.fail(session.wrongArity("MSET")) }
        for index in stride(from: 2, to: arguments.count, by: 2) {
            guard session.accepts(value: arguments[index]) else { return }
        }
        let store = session.server.store
        store.beginMulti()
        for index in stride(from: 1, to: arguments.count, by: 2) {
            session.depends(on: store.set(arguments[index], to: arguments[index + 1]))
        }
        store.endMulti()
        session.reply.ok()
    },
]
