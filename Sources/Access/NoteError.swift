// Why a note of the log, which holds a user or role as JSON, cannot be read.

import Bytes

/// What is wrong with a note.
package enum NoteError: Error, Equatable {
    /// More bytes than `NoteLimits.size`.
    case tooLarge(Int)
    /// Not one JSON object.
    case notJSON
    /// A field that this version does not know. It may be a restriction, so it is not passed over.
    case unknownField(String)
    case repeatedField(String)
    /// A field with a value of another type.
    case wrongType(String)
    /// A field with a value that it cannot have, and why. The reason has no secret.
    case wrongValue(String, String)
    case missingField(String)
    /// A note that is neither a user nor a role.
    case unknownKind(String)
    /// A name that cannot be one.
    case wrongName
    /// A role's name that is built in.
    case builtIn(String)
    /// More notes than `NoteLimits.count`.
    case tooMany

    /// A word for programs.
    package var code: String {
        switch self {
        case .tooLarge: "too-large"
        case .notJSON: "not-json"
        case .unknownField: "unknown-field"
        case .repeatedField: "repeated-field"
        case .wrongType: "wrong-type"
        case .wrongValue: "wrong-value"
        case .missingField: "missing-field"
        case .unknownKind: "unknown-kind"
        case .wrongName: "wrong-name"
        case .builtIn: "built-in"
        case .tooMany: "too-many"
        }
    }

    /// A sentence for people, without its full stop.
    package var text: String {
        switch self {
        case .tooLarge(let size): "A note of \(size) bytes: \(NoteLimits.size) at most"
        case .notJSON: "Not a JSON object"
        case .unknownField(let name):
            "The field \(name.terminalSafe) is unknown to this version: upgrade this server, or remove the field"
        case .repeatedField(let name): "The field \(name) is there twice"
        case .wrongType(let name): "The field \(name) has a value of another type"
        case .wrongValue(let name, let reason): "The field \(name): \(reason)"
        case .missingField(let name): "The field \(name) is missing"
        case .unknownKind(let kind): "A note is a user or a role, not \(kind.terminalSafe)"
        case .wrongName: "A name is 1 to 64 letters, digits, '.', '_', '@' and '-'"
        case .builtIn(let name): "The role \(name) is built in and cannot be changed"
        case .tooMany: "There are \(NoteLimits.count) users and roles, which is the most there may be"
        }
    }
}

/// Limits of notes.
package enum NoteLimits {
    /// The largest note, in bytes.
    package static let size = 64 << 10
    /// The most users and roles together.
    package static let count = 10_000
}

/// The kinds of notes.
package enum NoteKind: String, CaseIterable, Sendable {
    case user, role
}
