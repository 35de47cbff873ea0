// Parses the lines of a segment. Headers, seals and losses must have exactly the bytes that would be written; of an event only its
// number and time are parsed, and the rest where a report asks for it (`AuditEvent.init(line:)`).

import Bytes
import LogFormat

/// A parsed line. Its checksum is not verified.
package enum AuditLine: Equatable, Sendable {
    case header(AuditHeader)
    case event(n: UInt64, time: UInt64)
    case lost(AuditLoss)
    case seal(AuditSeal)

    /// - Parameter line: a line without its line feed.
    /// - Returns: nil for anything else.
    package init?(_ line: Span<UInt8>) {
        guard line.lineChecksum != nil else { return nil }
        var fields = FieldReader(line.lineBody)
        if fields.skip("{\"n\":") {
            guard let n = fields.number(), fields.skip(",\"ts\":"), let time = fields.number() else { return nil }
            self = .event(n: n, time: time)
        } else if fields.skip("{\"seal\":") {
            guard let seal = fields.seal(), fields.isAtEnd else { return nil }
            self = .seal(seal)
        } else if fields.skip("{\"lost\":") {
            guard let loss = fields.loss(), fields.isAtEnd else { return nil }
            self = .lost(loss)
        } else {
            guard let header = fields.auditHeader(), fields.isAtEnd else { return nil }
            self = .header(header)
        }
    }
}

extension FieldReader {
    @_lifetime(self: copy self)
    fileprivate mutating func auditHeader() -> AuditHeader? {
        guard skip(fileHeader: "audit"), skip(",\"node\":"), let node = jsonString(), skip(",\"history\":"),
            let history = jsonString(), skip(",\"n\":"), let n = number(), skip(",\"chain\":\""),
            let chain = quotedHex()
        else { return nil }
        var header = AuditHeader(node: node, history: history, n: n, chain: chain, epoch: nil)
        if skip(",\"epoch\":") {
            guard let epoch = number() else { return nil }
            header.epoch = epoch
        }
        return header
    }

    @_lifetime(self: copy self)
    fileprivate mutating func seal() -> AuditSeal? {
        guard let n = number(), skip(",\"epoch\":"), let epoch = number(), skip(",\"sha256\":"),
            let sha256 = digest(), skip(",\"mac\":"), let mac = digest()
        else { return nil }
        return AuditSeal(n: n, epoch: epoch, sha256: sha256, mac: mac)
    }

    @_lifetime(self: copy self)
    fileprivate mutating func loss() -> AuditLoss? {
        guard let count = number(), skip(",\"since\":"), let since = number(), skip(",\"ts\":"), let time = number()
        else { return nil }
        return AuditLoss(count: count, since: since, time: time)
    }

    /// 64 hexadecimal digits in lower case, with their quotes.
    @_lifetime(self: copy self)
    private mutating func digest() -> [UInt8]? {
        guard skip("\"") else { return nil }
        let text = untilQuote()
        guard text.utf8.count == 64, skip("\"") else { return nil }
        return [UInt8](hexadecimal: text)
    }
}

extension AuditEvent {
    /// Decodes an event's line. Unknown fields are ignored, so that later versions can add some.
    /// - Returns: nil for other lines, and for a kind that is not known.
    package init?(line: Span<UInt8>) {
        var json = JSONReader(line, depthLimit: 4)
        guard (try? json.next()) == .beginObject else { return nil }
        var event = AuditEvent(.settings, at: 0)
        var (hasTime, hasKind) = (false, false)
        var name: [UInt8] = []
        // How deep in values of unknown fields.
        var depth = 0
        while let token = try? json.next() {
            switch token {
            case .beginObject, .beginList: depth += 1
            case .endObject, .endList: depth -= 1
            case .end:
                guard hasTime && hasKind else { return nil }
                self = event
                return
            case _ where depth > 0: continue
            case .name(let text): name = text
            case .text(let text):
                let text = String(text.span)
                if name.span.equals("event") {
                    guard let kind = Kind(rawValue: text) else { return nil }
                    event.kind = kind
                    hasKind = true
                } else {
                    event.set(name.span, text)
                }
            case .number(let digits):
                guard let number = digits.span.number else { continue }
                if name.span.equals("ts") { hasTime = true }
                event.set(name.span, number)
            default: continue
            }
        }
        return nil
    }

    private mutating func set(_ name: Span<UInt8>, _ text: String) {
        switch String(name) {
        case "user": user = text
        case "how": how = text
        case "from": from = text
        case "tls": tls = text
        case "command": command = text
        case "key": key = .plain(Array(text.utf8))
        case "key64":
            var decoded = ByteBuffer()
            if decoded.append(decodedBase64: Array(text.utf8).span) { key = .plain(Array(decoded.bytes)) }
        case "keymac": key = [UInt8](hexadecimal: text).map { .hashed($0) }
        case "target": target = text
        case "change": change = text
        case "result": result = text
        default: break
        }
    }

    private mutating func set(_ name: Span<UInt8>, _ number: UInt64) {
        switch String(name) {
        case "ts": time = number
        case "client": client = number
        case "seq": seq = number
        case "count": count = number
        default: break
        }
    }
}
