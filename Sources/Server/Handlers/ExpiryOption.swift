// When a pair expires, as requests say it: `EX 60`. Redis' rules, its order of checks and its errors.

import Bytes
import Commands
import Store
import Wire

/// How a request states a time.
struct TimeForm: Equatable {
    /// Whether it is in seconds rather than milliseconds.
    let isSeconds: Bool
    /// Whether it is Unix time rather than from now on.
    let isAbsolute: Bool

    static let seconds = TimeForm(isSeconds: true, isAbsolute: false)
    static let milliseconds = TimeForm(isSeconds: false, isAbsolute: false)
    static let unixSeconds = TimeForm(isSeconds: true, isAbsolute: true)
    static let unixMilliseconds = TimeForm(isSeconds: false, isAbsolute: true)

    /// The Unix time of a number, in milliseconds; nil if it does not fit.
    /// - Parameter now: Unix milliseconds.
    func time(of number: Int, at now: UInt64) -> Int? {
        let (milliseconds, isTooLarge) = number.multipliedReportingOverflow(by: isSeconds ? 1000 : 1)
        let (time, isTooLate) = milliseconds.addingReportingOverflow(isAbsolute ? 0 : Int(now))
        return isTooLarge || isTooLate ? nil : time
    }

    /// The Unix time of an argument that must lie behind now or 1970, in milliseconds up to `Number.largest`.
    /// - Throws: Redis' error.
    func expiry(_ text: Span<UInt8>, at now: UInt64, for command: Command) throws(ReplyError) -> UInt64 {
        guard let number = text.decimal else { throw .notAnInteger }
        guard number > 0, let time = time(of: number, at: now) else { throw .invalidExpireTime(of: command) }
        return min(UInt64(time), Number.largest)
    }
}

/// The option of a request that says when a pair expires.
struct ExpiryOption {
    enum Kind: Equatable {
        /// Never.
        case none
        /// As before.
        case kept
        /// PERSIST.
        case removed
        case at(TimeForm)
    }

    private(set) var kind = Kind.none
    private var place = 0

    /// Parses the option at `index`, if there is one there; then `index` is at its last argument. As in Redis, an option may be
    /// repeated, and the last time counts.
    /// - Parameters:
    ///   - keeps: whether KEEPTTL is an option of the command.
    ///   - removes: whether PERSIST is one.
    /// - Returns: whether there is an option, that goes with those before it and has its value.
    mutating func take(_ arguments: Arguments, at index: inout Int, keeps: Bool = false, removes: Bool = false) -> Bool
    {
        let found = ExpiryOption.kind(arguments[index], keeps: keeps, removes: removes)
        guard found != .none, kind == .none || kind == found else { return false }
        if case .at = found {
            guard index + 1 < arguments.count else { return false }
            index += 1
            place = index
        }
        kind = found
        return true
    }

    private static func kind(_ name: Span<UInt8>, keeps: Bool, removes: Bool) -> Kind {
        if name.equalsIgnoringCase("EX") { return .at(.seconds) }
        if name.equalsIgnoringCase("PX") { return .at(.milliseconds) }
        if name.equalsIgnoringCase("EXAT") { return .at(.unixSeconds) }
        if name.equalsIgnoringCase("PXAT") { return .at(.unixMilliseconds) }
        if keeps, name.equalsIgnoringCase("KEEPTTL") { return .kept }
        return removes && name.equalsIgnoringCase("PERSIST") ? .removed : .none
    }

    /// The Unix time in milliseconds, 0 for never; nil to keep it as it is.
    /// - Throws: Redis' error for a time that is no number or is out of range.
    func expiry(_ arguments: Arguments, at now: UInt64, for command: Command) throws(ReplyError) -> UInt64? {
        switch kind {
        case .none, .removed: 0
        case .kept: nil
        case .at(let form): try form.expiry(arguments[place], at: now, for: command)
        }
    }
}

extension Session {
    /// Checks that each connected follower knows pairs that expire; before the first such record only.
    /// - Throws: the error that names one that does not.
    @inline(__always)
    func admitExpiry() throws(ReplyError) {
        if !store.needs.contains(.expiry) { try admitFirstExpiry() }
    }

    @inline(never)
    private func admitFirstExpiry() throws(ReplyError) {
        guard let follower = server.replication.followerLacking(.expiry) else { return }
        throw .tooOld(follower, for: "pairs that expire")
    }
}

extension ReplyError {
    /// A connected follower could not read the change.
    static func tooOld(_ follower: Endpoint, for what: String) -> ReplyError {
        ReplyError("Follower \(follower) does not know \(what): upgrade it, or remove it with FOLLOWER REMOVE")
    }

    static func invalidExpireTime(of command: Command) -> ReplyError {
        ReplyError("invalid expire time in '\(command.spec.redisName)' command")
    }
}
