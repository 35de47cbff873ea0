// Commands on the type, encoding and memory of values.

import Bytes
import Store
import Wire

enum ValueHandlers {
    static func type(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let store = session.store
        let reading = store.get(arguments[1])
        replies.depends(on: reading.seq)
        if reading.value == nil { replies.writer.simple("none") } else { replies.writer.simple("string") }
    }

    /// Redis' encoding name of a value. Redis always says `raw` after APPEND or SETRANGE.
    static func encoding(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let store = session.store
        let reading = store.get(arguments[2])
        replies.depends(on: reading.seq)
        guard let value = reading.value else { return replies.writer.missing() }
        // Redis keeps up to 44 bytes in the object itself (object.c: OBJ_ENCODING_EMBSTR_SIZE_LIMIT).
        replies.writer.text(value.decimal != nil ? "int" : value.count <= 44 ? "embstr" : "raw")
    }

    static func referenceCount(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let store = session.store
        let reading = store.get(arguments[2])
        replies.depends(on: reading.seq)
        if reading.value == nil { replies.writer.missing() } else { replies.writer.integer(1) }
    }

    static func memory(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        // SAMPLES applies only to aggregate types.
        if arguments.count > 3 {
            guard arguments.count == 5, arguments[3].equalsIgnoringCase("SAMPLES") else {
                return replies.fail(.misused(.memoryUsage))
            }
            guard let count = arguments[4].decimal else { return replies.fail(.notAnInteger) }
            guard count >= 0 else { return replies.fail(.misused(.memoryUsage)) }
        }
        let found = session.store.size(of: arguments[2])
        replies.depends(on: found.seq)
        if let size = found.size { replies.writer.integer(size) } else { replies.writer.missing() }
    }
}
