// The store's functions that change pairs for a command take a permit, which the store gives only if the disk has room. A command that
// skips admission does not compile. Loading and replication need no permit: their records are in a log already.

/// The right to make the changes of one request. It cannot be copied, so it ends with the request.
package struct Permit: ~Copyable {
    /// The admitted size of keys and values, in bytes.
    let size: Int

    init(size: Int) { self.size = size }

    /// A permit without admission, for tests and benchmarks: they use a store without a server and may fill its disk on purpose.
    /// `check-rooms` forbids it in Sources.
    package static func withoutAsking() -> Permit { Permit(size: .max) }
}

extension Store {
    /// A permit for changes within the space quota: asked for each change, and answered by one number.
    /// - Parameter size: bytes of their keys and values, or more.
    /// - Returns: nil beyond the quota; then `permitOnCloserLook` has to be asked.
    @inline(__always)
    package func permit(forChangesOf size: Int) -> Permit? { spaceQuota.take(size) ? Permit(size: size) : nil }

    /// A permit for changes, where the disk has room for them when it is looked at.
    /// - Parameters:
    ///   - size: bytes of their keys and values, or more.
    ///   - shrinks: whether they only remove pairs: then the space that is held back is there for them.
    /// - Throws: what keeps them from being made now.
    package func permitOnCloserLook(forChangesOf size: Int, shrinks: Bool) throws(WriteObstacle) -> Permit {
        renewSpaceQuota()
        if let permit = permit(forChangesOf: size) { return permit }
        if let obstacle = likelyObstacle(size, shrinks: shrinks) { throw obstacle }
        return Permit(size: size)
    }
}
