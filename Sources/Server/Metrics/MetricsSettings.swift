/// Where a server tells of itself over HTTP: metrics, and whether it is well.
package struct MetricsSettings: Sendable {
    /// Whether it does at all.
    package var isEnabled = false
    /// The host, a name or a number, to answer on. There is no password: every client that reaches it may read.
    package var host = "127.0.0.1"
    /// The port; 0 stands for any free one.
    package var port: UInt16 = 9090

    package init() {}
}
