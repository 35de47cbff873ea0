// Conditions of changes, for compare-and-set. The server compares and changes in one step.

/// A condition on the value of a key: for ``Client/delete(_:if:)`` and ``Client/set(_:_:if:keepingExpiry:)``.
///
/// A missing key meets ``differs(from:)`` and ``lacksDigest(_:)``, and no other condition.
public struct ValueCondition: Equatable, Sendable {
    /// As the request has it: `IFEQ` and the value.
    let words: [[UInt8]]

    private init(_ option: String, _ operand: some ByteConvertible) {
        words = [option.puffinBytes, operand.puffinBytes]
    }

    /// The key has this value (`IFEQ`).
    public static func equals(_ value: some ByteConvertible) -> Self { Self("IFEQ", value) }

    /// The key has another value, or does not exist (`IFNE`).
    public static func differs(from value: some ByteConvertible) -> Self { Self("IFNE", value) }

    /// The key's value has this digest (`IFDEQ`), as ``Client/digest(of:)`` returns it. For values that are too large to
    /// send again. XXH3 resists accidents, not writers who make collisions on purpose: against those compare values.
    public static func hasDigest(_ digest: String) -> Self { Self("IFDEQ", digest) }

    /// The key's value has another digest, or the key does not exist (`IFDNE`).
    public static func lacksDigest(_ digest: String) -> Self { Self("IFDNE", digest) }
}

/// When a key is set: only if it exists, only if it does not, or depending on its value.
public struct SetCondition: Equatable, Sendable {
    let words: [[UInt8]]

    private init(_ words: [[UInt8]]) { self.words = words }

    /// The key does not exist (`NX`).
    public static let absent = Self(["NX".puffinBytes])

    /// The key exists (`XX`).
    public static let present = Self(["XX".puffinBytes])

    /// The key has this value (`IFEQ`).
    public static func equals(_ value: some ByteConvertible) -> Self { Self(ValueCondition.equals(value).words) }

    /// The key has another value, or does not exist (`IFNE`).
    public static func differs(from value: some ByteConvertible) -> Self {
        Self(ValueCondition.differs(from: value).words)
    }

    /// The key's value has this digest (`IFDEQ`); see ``ValueCondition/hasDigest(_:)``.
    public static func hasDigest(_ digest: String) -> Self { Self(ValueCondition.hasDigest(digest).words) }

    /// The key's value has another digest, or the key does not exist (`IFDNE`).
    public static func lacksDigest(_ digest: String) -> Self { Self(ValueCondition.lacksDigest(digest).words) }
}

/// Whether keys exist, as a condition on several of them.
public enum ExistenceCondition: String, Sendable {
    /// None of them exists (`NX`).
    case absent = "NX"
    /// All of them exist (`XX`).
    case present = "XX"
}

/// When the expiry of a key is set, depending on the one that it has.
public enum ExpiryCondition: String, Sendable {
    /// The key has none (`NX`).
    case absent = "NX"
    /// The key has one (`XX`).
    case present = "XX"
    /// The new one is later (`GT`). A key without expiry counts as one that expires never.
    case later = "GT"
    /// The new one is earlier (`LT`).
    case earlier = "LT"
}
