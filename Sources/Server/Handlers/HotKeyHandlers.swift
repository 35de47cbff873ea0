// HOTKEYS: the keys that are requested most.

import Access
import Bytes
import Wire

enum HotKeyHandlers {
    /// The number of keys that are listed by default, and at most.
    private static let defaultCount = 10
    private static let countLimit = 100

    /// In RESP a list of key, requests and changes a second; in lines a line each, the key last, because it may hold blanks.
    static func list(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        var count = defaultCount
        if arguments.count > 1 {
            guard let wanted = arguments[1].signedNumber, (1...countLimit).contains(wanted) else {
                return replies.fail(ReplyError("The number of keys must be from 1 to \(countLimit)"))
            }
            count = wanted
        }
        let report = session.server.hotKeys.report(count, at: session.server.clock.milliseconds)
        let keys = report.keys.filter { session.rights.may(.read, $0.key.span) }
        replies.writer.list(keys.count)
        for (key, requests, changes) in keys {
            let (requests, changes) = (Int(requests.rounded()), Int(changes.rounded()))
            if replies.writer.isLine {
                var line = ByteBuffer()
                line.append(text: "\(requests) \(changes) ")
                line.append(lineQuoted: key.span)
                replies.writer.text(String(line.bytes))
            } else {
                replies.writer.list(3)
                replies.writer.value(key.span)
                replies.writer.integer(requests)
                replies.writer.integer(changes)
                replies.writer.endList()
            }
        }
        replies.writer.endList()
    }
}
