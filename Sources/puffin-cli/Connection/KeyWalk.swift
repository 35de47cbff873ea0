// The keys of a server, a few at a time.

import ArgumentParser
import BlockingClient
import Shell
import Wire

/// Walks over keys with SCAN: a key that exists throughout is returned at least once, and maybe twice.
struct KeyWalk {
    private let link: ServerLink
    private let pattern: [UInt8]?
    private let count: Int
    /// SCAN's cursor; nil at the end.
    private var cursor: [UInt8]? = Array("0".utf8)

    /// - Parameters:
    ///   - pattern: which keys; nil for all.
    ///   - count: how many keys the server looks at per call.
    init(over link: ServerLink, matching pattern: [UInt8]?, count: Int = 1000) {
        self.link = link
        self.pattern = pattern
        self.count = count
    }

    /// The next keys, possibly none; nil at the end.
    /// - Throws: `ClientError`; an `ExitCode`, after the reason has been printed, if the server refuses.
    mutating func next() throws -> [[UInt8]]? {
        guard let cursor else { return nil }
        var request = [Array("SCAN".utf8), cursor, Array("COUNT".utf8), Array(String(count).utf8)]
        if let pattern { request += [Array("MATCH".utf8), pattern] }
        let reply = try link.execute(request)
        guard case .array(let parts) = reply, parts.count == 2, case .bulk(let next) = parts[0],
            case .array(let items) = parts[1]
        else {
            let text = Outcome(reply, spec: nil, arguments: request).errorText
            throw serverError("\(link.endpoint): \(text ?? "SCAN was answered with \(reply)")")
        }
        self.cursor = next == Array("0".utf8) ? nil : next
        return items.compactMap { item in
            guard case .bulk(let key) = item else { return nil }
            return key
        }
    }
}
