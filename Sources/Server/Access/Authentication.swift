// Whether a client is who it says it is.

import Bytes
import Commands
import Logging
import Reactor
import Wire

/// The logins of a server. Used on the loop's thread.
final class Authentication {
    private(set) var settings: AuthSettings
    /// Whether a client certificate is as good as a login.
    private let trustsCertificates: Bool
    /// The first address of the server that others than this machine reach; nil if there is none.
    let exposed: Address?
    private let log: Logger
    private var delays = LoginDelays()
    private(set) var counts = Counts()

    /// Counts since the start.
    struct Counts {
        var accepted = 0
        var refused = 0
        /// Requests of clients that had not logged in.
        var denied = 0
        /// Connections that were closed because they did not log in.
        var dropped = 0
    }

    /// What becomes of a login.
    enum Verdict {
        case accepted
        /// To be answered so many milliseconds later.
        case refused(after: Int)
    }

    /// The logins that a connection may try in vain.
    static let tries = 8

    init(_ settings: AuthSettings, trustsCertificates: Bool, addresses: [Address], log: Logger) {
        self.settings = settings
        self.trustsCertificates = trustsCertificates
        exposed = addresses.first { !$0.isLocal }
        self.log = log
    }

    /// Whether clients must log in.
    var isRequired: Bool {
        switch settings.mode {
        case .open: false
        case .required: true
        // A password that is removed does not open a server that others reach.
        case .auto: settings.password != nil || exposed != nil
        }
    }

    /// Whether a connection needs no login: its client has shown a certificate of an authority that is trusted.
    func isAdmitted(_ stream: Stream) -> Bool { trustsCertificates && stream.peerNames != nil }

    /// Whether everyone who reaches the server from elsewhere may do everything.
    var isOpenToAll: Bool { !isRequired && exposed != nil }

    /// Whether there is anybody to log in as.
    var hasUsers: Bool { settings.password != nil || trustsCertificates }

    /// Takes other settings. Those who are logged in stay so.
    func change(to fresh: AuthSettings) {
        settings.password = fresh.password
        if settings.mode == .auto, exposed != nil, !hasUsers {
            log.error("There is no auth.password any more: nobody can log in until there is one")
        }
    }

    /// Checks a name and a password.
    /// - Parameter now: in milliseconds of the turn's clock.
    func check(_ user: String, _ secret: Span<UInt8>, from peer: Address, at now: Int) -> Verdict {
        let isRight = settings.password?.equals(secret) ?? false
        // The name of another user may be a mistyped password: it is kept no longer than its failures, and never shown.
        let guesser = LoginDelays.Guesser(network: peer.network, user: String(user.prefix(64)))
        guard isRight, user == "default" else {
            counts.refused += 1
            log.warning("Login refused: wrong user or password", metadata: ["address": "\(peer)"])
            return .refused(after: delays.failed(guesser, at: now))
        }
        counts.accepted += 1
        delays.succeeded(guesser)
        return .accepted
    }

    /// Counts and logs another server's wrong proof.
    func refuseServer(at peer: Address, because reason: LinkProofError) {
        counts.refused += 1
        log.warning("Server refused: \(reason)", metadata: ["address": "\(peer)"])
    }

    func noteDenied() { counts.denied += 1 }
    func noteDropped() { counts.dropped += 1 }
}
