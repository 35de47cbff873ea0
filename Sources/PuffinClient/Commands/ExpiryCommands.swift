// When keys expire.

/// The expiry that a request sets.
enum Expiry {
    case after(Duration)
    case at(UnixTime)
    case kept

    /// The options of SET and GETEX.
    var words: [[UInt8]] {
        switch self {
        case .after(let time): PuffinClient.words("PX", time.wholeMilliseconds)
        case .at(let time): PuffinClient.words("PXAT", time.milliseconds)
        case .kept: PuffinClient.words("KEEPTTL")
        }
    }
}

extension Client {
    /// Makes a key expire after a time, rounded up to whole milliseconds (`PEXPIRE`), if `condition` is
    /// met. A time of 0 or less removes it.
    /// - Returns: whether the key exists and the condition is met.
    @discardableResult
    public func expire(
        _ key: some ByteConvertible, in time: Duration, if condition: ExpiryCondition? = nil
    ) async throws(PuffinError) -> Bool {
        try await flag(
            words("PEXPIRE", key, time.wholeMilliseconds) + (condition.map { words($0.rawValue) } ?? []))
    }

    /// Makes a key expire at a time (`PEXPIREAT`), if `condition` is met. A time in the past removes it.
    /// - Returns: whether the key exists and the condition is met.
    @discardableResult
    public func expire(
        _ key: some ByteConvertible, at time: UnixTime, if condition: ExpiryCondition? = nil
    ) async throws(PuffinError) -> Bool {
        try await flag(words("PEXPIREAT", key, time.milliseconds) + (condition.map { words($0.rawValue) } ?? []))
    }

    /// Makes a key permanent (`PERSIST`).
    /// - Returns: whether the key exists and would have expired.
    @discardableResult
    public func persist(_ key: some ByteConvertible) async throws(PuffinError) -> Bool {
        try await flag(words("PERSIST", key))
    }

    /// The remaining time of a key (`PTTL`).
    public func timeToLive(_ key: some ByteConvertible) async throws(PuffinError) -> TimeToLive {
        switch try await integer(words("PTTL", key)) {
        case -2: return .missing
        case -1: return .unlimited
        case let time: return .limited(.milliseconds(Int64(time)))
        }
    }

    /// When a key expires (`PEXPIRETIME`); nil if it does not, or does not exist.
    public func expiryTime(of key: some ByteConvertible) async throws(PuffinError) -> UnixTime? {
        let time = try await integer(words("PEXPIRETIME", key))
        return time < 0 ? nil : UnixTime(milliseconds: time)
    }

    /// The value of a key, which then expires after a time (`GETEX … PX`); nil if it does not exist. For sessions that
    /// each use prolongs.
    public func get(_ key: some ByteConvertible, expiresIn time: Duration) async throws(PuffinError) -> [UInt8]? {
        try await value(words("GETEX", key) + Expiry.after(time).words)
    }

    /// The value of a key, which then expires at a time (`GETEX … PXAT`); nil if it does not exist.
    public func get(_ key: some ByteConvertible, expiresAt time: UnixTime) async throws(PuffinError) -> [UInt8]? {
        try await value(words("GETEX", key) + Expiry.at(time).words)
    }

    /// The value of a key, which then does not expire (`GETEX … PERSIST`); nil if it does not exist.
    public func getAndPersist(_ key: some ByteConvertible) async throws(PuffinError) -> [UInt8]? {
        try await value(words("GETEX", key, "PERSIST"))
    }
}

/// The remaining time of a key.
public enum TimeToLive: Equatable, Sendable {
    /// The key does not exist.
    case missing
    /// The key does not expire.
    case unlimited
    /// The key expires after this time.
    case limited(Duration)
}
