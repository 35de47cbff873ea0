// The environment variables without Foundation.

import Glibc

/// The environment that the process was started with.
package enum ProcessEnvironment {
    /// Names and values. Nothing in Puffin changes the environment, so reading it needs no lock.
    package static var variables: [String: String] {
        var variables: [String: String] = [:]
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let parts = unsafe String(cString: text).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            unsafe entry += 1
        }
        return variables
    }
}
