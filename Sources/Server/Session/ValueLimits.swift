// Whether a command may store a value, and the permit for it.

import Bytes
import Commands
import Store
import Wire

extension Session {
    /// Whether a value may be stored; if not, replies with the error.
    @inline(__always)
    func accepts(_ value: Span<UInt8>, _ replies: inout ReplyQueue) -> Bool {
        guard value.count > server.limits.valueSize else { return true }
        replies.fail(.tooLong("Value", size: value.count, limit: server.limits.valueSize))
        return false
    }

    /// Whether an edit of a value may make it so long; if not, replies with the error.
    func acceptsEdit(to size: Int, by command: Command, _ replies: inout ReplyQueue) -> Bool {
        let limit = min(server.limits.editSize, server.limits.valueSize)
        guard size > limit else { return true }
        replies.fail(
            ReplyError(
                line: "Value too long: \(size) bytes, the limit of \(command.spec.name) is \(limit) (limits.edit_size)",
                resp: "string exceeds maximum allowed size (proto-max-bulk-len)"))
        return false
    }

    /// A permit for an effect that is larger than the request's arguments: `key` gets a value of `valueSize` bytes. If
    /// there is no room for it, replies with the error.
    @inline(__always)
    func permit(on key: Span<UInt8>, valueSize: Int, _ replies: inout ReplyQueue) -> Permit? {
        if isInExec, !fitsRecord(key.count + valueSize, &replies) { return nil }
        do throws(ReplyError) {
            return try gate.admitEffect(on: key, valueSize: valueSize)
        } catch {
            replies.fail(error)
            return nil
        }
    }
}
