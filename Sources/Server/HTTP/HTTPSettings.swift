/// The settings of the HTTP service.
package struct HTTPSettings: Sendable {
    /// Whether there is one.
    package var isEnabled = false
    /// The host name or address to listen on.
    package var host = "127.0.0.1"
    /// The port; 0 means any free port.
    package var port: UInt16 = 9090
    /// What it serves.
    package var serves = [HTTPPart.auto]
    /// Names by which clients may call this server, besides `localhost`, addresses and the host to listen on.
    package var hosts: [String] = []
    /// The origins whose pages may use it: `https://console.example.com`.
    package var origins: [String] = []

    /// How long a head may take from its first byte on, and how long a body and a connection may be silent, in
    /// milliseconds.
    package var headTime = 10_000
    package var silentTime = 30_000

    package init() {}
}

/// A part of the HTTP service, as the setting `http.serve` names it.
package enum HTTPPart: String, CaseIterable, Sendable {
    /// Everything where only this machine reaches the port or clients must log in, otherwise metrics and health.
    case auto
    /// `/metrics`.
    case metrics
    /// `/healthz` and `/readyz`.
    case health
    /// `/v1/status`.
    case status
    /// The pages for people.
    case console
    /// Keys and commands.
    case api
    /// The feed of changes.
    case changes

    /// Whether the service has resources of this part.
    var isThere: Bool { HTTPRoutes.all.contains { $0.part == self } }
}
