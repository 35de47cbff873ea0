// Tests with thousands of connections need as many descriptors, and the servers that they start inherit the limit.

import Foundation

/// The limit of open descriptors of this process and of those that it starts.
package enum DescriptorLimit {
    /// Makes room for so many descriptors.
    /// - Throws: `WireError` if the system does not allow that.
    package static func raise(to count: Int) throws {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        unsafe getrlimit(resource, &limit)
        if limit.rlim_cur >= count { return }
        limit.rlim_cur = rlim_t(count)
        limit.rlim_max = max(limit.rlim_max, limit.rlim_cur)
        guard unsafe setrlimit(resource, &limit) == 0 else {
            throw WireError(description: "\(count) descriptors are needed: ulimit -n \(count)")
        }
    }
}
