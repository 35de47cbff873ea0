// Notes as people may see them: secrets are not in a listing, only in the files.

import Bytes

extension ByteBuffer {
    /// Appends JSON with `…` in the place of each string that a member `hash` has, or contains. Everything else stays as it is.
    package mutating func append(masking json: Span<UInt8>) {
        // Whether strings are hidden, for each open object or list, and for the value of the last name.
        var hidden = [false]
        var hidesNext = false
        var (index, copied) = (0, 0)
        while index < json.count {
            let byte = json[index]
            index += 1
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["): hidden.append(hidden[hidden.count - 1] || hidesNext)
            case UInt8(ascii: "}"), UInt8(ascii: "]"): if hidden.count > 1 { hidden.removeLast() }
            case UInt8(ascii: "\""):
                let end = json.stringEnd(from: index)
                let isName = json.isName(before: end)
                if isName {
                    hidesNext = json.extracting(index - 1..<end).isHashName
                } else if hidden[hidden.count - 1] || hidesNext {
                    append(json.extracting(copied..<index))
                    append(text: "…\"")
                    copied = end
                }
                index = end
                if isName { continue }
            case UInt8(ascii: ":"), UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): continue
            default: break
            }
            hidesNext = false
        }
        append(json.extracting(copied..<json.count))
    }
}

extension Span where Element == UInt8 {
    /// The offset behind the quote that ends a string whose content begins at `start`.
    fileprivate func stringEnd(from start: Int) -> Int {
        var end = start
        while end < count, self[end] != UInt8(ascii: "\"") { end += self[end] == UInt8(ascii: "\\") ? 2 : 1 }
        return Swift.min(end + 1, count)
    }

    /// Whether a colon follows the string that ends before `end`.
    fileprivate func isName(before end: Int) -> Bool {
        var index = end
        while index < count, self[index] == 0x20 || self[index] == 0x09 || self[index] == 0x0d { index += 1 }
        return index < count && self[index] == UInt8(ascii: ":")
    }

    /// Whether a JSON string, with its quotes, is `hash`.
    fileprivate var isHashName: Bool {
        var name = ByteBuffer()
        guard (try? name.append(decodedJSONString: self, at: 0)) != nil else { return false }
        return name.count == 4 && name.bytes.starts(with: "hash")
    }
}
