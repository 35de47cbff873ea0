// All users and roles of a server, as the notes of its log say them.

import Bytes
import Commands

/// Why a change of users or roles is refused.
package enum DirectoryError: Error, Equatable {
    case note(NoteError)
    /// A role that users have: the first of them by name.
    case roleInUse(UserName, by: UserName)
    /// Nobody could change users afterwards.
    case leavesNobody
    /// A user has a role that does not exist.
    case unknownRole(UserName)

    /// A sentence for people, without its full stop.
    package var text: String {
        switch self {
        case .note(let error): error.text
        case .roleInUse(let role, let user): "The role \(role) is in use: \(user) has it"
        case .leavesNobody:
            "Nobody could change users afterwards: give another user the role admin, and a way to log in, first"
        case .unknownRole(let role): "There is no role \(role)"
        }
    }
}

/// Who a certificate logs in.
package enum CertificateMatch: Equatable, Sendable {
    /// None of its names is a user's.
    case none
    case user(UserName)
    /// Several users have one of its names, so it logs in nobody.
    case several([UserName])
}

/// Users and roles by name.
package struct Directory: Sendable {
    /// Whose rights a connection has before it logs in, as long as there are no users.
    package enum Mode: Sendable {
        /// Everything.
        case open
        /// Nobody.
        case required
    }

    /// All users; those whose note cannot be read are in `unreadable`.
    package private(set) var users: [UserName: User] = [:]
    /// The roles that were made; `Role.builtIn` are there too.
    package private(set) var roles: [UserName: Role] = [:]
    /// Users and roles whose note this version cannot read, by kind and name. Such a user cannot log in, such a role
    /// allows nothing: the note may hold a restriction.
    package private(set) var unreadable: [NoteKind: [UserName: NoteError]] = [.user: [:], .role: [:]]
    /// The users with each name of a certificate.
    private var owners: [CertificateName: Set<UserName>] = [:]
    /// Grows with each note that is applied.
    package private(set) var revision: UInt64 = 0

    /// No users and no roles.
    package init() {}

    /// Whether there are users; without, `Mode` decides.
    package var hasUsers: Bool { !users.isEmpty || unreadable[.user]?.isEmpty == false }

    /// The number of notes.
    package var count: Int { users.count + roles.count + unreadable.values.reduce(0) { $0 + $1.count } }

    // MARK: Notes

    /// Applies a note of the log. It was acknowledged, so it is not refused: one that cannot be read takes away what it
    /// is about.
    /// - Parameters:
    ///   - kind: `user` or `role`; any other is ignored, and returned as an error.
    ///   - value: a JSON object; nil removes the user or role.
    /// - Returns: what is wrong with the note, for the log; nil if nothing is.
    package mutating func apply(kind: String, name: String, value: Span<UInt8>?) -> NoteError? {
        guard let kind = NoteKind(rawValue: kind) else { return .unknownKind(kind) }
        guard let name = UserName(name) else { return .wrongName }
        revision += 1
        switch kind {
        case .user: replace(name, by: nil)
        case .role: roles[name] = nil
        }
        unreadable[kind]?[name] = nil
        guard let value else { return nil }
        do throws(NoteError) {
            switch kind {
            case .user: replace(name, by: try User(note: value))
            case .role:
                if Role.builtIn(name) != nil { throw .builtIn(name.text) }
                roles[name] = try Role(note: value)
            }
            return nil
        } catch {
            unreadable[kind]?[name] = error
            return error
        }
    }

    private mutating func replace(_ name: UserName, by user: User?) {
        for certificate in users[name]?.certificates ?? [] {
            owners[certificate]?.remove(name)
            if owners[certificate]?.isEmpty == true { owners[certificate] = nil }
        }
        for certificate in user?.certificates ?? [] { owners[certificate, default: []].insert(name) }
        users[name] = user
    }

    /// Checks a change before it becomes a note.
    /// - Parameters:
    ///   - value: as of `apply`.
    ///   - now: Unix milliseconds; who cannot log in any more does not count as somebody.
    ///   - mode: without users, an open server is everybody's; any other is nobody's.
    ///   - hasLocalAdmin: whether the server's own settings have a password for `default`, which may change users too.
    package func check(
        _ kind: NoteKind, _ name: UserName, _ value: Span<UInt8>?, at now: UInt64, mode: Mode = .required,
        hasLocalAdmin: Bool = false
    ) throws(DirectoryError) {
        if kind == .role, Role.builtIn(name) != nil { throw .note(.builtIn(name.text)) }
        var after = self
        if let error = after.apply(kind: kind.rawValue, name: name.text, value: value) { throw .note(error) }
        if after.count > NoteLimits.count, after.count > count { throw .note(.tooMany) }
        if kind == .role, value == nil, let user = firstUser(of: name) { throw .roleInUse(name, by: user) }
        if kind == .user, let user = after.users[name],
            let role = user.roles.first(where: { after.role($0) == nil && users[name]?.roles.contains($0) != true })
        {
            throw .unknownRole(role)
        }
        // A role that no user has leaves a server without users as it is.
        guard after.hasUsers || hasUsers, !hasLocalAdmin else { return }
        guard after.hasUsers ? after.hasManager(at: now) : mode == .open else { throw .leavesNobody }
    }

    private func firstUser(of role: UserName) -> UserName? {
        users.filter { $0.value.roles.contains(role) }.keys.min()
    }

    /// Whether somebody can log in and change users.
    private func hasManager(at now: UInt64) -> Bool {
        guard let managing = Directory.managing else { return true }
        return users.values.contains { user in
            user.canLogIn(at: now)
                && (user.rules.allow(managing) || user.roles.contains { role($0)?.rules.allow(managing) == true })
        }
    }

    /// The command that changes users.
    private static let managing: CommandSpec? = {
        let spec = Catalog.find([Array("ACL".utf8), Array("SETUSER".utf8)])
        return spec?.parent == nil ? nil : spec
    }()

    // MARK: Questions

    /// The user of a name; nil also if its note cannot be read.
    package func user(_ name: UserName) -> User? { users[name] }

    /// The user that ACL SETUSER changes: a new one if there is none of this name. As in Redis, `default` begins with all
    /// rights on a server without users, so that `ACL SETUSER default >password` is a first step.
    package func userToChange(_ name: UserName) -> User {
        users[name] ?? (name == .default && !hasUsers ? .everything : User())
    }

    /// The role of a name, built in or not; nil also if its note cannot be read.
    package func role(_ name: UserName) -> Role? { Role.builtIn(name) ?? roles[name] }

    /// The names of all users in byte order.
    package var userNames: [UserName] { (Array(users.keys) + (unreadable[.user]?.keys.map { $0 } ?? [])).sorted() }

    /// The names of all roles in byte order, those that are built in first.
    package var roleNames: [UserName] { Role.builtIn.compactMap { UserName($0.name) } + roles.keys.sorted() }

    /// Compiles the rights of a user; those of nobody if there is no such user. Whether the user may log in now is not
    /// asked: `User.isActive(at:)` says that.
    package func rights(of name: UserName) -> AccessRights {
        guard let user = users[name] else { return .nobody }
        return AccessRights(user: name, [user.rules] + user.roles.compactMap { role($0)?.rules })
    }

    /// The rights of a connection that has not logged in. As in Redis, a user `default` that is on and needs no password
    /// is logged in at once.
    /// - Parameter now: Unix milliseconds.
    package func rightsBeforeLogin(_ mode: Mode, at now: UInt64) -> AccessRights {
        guard hasUsers else { return mode == .open ? .everything : .nobody }
        guard let user = users[.default], user.hasNoPassword, user.isActive(at: now), user.needs == .any else {
            return .nobody
        }
        return rights(of: .default)
    }

    /// Who a certificate logs in. All users count, also those that may not log in now: a name must not begin to mean
    /// another user because one is switched off.
    /// - Parameter names: all names of the certificate.
    package func user(forCertificate names: [CertificateName]) -> CertificateMatch {
        let found = Set(names.flatMap { owners[$0] ?? [] }).sorted()
        guard let first = found.first else { return .none }
        return found.count == 1 ? .user(first) : .several(found)
    }
}
