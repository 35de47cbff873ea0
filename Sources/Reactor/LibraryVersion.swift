// The version of libevent that the program runs with, which a package's update can change.

import CLibevent

/// libevent.
package enum LibraryVersion {
    /// As the library says it: `2.1.12-stable`.
    package static var libevent: String { unsafe String(cString: event_get_version()) }
}
