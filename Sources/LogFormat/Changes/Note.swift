// A note: a small JSON object that is no pair, such as a user or a role. The log and its readers know its kind, its name and
// its bytes; what they mean is the business of those who write them.
//
//     NOTE  = "kind":KIND,"name":NAME,"value":OBJECT      in a record; `null` instead of the object removes the note
//     KIND  = 1 to 16 of a-z        NAME = 1 to 64 of A-Z a-z 0-9 . _ @ -
//     note  = {"meta":KIND,"name":NAME,"value":OBJECT,"crc":HEX}                          a line of a snapshot
//
// OBJECT is a whole JSON object of up to 64 KiB without a line feed, and is kept byte for byte. A note needs `notes` (see
// Needs.swift).

import Bytes

/// A note's kind and name. Sorted by kind, then by name.
public struct NoteName: Hashable, Sendable {
    /// `user/alice`. No byte of a kind sorts before the slash, so paths sort as the names do.
    package let path: [UInt8]

    /// - Returns: nil unless kind and name are valid.
    public init?(kind: String, name: String) {
        self.init(path: Array("\(kind)/\(name)".utf8))
    }

    /// - Returns: nil unless the path is valid.
    package init?(path: [UInt8]) {
        guard let slash = path.firstIndex(of: UInt8(ascii: "/")), NoteName.isKind(path[..<slash]),
            NoteName.isName(path[(slash + 1)...])
        else { return nil }
        self.path = path
    }

    /// `user`.
    public var kind: String { String(decoding: path.prefix { $0 != UInt8(ascii: "/") }, as: UTF8.self) }
    /// `alice`.
    public var name: String { String(decoding: path.drop { $0 != UInt8(ascii: "/") }.dropFirst(), as: UTF8.self) }

    private static func isKind(_ text: ArraySlice<UInt8>) -> Bool {
        (1...16).contains(text.count) && text.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
    }

    private static func isName(_ text: ArraySlice<UInt8>) -> Bool {
        (1...64).contains(text.count) && text.allSatisfy(isNameByte)
    }

    fileprivate static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "@"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

extension NoteName: Comparable {
    public static func < (one: NoteName, other: NoteName) -> Bool {
        one.path.lexicographicallyPrecedes(other.path)
    }
}

extension NoteName: CustomStringConvertible {
    /// `user alice`.
    public var description: String { "\(kind) \(name)" }
}

extension Span where Element == UInt8 {
    /// Whether the bytes can be a note's value: exactly one JSON object, in UTF-8, without a line feed. Its size is not
    /// looked at.
    package var isNoteValue: Bool {
        guard count > 1, self[0] == UInt8(ascii: "{"), self[count - 1] == UInt8(ascii: "}"), newline(from: 0) == nil,
            isUTF8
        else { return false }
        var reader = JSONReader(self)
        do throws(JSONError) {
            while try reader.next() != .end {}
            return true
        } catch {
            return false
        }
    }
}

extension ByteBuffer {
    /// Appends the fields of a note.
    /// - Parameter note: without a value, the note is removed.
    @inline(never)
    mutating func append(fieldsOf note: borrowing Change) {
        append("\"op\":\"meta\",\"kind\":\"")
        append(nameOf: note)
        guard !note.value.isEmpty else { return append("null") }
        append(note.value)
    }

    /// Appends a snapshot's line of a note.
    /// - Returns: its checksum, which continues `chain`.
    package mutating func append(noteLine note: borrowing Change, chain: UInt32) -> UInt32 {
        let start = count
        append("{\"meta\":\"")
        append(nameOf: note)
        append(note.value)
        return appendChecksum(bodyFrom: start, chain: chain)
    }

    /// Appends kind and name, and the name of the next field.
    private mutating func append(nameOf note: borrowing Change) {
        let path = note.key
        var slash = 0
        while path[slash] != UInt8(ascii: "/") { slash += 1 }
        append(path.extracting(0..<slash))
        append("\",\"name\":\"")
        append(path.extracting(slash + 1..<path.count))
        append("\",\"value\":")
    }
}

extension FieldReader {
    /// A note's kind, after the quote before it, and its name, with the closing quote. Written to `path` as in `NoteName`.
    mutating func noteName(into path: inout ByteBuffer) -> Bool {
        path.removeAll()
        guard let kind = quoted(upTo: 16, where: { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }) else {
            return false
        }
        path.append(kind)
        path.append(UInt8(ascii: "/"))
        guard skip(",\"name\":\""), let name = quoted(upTo: 64, where: NoteName.isNameByte) else { return false }
        path.append(name)
        return true
    }

    /// A note's value.
    @_lifetime(copy self)
    mutating func noteValue() -> Span<UInt8>? {
        guard let value = jsonObject(upTo: Notes.largestValue), value.isNoteValue else { return nil }
        return value
    }
}
