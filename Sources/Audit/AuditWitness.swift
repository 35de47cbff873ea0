// What a follower's audit says of its leader's: the seals that it has heard of. Who takes the current key of the leader's audit can
// seal altered lines anew, or remove the last epochs and put an older key into `SEAL`; the follower still has the seals of before.

import Bytes

/// A leader's seals, as they are in the audit of a follower.
package struct AuditWitness: Equatable, Sendable {
    /// A seal that the follower has heard of.
    package struct Seal: Hashable, Sendable {
        /// The number of the last event before the seal.
        package var n: UInt64
        /// 64 hexadecimal digits.
        package var mac: String
    }

    /// The seals by epoch. Those of one epoch differ only if the leader has sealed it twice.
    package private(set) var seals: [UInt64: Set<Seal>] = [:]
    /// The addresses of leaders that the follower has heard seals of, sorted.
    package private(set) var leaders: [String] = []

    /// Reads the audit of a follower. It is not verified.
    /// - Parameter leader: the address of the leader whose seals are wanted; nil for all.
    /// - Throws: `AuditError` if a file cannot be read, or there are no segments.
    package init(_ folder: any AuditFolder, leader: String?) throws {
        var query = AuditQuery()
        query.kinds = [.witness]
        var addresses: Set<String> = []
        try AuditListing.forEach(in: folder, query) { event, _ in
            guard let from = event.from, let target = event.target, target.hasPrefix("epoch "),
                let epoch = UInt64(target.dropFirst(6)), let n = event.seq, let mac = event.change
            else { return }
            addresses.insert(from)
            if leader == nil || leader == from { seals[epoch, default: []].insert(Seal(n: n, mac: mac)) }
        }
        leaders = addresses.sorted()
    }

    /// The newest epoch whose seal it has; nil if it has none.
    package var newest: UInt64? { seals.keys.max() }
    /// How many epochs it has seals of.
    package var count: Int { seals.count }
}
