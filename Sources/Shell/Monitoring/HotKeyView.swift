// The most requested keys, as HOTKEYS reports them.

import Bytes
import Wire

/// A key, with its requests and changes a second.
package struct HotKeyRow: Equatable, Sendable {
    package let key: [UInt8]
    package let requests: Int
    package let changes: Int

    package init(key: [UInt8], requests: Int, changes: Int) {
        (self.key, self.requests, self.changes) = (key, requests, changes)
    }

    /// The rows of a reply; nil if it is none of HOTKEYS.
    package static func rows(of reply: Reply) -> [HotKeyRow]? {
        guard case .array(let items) = reply else { return nil }
        var rows: [HotKeyRow] = []
        for item in items {
            guard case .array(let parts) = item, parts.count == 3, case .bulk(let key) = parts[0],
                case .integer(let requests) = parts[1], case .integer(let changes) = parts[2]
            else { return nil }
            rows.append(HotKeyRow(key: key, requests: requests, changes: changes))
        }
        return rows
    }
}

/// A table of a few lines.
package enum HotKeyView {
    package static func lines(_ rows: [HotKeyRow], of endpoint: String) -> [String] {
        guard !rows.isEmpty else { return ["\(endpoint)  no requests for keys"] }
        let head = HotKeyView.line("requests/s", "changes/s", "key")
        return [head] + rows.map { line(grouped($0.requests), grouped($0.changes), lineSpelling(of: $0.key)) }
    }

    private static func line(_ requests: String, _ changes: String, _ key: String) -> String {
        "\(padded(requests, 12))  \(padded(changes, 12))  \(key)"
    }
}

extension ByteBuffer {
    /// Appends a row as one line of JSON.
    package mutating func append(jsonLine row: HotKeyRow) {
        append(json: .compact) { json in
            json.object { json in
                json.member("key", bytes: row.key.span)
                json.member("requests_per_second", row.requests)
                json.member("changes_per_second", row.changes)
            }
        }
        append("\n")
    }
}
