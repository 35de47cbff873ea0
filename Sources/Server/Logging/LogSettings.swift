// What the log says, and how.

import Logging

/// What a server's log is like.
package struct LogSettings: Sendable {
    /// The least important level that is said.
    package var level = Logger.Level.info
    package var format = LogOutputFormat.text

    package init() {}
}
