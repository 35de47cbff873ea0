// Who can reach the server, and what they need to know.

/// Where a server listens, and who may log in.
package struct AccessReading: Sendable {
    /// `auth.mode`.
    package enum Mode: Sendable { case auto, open, required }

    /// The first address that other machines reach; nil if there is none.
    package var exposed: String?
    package var mode = Mode.auto
    package var hasPassword = false
    /// Whether a client certificate is as good as a login.
    package var trustsCertificates = false
    /// Whether the data set has users; nil if that was not read.
    package var hasUsers: Bool?
    /// Whether connections from other machines may do without TLS.
    package var allowsPlain = true
    package var hasFollowers = false
    package var hasSecret = false

    package init() {}

    /// Whether clients must log in.
    private var isRequired: Bool {
        switch mode {
        case .open: hasUsers ?? false
        case .required: true
        case .auto: hasPassword || (hasUsers ?? false) || exposed != nil
        }
    }

    /// Whether any password, user or certificate allows a login; nil if that is not known.
    private var allowsLogin: Bool? { hasPassword || trustsCertificates ? true : hasUsers }

    package var finding: Finding {
        if isRequired, hasFollowers, !hasSecret, !trustsCertificates {
            return Finding(
                "access",
                failure:
                    "clients must log in, and followers cannot tell this server from a stranger: it does not start",
                advice: "give all servers PUFFIN_REPLICATION_SECRET_FILE, a file with the same line of 16 bytes or more"
            )
        }
        guard let exposed else {
            if mode == .required, allowsLogin == false { return noLogin }
            return Finding(
                "access", ok: "only this machine reaches the server" + (isRequired ? "; clients log in" : ""))
        }
        if mode == .open, hasUsers != true {
            return Finding(
                "access", warning: "everyone who reaches \(exposed) can read and change everything (auth.mode is open)",
                advice: "set a password (PUFFIN_AUTH_PASSWORD_FILE) or make users")
        }
        if mode == .required, allowsLogin == false { return noLogin }
        switch allowsLogin {
        case false?:
            return Finding(
                "access",
                failure:
                    "other machines reach \(exposed), and there is no password, no user and no client certificate: it does not start",
                advice:
                    "set PUFFIN_AUTH_PASSWORD_FILE, listen on 127.0.0.1 (--bind), or say that this is meant (--auth-mode open)"
            )
        case nil:
            return Finding(
                "access",
                warning: "other machines reach \(exposed), without a password; whether there are users was not read",
                advice: "see puffin-server users, or use --deep")
        case true?: break
        }
        if allowsPlain {
            return Finding(
                "access",
                warning:
                    "clients log in at \(exposed), but TLS is optional: passwords and data can be read on the network",
                advice:
                    "give the server a certificate (--tls-cert-file, --tls-key-file); docs/security.md has the commands"
            )
        }
        return Finding("access", ok: "clients log in at \(exposed), with TLS")
    }

    private var noLogin: Finding {
        Finding(
            "access",
            warning: "auth.mode is required, but no password, user or client certificate allows a login",
            advice: "set PUFFIN_AUTH_PASSWORD_FILE")
    }
}

/// The server's certificate. Times are seconds since 1970.
package struct CertificateReading: Sendable {
    /// The file, and why it cannot be used; nil if it can.
    package let file: String
    package let problem: String?
    package let notAfter: Int
    /// What else is wrong, as sentences that say what to do.
    package let warnings: [String]
    package let now: Int

    package init(file: String, problem: String?, notAfter: Int, warnings: [String], now: Int) {
        (self.file, self.problem, self.notAfter) = (file, problem, notAfter)
        (self.warnings, self.now) = (warnings, now)
    }

    private static let day = 86_400
    /// A certificate that ends within this many days warns.
    private static let noticeDays = 14

    package var finding: Finding {
        if let problem {
            return Finding(
                "certificate", failure: problem,
                advice: "mend tls.cert_file and tls.key_file: without them the server does not start")
        }
        let days = (notAfter - now) / CertificateReading.day
        let figures = [Finding.Figure("days_left", days)]
        if notAfter <= now {
            return Finding("certificate", failure: "\(file) has expired", advice: "renew it", figures: figures)
        }
        if let first = warnings.first {
            return Finding("certificate", warning: first, advice: "mend it before clients notice", figures: figures)
        }
        if days < CertificateReading.noticeDays {
            return Finding("certificate", warning: "\(file) ends in \(days) days", advice: "renew it", figures: figures)
        }
        return Finding("certificate", ok: "\(file) is valid for \(days) days", figures: figures)
    }
}
