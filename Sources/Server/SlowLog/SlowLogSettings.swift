/// The settings of the slow log.
package struct SlowLogSettings: Sendable {
    /// Requests that take longer are logged; nil turns it off. Measured from the turn that reads a request to the turn in which its
    /// reply is handed to the system, waits for the disk and for followers included.
    ///
    /// People notice delays from 100 ms. It exceeds two syncs of a slow disk, so normal operation of a server
    /// logs nothing.
    package var threshold: Duration? = .milliseconds(100)

    package init() {}
}
