// Variables of the environment. `unsafe` is allowed here because a variable's text is zero-terminated, and nothing changes the
// environment.

import Glibc

/// A variable of the environment; nil if it is not set.
package func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
}
