// A change of a pair, as a feed of changes shows it.

/// A committed change of the pairs with a prefix, as ``Client/changes(prefix:from:)`` returns it.
public struct Change: Equatable, Sendable {
    /// What has happened. Each effect is absolute: applying it twice does no harm.
    public enum Effect: Equatable, Sendable {
        /// The key has this value now. `expires` is when it expires, in Unix milliseconds; nil for never.
        case set([UInt8], expires: Int?)
        /// The key was deleted.
        case delete
        /// The key has expired, and is gone.
        case expired
        /// The key expires at another time now, in Unix milliseconds, or never (nil).
        case expires(Int?)
        /// Every key is gone. ``Change/key`` is empty.
        case clear
        /// No change: everything that is committed was shown. Sent now and then, so that a prefix that seldom changes
        /// has a token that the server still knows. ``Change/key`` is empty.
        case caughtUp
    }

    /// The key; empty where ``effect`` concerns no single key.
    public let key: [UInt8]
    /// What has happened to it.
    public let effect: Effect
    /// When it was made, in Unix milliseconds; 0 for ``Effect/caughtUp``.
    public let time: Int
    /// Where to continue after this change: ``Client/changes(prefix:from:)`` takes it. Of several changes that were made
    /// as one, all but the last have the token before them, so that none is lost.
    public let token: String

    /// The value; nil unless the key was set.
    public var value: [UInt8]? { if case .set(let value, _) = effect { value } else { nil } }

    /// Makes a change, such as for a test of a program that reads them.
    public init(key: [UInt8], effect: Effect, time: Int, token: String) {
        self.key = key
        self.effect = effect
        self.time = time
        self.token = token
    }
}

/// What a message of a feed says.
enum FeedMessage: Equatable {
    /// Where the feed begins.
    case from(token: String)
    /// Everything up to there was shown.
    case at(token: String)
    /// A record's changes; those before the last one are to continue at `former`.
    case record([Change])
    /// The feed has ended.
    case end(code: String, message: String)

    /// Reads a message of RESP2.
    /// - Parameter former: the token before it.
    /// - Returns: nil if it is none.
    init?(_ reply: RESPValue, after former: String) {
        if case .error(let code, let message) = reply {
            self = .end(code: code, message: message)
            return
        }
        guard let parts = reply.elements, parts.count > 2, parts[0].string == "changes", let word = parts[1].string
        else {
            return nil
        }
        if parts.count == 3, let token = parts[2].string, word == "from" || word == "at" {
            self = word == "from" ? .from(token: token) : .at(token: token)
            return
        }
        guard parts.count == 4, let time = parts[2].integer, let changes = parts[3].elements, !changes.isEmpty else {
            return nil
        }
        var record: [Change] = []
        for (index, change) in changes.enumerated() {
            let token = index == changes.count - 1 ? word : former
            guard let change = FeedMessage.change(change, time: time, token: token) else { return nil }
            record.append(change)
        }
        self = .record(record)
    }

    private static func change(_ value: RESPValue, time: Int, token: String) -> Change? {
        guard let parts = value.elements, parts.count == 4, let operation = parts[0].string else { return nil }
        let expires = parts[3].integer
        let effect: Change.Effect
        switch operation {
        case "set":
            guard let value = parts[2].bytes else { return nil }
            effect = .set(value, expires: expires)
        case "delete": effect = .delete
        case "expired": effect = .expired
        case "ttl": effect = .expires(expires)
        case "clear": effect = .clear
        default: return nil
        }
        return Change(key: parts[1].bytes ?? [], effect: effect, time: time, token: token)
    }
}
