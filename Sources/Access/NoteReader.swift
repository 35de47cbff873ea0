// Reads the JSON of notes strictly: each field has its type, none is unknown, none is there twice.

import Bytes

/// A value of a note.
indirect enum NoteValue {
    case text(String)
    case number(UInt64)
    case boolean(Bool)
    case list([NoteValue])
    case object(NoteFields)

    /// Reads a whole note.
    static func fields(of bytes: Span<UInt8>) throws(NoteError) -> NoteFields {
        guard bytes.count <= NoteLimits.size else { throw .tooLarge(bytes.count) }
        // Strings pass the reader as they are.
        guard bytes.isUTF8 else { throw .notJSON }
        var reader = JSONReader(bytes, depthLimit: 4)
        let first = try NoteValue.token(&reader)
        guard first == .beginObject, case .object(let fields) = try value(first, &reader, name: "") else {
            throw .notJSON
        }
        guard try token(&reader) == .end else { throw .notJSON }
        return fields
    }

    private static func token(_ reader: inout JSONReader) throws(NoteError) -> JSONToken {
        do throws(JSONError) {
            return try reader.next()
        } catch {
            throw .notJSON
        }
    }

    private static func value(_ token: JSONToken, _ reader: inout JSONReader, name: String) throws(NoteError)
        -> NoteValue
    {
        switch token {
        case .text(let bytes): return .text(String(decoding: bytes, as: UTF8.self))
        case .boolean(let value): return .boolean(value)
        case .number(let bytes):
            guard let number = bytes.span.unsignedDecimal else { throw .wrongType(name) }
            return .number(number)
        case .beginList: return .list(try list(&reader, name: name))
        case .beginObject: return .object(try object(&reader))
        default: throw .wrongType(name)
        }
    }

    private static func list(_ reader: inout JSONReader, name: String) throws(NoteError) -> [NoteValue] {
        var items: [NoteValue] = []
        while true {
            let next = try token(&reader)
            if next == .endList { return items }
            items.append(try value(next, &reader, name: name))
        }
    }

    private static func object(_ reader: inout JSONReader) throws(NoteError) -> NoteFields {
        var fields = NoteFields()
        while true {
            switch try token(&reader) {
            case .endObject: return fields
            case .name(let bytes):
                let name = String(decoding: bytes, as: UTF8.self)
                let next = try token(&reader)
                guard fields.values[name] == nil else { throw .repeatedField(name) }
                fields.values[name] = try value(next, &reader, name: name)
            default: throw .notJSON
            }
        }
    }
}

/// The fields of an object, each of which is taken once.
struct NoteFields {
    fileprivate(set) var values: [String: NoteValue] = [:]

    /// Ends the reading: what was not taken is unknown.
    func end() throws(NoteError) {
        if let name = values.keys.min() { throw .unknownField(name) }
    }

    mutating func text(_ name: String) throws(NoteError) -> String? {
        guard let value = values.removeValue(forKey: name) else { return nil }
        guard case .text(let text) = value else { throw .wrongType(name) }
        return text
    }

    mutating func number(_ name: String) throws(NoteError) -> UInt64? {
        guard let value = values.removeValue(forKey: name) else { return nil }
        // Numbers of notes are times, which fit into JSON's.
        guard case .number(let number) = value, number <= UInt64(Number.largest) else { throw .wrongType(name) }
        return number
    }

    mutating func boolean(_ name: String) throws(NoteError) -> Bool? {
        guard let value = values.removeValue(forKey: name) else { return nil }
        guard case .boolean(let boolean) = value else { throw .wrongType(name) }
        return boolean
    }

    mutating func texts(_ name: String) throws(NoteError) -> [String] {
        try items(name).map { item throws(NoteError) in
            guard case .text(let text) = item else { throw .wrongType(name) }
            return text
        }
    }

    mutating func objects(_ name: String) throws(NoteError) -> [NoteFields] {
        try items(name).map { item throws(NoteError) in
            guard case .object(let fields) = item else { throw .wrongType(name) }
            return fields
        }
    }

    private mutating func items(_ name: String) throws(NoteError) -> [NoteValue] {
        guard let value = values.removeValue(forKey: name) else { return [] }
        guard case .list(let items) = value else { throw .wrongType(name) }
        return items
    }

    /// Reads rules.
    mutating func rules(_ name: String) throws(NoteError) -> Rules? {
        guard let text = try text(name) else { return nil }
        do throws(RuleError) {
            return try Rules(parsing: text)
        } catch {
            throw .wrongValue(name, "\(error.word): \(error.reason)")
        }
    }
}
