// A store changes pairs for a command only against a permit, and gives one only once it has said that the disk has room. So a command
// that forgets to ask does not compile. Loading and replication need none: what they apply is in a log already.

/// The right to make the changes of one request. It can be lent and not copied, so nobody has it longer than the request runs.
package struct Permit: ~Copyable {
    /// Bytes of keys and values that there is room for.
    let size: Int

    init(size: Int) { self.size = size }

    /// A permit that the store was not asked for. For tests and benchmarks, which drive a store without a server and may fill its disk on
    /// purpose: `check-rooms` keeps it out of Sources.
    package static func withoutAsking() -> Permit { Permit(size: .max) }
}

extension Store {
    /// A permit for changes, out of what is granted: asked for each change, and answered by one number.
    /// - Parameter size: bytes of their keys and values, or more.
    /// - Returns: nil where so much is not granted; then `permitOnCloserLook` has to be asked.
    @inline(__always)
    package func permit(forChangesOf size: Int) -> Permit? { spaceGrant.take(size) ? Permit(size: size) : nil }

    /// A permit for changes, where the disk has room for them when it is looked at.
    /// - Parameters:
    ///   - size: bytes of their keys and values, or more.
    ///   - shrinks: whether they only remove pairs: then the space that is held back is there for them.
    /// - Throws: what keeps them from being made now.
    package func permitOnCloserLook(forChangesOf size: Int, shrinks: Bool) throws(WriteObstacle) -> Permit {
        grant()
        if let permit = permit(forChangesOf: size) { return permit }
        if let obstacle = likelyObstacle(size, shrinks: shrinks) { throw obstacle }
        return Permit(size: size)
    }
}
