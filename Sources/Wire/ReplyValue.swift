// From the bytes of one RESP value to the value. Each spelling is checked in full: nil means that the peer sent
// something other than it announced.

import Bytes

extension Reply {
    /// The value of a line, without its type, CR and LF.
    init?(line: Span<UInt8>, type: UInt8) {
        switch type {
        case UInt8(ascii: "+"): self = .simple(String(line))
        case UInt8(ascii: "-"): self.init(error: line)
        case UInt8(ascii: ":"):
            guard let value = line.withoutPlus.replyInteger else { return nil }
            self = .integer(value)
        case UInt8(ascii: "_") where line.isEmpty: self = .null
        case UInt8(ascii: "#") where line.equals("t"): self = .boolean(true)
        case UInt8(ascii: "#") where line.equals("f"): self = .boolean(false)
        case UInt8(ascii: ","):
            guard let value = line.double else { return nil }
            self = .double(value)
        case UInt8(ascii: "(") where line.isBigNumber: self = .bigNumber(Array(line))
        default: return nil
        }
    }

    /// The value of bytes whose size preceded them.
    init?(bulk: Span<UInt8>, type: UInt8) {
        switch type {
        case UInt8(ascii: "$"): self = .bulk(Array(bulk))
        case UInt8(ascii: "!"): self.init(error: bulk)
        case UInt8(ascii: "=") where bulk.count >= 4 && bulk[3] == UInt8(ascii: ":"):
            self = .verbatim(format: Array(bulk.extracting(0..<3)), text: Array(bulk.extracting(4..<bulk.count)))
        default: return nil
        }
    }

    private init(error text: Span<UInt8>) {
        var size = 0
        while size < text.count, text[size] >= UInt8(ascii: "A"), text[size] <= UInt8(ascii: "Z") { size += 1 }
        guard size > 0, size == text.count || text[size] == UInt8(ascii: " ") else {
            self = .error(code: "", message: String(text))
            return
        }
        let rest = text.extracting(min(size + 1, text.count)..<text.count)
        self = .error(code: String(text.extracting(0..<size)), message: String(rest))
    }
}

/// A list, map, set, push or attribute whose elements are still arriving.
struct ReplyList {
    let type: UInt8
    /// Elements still to come; a pair of a map counts as two.
    var missing: Int
    var elements: [Reply] = []

    init(type: UInt8, missing: Int) {
        self.type = type
        self.missing = missing
    }

    /// The whole list, once nothing is missing; nil for an attribute, which only describes the next reply and which
    /// every client may ignore.
    var reply: Reply? {
        switch type {
        case UInt8(ascii: "*"): .array(elements)
        case UInt8(ascii: "~"): .set(elements)
        case UInt8(ascii: ">"): .push(elements)
        case UInt8(ascii: "%"):
            .map(
                stride(from: 0, to: elements.count, by: 2).map {
                    Reply.Entry(key: elements[$0], value: elements[$0 + 1])
                })
        default: nil
        }
    }
}

extension Span where Element == UInt8 {
    /// RESP allows `+1`, which `decimal` does not.
    fileprivate var withoutPlus: Span<UInt8> {
        @_lifetime(copy self)
        get {
            let hasPlus = count > 1 && self[0] == UInt8(ascii: "+") && self[1] != UInt8(ascii: "-")
            return hasPlus ? extracting(1..<count) : self
        }
    }

    /// The whole span as an integer; nil if it is none.
    var replyInteger: ReplyInteger? { decimal64.map { ReplyInteger($0) } }

    fileprivate var isBigNumber: Bool {
        let hasSign = count > 0 && (self[0] == UInt8(ascii: "-") || self[0] == UInt8(ascii: "+"))
        let start = hasSign ? 1 : 0
        guard count > start else { return false }
        for index in start..<count where self[index] &- UInt8(ascii: "0") >= 10 { return false }
        return true
    }

    /// RESP's doubles: decimal, with or without fraction and exponent, or `inf`, `-inf`, `nan`. Swift's own parser
    /// accepts more (hexadecimal, `infinity`), so the bytes are checked first.
    fileprivate var double: Double? {
        if equals("inf") { return .infinity }
        if equals("-inf") { return -.infinity }
        if equals("nan") || equals("-nan") { return .nan }
        for index in 0..<count {
            switch self[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "e"), UInt8(ascii: "E"):
                continue
            default: return nil
            }
        }
        return Double(String(self))
    }
}
