/// Which requests are told in the log because they took long.
package struct SlowLogSettings: Sendable {
    /// Requests that take longer are told; nil tells none. From the turn in which a request is read to the one in which its
    /// reply is handed to the system, waits for the disk and for followers included.
    ///
    /// 100 ms is where a person begins to notice, and beyond what two syncs of a slow disk take, so that a server that only does
    /// what it has to says nothing.
    package var threshold: Duration? = .milliseconds(100)

    package init() {}
}
