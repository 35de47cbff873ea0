/// The settings of the HTTP endpoint for metrics and health.
package struct MetricsSettings: Sendable {
    /// Whether the endpoint is enabled.
    package var isEnabled = false
    /// The host name or address to listen on. There is no password: every client that reaches it may read.
    package var host = "127.0.0.1"
    /// The port; 0 means any free port.
    package var port: UInt16 = 9090

    package init() {}
}
