// When secrets were used last, so that one knows which of two can be removed.

import Access
import Bytes
import LogFormat

/// The last uses of secrets and certificates since the start. In memory, and each server's own.
struct LoginUses {
    private struct Way: Hashable {
        let user: UserName
        let id: String
    }

    /// In Unix milliseconds.
    private var times: [Way: UInt64] = [:]

    /// What certificates are called in place of a secret's id.
    static let certificate = "certificate"
    /// The most that are remembered; beyond that all are forgotten. Only users' own secrets are noted, so it is not reached by guessing.
    private static let limit = 65_536

    mutating func note(_ user: UserName, _ id: String, at now: UInt64) {
        if times.count >= LoginUses.limit { times.removeAll() }
        times[Way(user: user, id: id)] = now
    }

    /// `p1: 2 sessions, last login 2026-01-15T10:30:00.000Z`
    func text(of user: UserName, _ id: String, sessions: Int) -> String {
        guard let time = times[Way(user: user, id: id)] else { return "\(id): no login since the start" }
        var buffer = ByteBuffer()
        buffer.append(time: Timestamp(milliseconds: time))
        return "\(id): \(counted(sessions, "session")), last login \(String(buffer.bytes))"
    }
}
