// The limit on open files (getrlimit(2), RLIMIT_NOFILE).

import CLibevent
import Glibc

/// The process's limit on open descriptors.
package enum Descriptors {
    /// Whether `count` more can be opened; if not, errno says why.
    static func areLeft(_ count: Int) -> Bool {
        var opened: [Int32] = []
        while opened.count < count {
            let descriptor = eventfd(0, Int32(EFD_CLOEXEC))
            guard descriptor >= 0 else { break }
            opened.append(descriptor)
        }
        let code = errno
        for descriptor in opened { close(descriptor) }
        errno = code
        return opened.count == count
    }

    /// The limit now in force; nil if the system does not say.
    package static var limit: Int? {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return Int(clamping: limit.rlim_cur)
    }

    /// Raises the limit up to `count`, as the system allows.
    /// - Returns: the limit now in force.
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
