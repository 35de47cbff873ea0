// Whether a client is who it says it is, and what it may do.

import Access
import Bytes
import Commands
import LogFormat
import Logging
import OpenSSL
import Reactor
import Store
import Synchronization
import Wire

/// The users and logins of a server. Used on the loop's thread.
final class Authentication {
    private(set) var settings: AuthSettings
    /// Whether a client certificate is as good as a login, as long as there are no users.
    private let trustsCertificates: Bool
    /// The first address of the server that others than this machine reach; nil if there is none.
    let exposed: Address?
    private let log: Logger
    private var delays = LoginDelays()
    private(set) var counts = Counts()
    private(set) var refusals = RefusalLog()

    /// The users, as the notes of the log say them.
    private(set) var directory = Directory()
    private var revision: UInt64?
    /// Whether the log may have users that are not loaded yet. Until they are, nobody but the administrator of the settings is let in.
    private(set) var awaitsUsers = false
    /// When the next user or secret ends, in Unix milliseconds.
    private var nextEnd = UInt64.max
    /// When secrets and certificates were last used since the start.
    private var uses = LoginUses()
    private var compiled: [UserName: AccessRights] = [:]
    /// Whether changes have authors: as soon as somebody has logged in by name.
    /// Atomic, because an atomic is read without a check for exclusive access.
    private let hasAuthors = Atomic(false)
    var namesAuthors: Bool { @inline(__always) get { hasAuthors.load(ordering: .relaxed) } }

    let thread: PasswordThread
    /// The passwords that were right lately, as HMAC of user and password with a key of this process, and what they were right by.
    private var verified: [[UInt8]: SecretHash] = [:]
    /// The same for passwords that are being checked: a fleet of clients that comes back waits for one scrypt a password.
    private var checking: [[UInt8]: PasswordResult<PasswordHash?>] = [:]
    private let key = RandomBytes.make(32)
    /// The most of them that are remembered.
    private static let verifiedLimit = 4096

    /// Counts since the start.
    struct Counts {
        var accepted = 0
        var refused = 0
        /// Requests of clients that had not logged in.
        var denied = 0
        /// Requests that users had no right to.
        var notPermitted = 0
        /// Connections that were closed because they did not log in.
        var dropped = 0
    }

    /// The logins that a connection may try in vain.
    static let tries = 8

    init(
        _ settings: AuthSettings, trustsCertificates: Bool, addresses: [Address], thread: PasswordThread, log: Logger
    ) {
        self.settings = settings
        self.trustsCertificates = trustsCertificates
        exposed = addresses.first { !$0.isLocal }
        self.thread = thread
        self.log = log
    }

    // MARK: Rules

    /// Whether clients must log in.
    var isRequired: Bool {
        switch settings.mode {
        case .open: awaitsUsers || directory.hasUsers
        case .required: true
        // A password that is removed does not open a server that others reach.
        case .auto: settings.password != nil || awaitsUsers || directory.hasUsers || exposed != nil
        }
    }

    /// Whether everyone who reaches the server from elsewhere may do everything.
    var isOpenToAll: Bool { !isRequired && exposed != nil }

    /// Whether servers could not prove to each other who they are, once clients must log in.
    func lacksProof(_ settings: ReplicationSettings, hasFollowers: Bool) -> Bool {
        hasFollowers && settings.secrets.isEmpty && !trustsCertificates
    }

    /// Whether there is anybody to log in as.
    var hasUsers: Bool { settings.password != nil || directory.hasUsers || trustsCertificates }

    /// Takes other settings. Those who are logged in stay so.
    func change(to fresh: AuthSettings) {
        settings.password = fresh.password
        if settings.mode == .auto, exposed != nil, !hasUsers {
            log.error("There is no auth.password any more: nobody can log in until there is one")
        }
    }

    // MARK: Users

    /// Takes from the files' headers whether the log may have users.
    func expectUsers(_ store: Store) { awaitsUsers = store.mayHaveNotes }

    /// Reads the users again, if the log has changed them. The store must be loaded.
    /// - Returns: whether it has.
    func refresh(_ store: Store) -> Bool {
        precondition(store.isLoaded, "users of a data set that is not loaded")
        guard store.notesRevision != revision || awaitsUsers else { return false }
        revision = store.notesRevision
        awaitsUsers = false
        var fresh = Directory()
        for note in store.notes.all {
            if let error = fresh.apply(kind: note.name.kind, name: note.name.name, value: note.value.span) {
                log.error("The note of \(note.name) cannot be read, so it gives no rights: \(error.text)")
            }
        }
        directory = fresh
        compiled.removeAll()
        verified.removeAll()
        checking.removeAll()
        nextEnd = 0
        return true
    }

    /// Whether a user or a secret has ended since this was asked last.
    /// - Parameter now: Unix milliseconds.
    func hasEnded(at now: UInt64) -> Bool {
        guard now >= nextEnd else { return false }
        nextEnd = directory.userNames.compactMap { directory.user($0)?.nextEnd(after: now) }.min() ?? .max
        return true
    }

    /// How the user's secrets and certificates were used, for ACL GETUSER.
    func uses(of name: UserName, by sessions: some Sequence<Login>) -> [String] {
        guard let user = directory.user(name) else { return [] }
        let own = sessions.filter { !$0.isLocal && $0.rights.user == name }
        var ways = user.secrets.map(\.id)
        if !user.certificates.isEmpty { ways.append(LoginUses.certificate) }
        return ways.map { way in
            let hash = user.secrets.first { $0.id == way }?.hash
            return uses.text(of: name, way, sessions: own.count { $0.secret == hash })
        }
    }

    /// The rights of a user.
    func rights(of name: UserName) -> AccessRights {
        if let known = compiled[name] { return known }
        let made = directory.rights(of: name)
        compiled[name] = made
        return made
    }

    /// The rights of a connection that has not logged in.
    func rightsBeforeLogin(at now: UInt64) -> AccessRights {
        isRequired && !directory.hasUsers ? .nobody : directory.rightsBeforeLogin(.open, at: now)
    }

    /// Who a connection is by its certificate.
    /// - Returns: nil if that is nobody.
    func login(byCertificateOf stream: Stream, at now: UInt64) -> Login? {
        guard let names = stream.peerNames else { return nil }
        guard directory.hasUsers else {
            return trustsCertificates && !awaitsUsers ? Login(rights: .everything, isLocal: true) : nil
        }
        switch directory.user(forCertificate: names.all.compactMap { CertificateName($0) }) {
        case .none: return nil
        case .several(let users):
            log.warning(
                "A certificate logs in nobody: it is of several users, \(users.map(\.text).joined(separator: ", "))",
                metadata: ["address": "\(stream.peer)"])
            return nil
        case .user(let name):
            guard let user = directory.user(name), user.isActive(at: now),
                user.isLoggedIn(byCertificate: true, bySecret: false)
            else { return nil }
            counts.accepted += 1
            uses.note(name, LoginUses.certificate, at: now)
            hasAuthors.store(settings.recordsAuthors, ordering: .relaxed)
            return Login(rights: rights(of: name))
        }
    }

    // MARK: Logging in

    /// Begins to check a name and a password.
    /// - Parameters:
    ///   - name: nil for a password alone.
    ///   - now: Unix milliseconds.
    func begin(_ name: Span<UInt8>?, _ secret: Span<UInt8>, over stream: Stream, at now: UInt64) -> LoginAttempt {
        let user: UserName? = if let name { UserName(name) } else { SecretChecks.user(namedBy: secret) }
        if user == .default, let password = settings.password, password.equals(secret) {
            return LoginAttempt { [unowned self] in accept(Login(rights: .everything, isLocal: true)) }
        }
        guard directory.hasUsers else {
            let outcome = awaitsUsers ? LoginAttempt.Outcome.loading : .refused
            return LoginAttempt { outcome }
        }
        let found = user.flatMap { directory.user($0) }
        let hasCertificate = user != nil && certificateUser(of: stream) == user
        switch SecretChecks.check(secret, of: found, at: now) {
        case .right(let hash):
            return LoginAttempt { [unowned self] in accept(user, hash, hasCertificate, at: now) }
        case .needsScrypt(let hashes, let counts):
            let mark = mark(user, secret)
            if counts, let hash = verified[mark] {
                return LoginAttempt { [unowned self] in accept(user, hash, hasCertificate, at: now) }
            }
            return verify(PlainSecret(secret), hashes, mark) { [unowned self] hash in
                counts ? accept(user, hash, hasCertificate, at: now) : .refused
            }
        }
    }

    /// Whether there is a user of this name.
    func isKnown(_ name: String) -> Bool {
        guard let name = UserName(Array(name.utf8).span) else { return false }
        return directory.user(name) != nil || name == .default
    }

    /// The id of the secret that a login used: `password:p1`, `token:t2`; nil where none was needed.
    func secretID(of login: Login) -> String? {
        guard let hash = login.secret, let name = login.rights.user,
            let secret = directory.user(name)?.secrets.first(where: { $0.hash == hash })
        else { return nil }
        return (hash.method == "token" ? "token:" : "password:") + secret.id
    }

    private func certificateUser(of stream: Stream) -> UserName? {
        guard let names = stream.peerNames,
            case .user(let name) = directory.user(forCertificate: names.all.compactMap { CertificateName($0) })
        else { return nil }
        return name
    }

    private func mark(_ user: UserName?, _ secret: Span<UInt8>) -> [UInt8] {
        var text = Array((user?.text ?? "").utf8) + [0]
        for index in 0..<secret.count { text.append(secret[index]) }
        let key = key
        let mark = Digests.hmacSHA256(text.span, key: key.span)
        text.cleanse()
        return mark
    }

    /// Has the thread compare a password with hashes.
    private func verify(
        _ secret: PlainSecret, _ hashes: [PasswordHash], _ mark: [UInt8],
        then outcome: @escaping (SecretHash) -> LoginAttempt.Outcome
    ) -> LoginAttempt {
        checking = checking.filter { !$0.value.isOver }
        let claim =
            checking[mark]?.claim()
            ?? thread.find { () -> PasswordHash? in
                secret.withBytes { bytes in
                    for hash in hashes where (try? hash.verify(bytes)) == true { return hash }
                    return nil
                }
            }
        guard let claim else { return LoginAttempt { .tooMany } }
        checking[mark] = claim.result
        return LoginAttempt(ifClientEnds: claim.noteEnd) { [unowned self] in
            guard let found = claim.value else { return claim.isDropped ? .tooMany : nil }
            guard let hash = found else { return .refused }
            let answer = outcome(.password(hash))
            if case .accepted = answer {
                if verified.count >= Authentication.verifiedLimit { verified.removeAll() }
                verified[mark] = .password(hash)
            }
            return answer
        }
    }

    /// Accepts a right secret, if the user needs nothing else and is still there.
    private func accept(
        _ name: UserName?, _ hash: SecretHash?, _ hasCertificate: Bool, at now: UInt64
    ) -> LoginAttempt.Outcome {
        guard let name, let user = directory.user(name),
            user.isLoggedIn(byCertificate: hasCertificate, bySecret: true)
        else { return .refused }
        // Meanwhile it may have been removed.
        if let hash {
            guard let secret = user.secrets.first(where: { $0.hash == hash }) else { return .refused }
            uses.note(name, secret.id, at: now)
        }
        hasAuthors.store(settings.recordsAuthors, ordering: .relaxed)
        return accept(Login(rights: rights(of: name), secret: hash))
    }

    /// A login with the rights that its user has now; nil if the user is gone or off, or its secret was removed.
    func renewed(_ login: Login, at now: UInt64) -> Login? {
        guard !login.isLocal, let name = login.rights.user else { return login }
        guard let user = directory.user(name), user.isActive(at: now),
            login.secret.map({ user.keeps($0, at: now) }) != false
        else { return nil }
        return Login(rights: rights(of: name), secret: login.secret)
    }

    private func accept(_ login: Login) -> LoginAttempt.Outcome {
        counts.accepted += 1
        return .accepted(login)
    }

    /// Counts a failed login.
    /// - Returns: how late it is answered, in milliseconds.
    func noteRefused(_ name: String, from peer: Address, at now: Int) -> Int {
        counts.refused += 1
        refusals.add(.init(reason: "auth", object: "AUTH", user: name, client: "\(peer)"), at: now)
        // A name may be a mistyped password: it is kept no longer than its failures.
        let delay = delays.failed(LoginDelays.Guesser(network: peer.network, user: String(name.prefix(64))), at: now)
        log.warning(
            "Login refused: wrong user or password", metadata: ["address": "\(peer)", "delay_ms": "\(delay)"])
        return delay
    }

    func noteAccepted(_ name: String, from peer: Address) {
        delays.succeeded(LoginDelays.Guesser(network: peer.network, user: String(name.prefix(64))))
    }

    /// Counts and logs another server's wrong proof.
    func refuseServer(at peer: Address, because reason: LinkProofError) {
        counts.refused += 1
        log.warning("Server refused: \(reason)", metadata: ["address": "\(peer)"])
    }

    func noteDenied() { counts.denied += 1 }
    func noteDropped() { counts.dropped += 1 }

    /// Counts a request that a user has no right to.
    func noteNotPermitted(_ reason: String, _ object: String, by user: String, from peer: Address, at now: Int) {
        counts.notPermitted += 1
        refusals.add(.init(reason: reason, object: object, user: user, client: "\(peer)"), at: now)
    }

    func forgetRefusals() { refusals = RefusalLog() }
}
