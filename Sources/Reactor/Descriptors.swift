import Glibc

/// The process's limit on open descriptors.
package enum Descriptors {
    /// Raises the limit as far as the system lets us, to `count` at most.
    /// - Returns: the limit that is now in force.
    package static func raiseLimit(to count: Int) -> Int {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard unsafe getrlimit(resource, &limit) == 0 else { return count }
        if limit.rlim_cur < UInt(count) {
            limit.rlim_cur = min(UInt(count), limit.rlim_max)
            unsafe _ = setrlimit(resource, &limit)
            unsafe _ = getrlimit(resource, &limit)
        }
        return Int(clamping: limit.rlim_cur)
    }
}
