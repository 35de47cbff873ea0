// A command is one row and one small function. Both dialects share the row; the reply writer puts the answer in the
// words of each.

import Bytes
import Wire

/// A row of the command table.
final class Command: Sendable {
    /// Where the keys are among the arguments, the name being argument 0; `last` counts from the end where negative.
    struct Keys: Sendable {
        let first: Int
        let last: Int
        let step: Int

        static let none = Keys(first: 0, last: 0, step: 0)
        static let one = Keys(first: 1, last: 1, step: 1)
        static let all = Keys(first: 1, last: -1, step: 1)
        static let everySecond = Keys(first: 1, last: -1, step: 2)

        /// The places of the keys among these arguments; none where there are no keys.
        func indices(in arguments: Arguments) -> StrideThrough<Int> {
            guard step > 0 else { return stride(from: 1, through: 0, by: 1) }
            return stride(from: first, through: last < 0 ? arguments.count + last : last, by: step)
        }

        /// The size of the first key that is longer than `limit` bytes; nil where none is.
        func oversized(in arguments: Arguments, limit: Int) -> Int? {
            for index in indices(in: arguments) where arguments[index].count > limit { return arguments[index].count }
            return nil
        }
    }

    enum Kind: String, Sendable {
        case read = "readonly"
        case write = "write"
        case connection = "fast"
        case server = "admin"

        /// What Redis' access control lists call it.
        var category: String {
            switch self {
            case .read: "@read"
            case .write: "@write"
            case .connection: "@connection"
            case .server: "@admin"
            }
        }
    }

    /// In upper case.
    let name: String
    let kind: Kind
    /// How many arguments may follow the name: in RESP, and in a line.
    let arity: ClosedRange<Int>
    let lineArity: ClosedRange<Int>
    /// How a line's arguments are found.
    let form: LineForm
    let keys: Keys
    /// Whether it removes pairs and never adds any: then it may use what a full disk or memory holds back.
    let shrinks: Bool
    /// Whether each key is followed by a value that it gets, so that the memory limit has a say.
    let storesValues: Bool
    /// For people: `GET <key>`, `a key`, and a sentence.
    let usage: String
    let needs: String
    let summary: String
    let run: @Sendable (Arguments, Session, inout ReplyQueue) -> Void

    init(
        _ name: String, _ kind: Kind, _ arity: ClosedRange<Int>, lineArity: ClosedRange<Int>? = nil,
        form: LineForm = .words, keys: Keys = .none, shrinks: Bool = false, storesValues: Bool = false, usage: String,
        needs: String = "no arguments", summary: String,
        run: @escaping @Sendable (Arguments, Session, inout ReplyQueue) -> Void
    ) {
        self.name = name
        self.kind = kind
        self.arity = arity
        self.lineArity = lineArity ?? arity
        self.form = form
        self.keys = keys
        self.shrinks = shrinks
        self.storesValues = storesValues
        self.usage = usage
        self.needs = needs
        self.summary = summary
        self.run = run
    }

    /// As many arguments as the limits allow.
    static let any = Int(Int32.max)

    /// The arity as Redis counts it: the name included, negative where more may follow.
    var redisArity: Int {
        arity.lowerBound == arity.upperBound ? arity.lowerBound + 1 : -(arity.lowerBound + 1)
    }

    func wrongArity(isTooMany: Bool) -> ReplyError {
        let takesTexts = kind != .server && lineArity.upperBound > 0
        let hint = isTooMany && takesTexts ? "; write an argument that has spaces as \"a JSON string\"" : ""
        return ReplyError(
            line: "\(name) needs \(needs): \(usage)\(hint)",
            resp: "wrong number of arguments for '\(name.lowercased())' command")
    }
}
