// A user: who may log in, how, and with which rules. A user is a value; a change of one replaces it as a whole.

/// A user, without the name that it is kept under.
package struct User: Equatable, Sendable {
    /// What a login takes.
    package enum Needs: String, Sendable {
        /// A secret or a certificate.
        case any
        /// A secret and a certificate.
        case both
    }

    /// The most roles of a user, and the most certificates.
    package static let listLimit = 64
    /// The most secrets of a user, tokens included.
    package static let secretLimit = 16
    /// The most passwords of a user that are verified by scrypt: the new one and the old one. Each takes 300 ms of every
    /// failed login.
    package static let passwordLimit = 2

    /// Whether the user may log in at all.
    package var isOn = false
    /// The roles' names; a role that does not exist allows nothing.
    package var roles: [UserName] = []
    /// The user's own rules.
    package var rules = Rules()
    /// Passwords and tokens.
    package var secrets: [Secret] = []
    /// Names of certificates that log in as this user.
    package var certificates: [CertificateName] = []
    /// What a login takes.
    package var needs = Needs.any
    /// When the user ends, in Unix milliseconds; nil for never.
    package var until: UInt64?
    /// Whether any password will do.
    package var hasNoPassword = false

    /// A new user as in Redis: off, without secrets and rules.
    package init() {}

    /// The user `default` of a new Redis: on, with all rights, and without a password.
    package static let everything: User = {
        var user = User()
        (user.isOn, user.hasNoPassword, user.rules) = (true, true, Role.builtIn(known: "admin").rules)
        return user
    }()

    /// Whether the user may log in.
    /// - Parameter now: Unix milliseconds.
    package func isActive(at now: UInt64) -> Bool { isOn && until.map { now < $0 } != false }

    /// When the user or one of the secrets ends next, in Unix milliseconds; nil if nothing does.
    /// - Parameter now: Unix milliseconds.
    package func nextEnd(after now: UInt64) -> UInt64? {
        (secrets.map(\.until) + [until]).compactMap { $0 }.filter { $0 > now }.min()
    }

    /// Whether there is a way to log in.
    /// - Parameter now: Unix milliseconds.
    package func canLogIn(at now: UInt64) -> Bool {
        let hasSecret = hasNoPassword || secrets.contains { $0.until.map { now < $0 } != false }
        switch needs {
        case .any: return isActive(at: now) && (hasSecret || !certificates.isEmpty)
        case .both: return isActive(at: now) && hasSecret && !certificates.isEmpty
        }
    }

    /// Whether what a client has shown is enough.
    /// - Parameters:
    ///   - certificate: whether one of the user's names is in the client's certificate.
    ///   - secret: whether a secret was right.
    package func isLoggedIn(byCertificate certificate: Bool, bySecret secret: Bool) -> Bool {
        needs == .both ? certificate && secret : certificate || secret
    }

    /// Whether a session that logged in with a secret may go on: the secret is still the user's, and has not ended.
    /// - Parameters:
    ///   - hash: that of the secret, not its id: a change may replace one secret by another.
    ///   - now: Unix milliseconds.
    package func keeps(_ hash: SecretHash, at now: UInt64) -> Bool {
        secrets.contains { $0.hash == hash && $0.until.map { now < $0 } != false }
    }
}

/// A role: rules that several users have.
package struct Role: Equatable, Sendable {
    /// The rules.
    package var rules: Rules

    /// - Parameter rules: what the role allows.
    package init(rules: Rules = Rules()) { self.rules = rules }

    /// The roles that are always there. They cannot be changed or removed.
    package static let builtIn: [(name: String, rules: String, summary: String)] = [
        ("admin", "+@all ~* &*", "everything"),
        (
            "operator", "+@connection +@monitor +@operate +@backup +@cluster +time +acl|whoami",
            "runs the server, and sees no pairs"
        ),
        ("monitor", "+@connection -@admin +@monitor +time +acl|whoami", "sees figures, settings and slow requests"),
        ("reader", "+@connection +@transaction -@admin +@read +time +acl|whoami ~*", "reads all pairs"),
        (
            "writer", "+@connection +@transaction +@scripting -@admin +@read +@write -@clear +time +acl|whoami ~*",
            "reads and changes all pairs, but does not clear them"
        ),
        (
            "replica", "+@connection -@admin +@replicate +acl|whoami ~*",
            "is another server, or receives all pairs as one does"
        ),
        (
            "auditor", "+@connection -@admin +@monitor +@audit +time +acl|whoami",
            "sees users, rights, and what users did"
        ),
    ]

    /// The built-in role of a name.
    package static func builtIn(_ name: UserName) -> Role? { parsed[name] }

    private static let parsed: [UserName: Role] = {
        var roles: [UserName: Role] = [:]
        for (name, text, _) in builtIn {
            guard let name = UserName(name), let rules = try? Rules(parsing: text) else {
                preconditionFailure("the built-in role \(name) is wrong")
            }
            roles[name] = Role(rules: rules)
        }
        return roles
    }()
}
