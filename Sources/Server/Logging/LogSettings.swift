// The settings of the log.

import Logging

/// The settings of a server's log.
package struct LogSettings: Sendable {
    /// The minimum level to log.
    package var level = Logger.Level.info
    package var format = LogOutputFormat.text

    package init() {}
}
