// What `users apply` sends: the difference between a file and a server, as requests of ACL in an order that locks nobody out.

import Access
import Bytes
import Commands

/// A request of ACL that changes a user or role.
package struct UserStep: Equatable, Sendable {
    package enum Change: String, Sendable {
        case add = "+"
        case change = "~"
        case remove = "-"
    }

    /// A word of a request.
    package enum Word: Equatable, Sendable {
        case text(String)
        /// `>` and the password of a user's `password_file`, whose path this is.
        case password(path: String)

        /// The word without a secret.
        package var shown: String {
            switch self {
            case .text(let text): text.hasPrefix("#") ? "#…" : text
            case .password(let path): ">(\(path))"
            }
        }
    }

    package let change: Change
    package let kind: NoteKind
    package let name: UserName
    /// Behind the name.
    package var words: [Word] = []

    /// The request, before its words.
    package var command: [String] {
        switch (kind, change) {
        case (.role, .remove): ["ACL", "ROLE", "DEL", name.text]
        case (.role, _): ["ACL", "ROLE", "SET", name.text]
        case (.user, .remove): ["ACL", "DELUSER", name.text]
        case (.user, _): ["ACL", "SETUSER", name.text]
        }
    }

    /// A line for people: `~ user alice: role:orders -role:old`.
    package var line: String {
        "\(change.rawValue) \(kind.rawValue) \(name)" + (words.isEmpty ? "" : ": ")
            + words.map(\.shown).joined(separator: " ")
    }
}

/// The steps from what a server has to what a file says.
package struct UserPlan: Sendable {
    /// In the order in which they are sent: roles first, since users need them; then users, those first who may change users;
    /// removals last.
    package private(set) var steps: [UserStep] = []
    /// What the server has and the file has not, where that is not removed: `user carol`, `role old`.
    package private(set) var surplus: [String] = []

    private let file: UserFile
    private let known: KnownUsers

    /// - Parameters:
    ///   - wrong: the users with `rotates` whose password is not that of their file.
    ///   - prunes: whether users and roles that the file does not have are removed; `default` never is.
    /// - Throws: what the file asks for and cannot be done.
    package init(
        _ file: UserFile, _ known: KnownUsers, wrong: Set<UserName> = [], prunes: Bool = false
    ) throws(UserFileError) {
        (self.file, self.known) = (file, known)
        try check(prunes: prunes)
        for role in file.roles { add(role) }
        addUsers(wrong)
        addRemovals(prunes)
        moveOwnSecrets()
    }

    /// The users whose password has to be tried to know whether it is right.
    package static func toTry(_ file: UserFile, _ known: KnownUsers) -> [DeclaredUser] {
        file.users.filter { $0.rotates && known.users[$0.name]?.passwordIDs.isEmpty == false }
    }

    private func check(prunes: Bool) throws(UserFileError) {
        let declared = Set(file.roles.map(\.name))
        for user in file.users {
            for role in user.user.roles
            where !declared.contains(role) && Role.builtIn(role) == nil && (prunes || known.roles[role] == nil) {
                throw UserFileError(
                    line: user.line, key: "users.\(user.name).roles",
                    text: "there is no role \(role); put it under roles:, or take it out here")
            }
        }
        let isKept = file.users.contains { $0.name == known.acting } || known.acting == .default
        if prunes, !isKept {
            throw UserFileError(
                line: 1, key: "users",
                text: "\(known.acting), as whom this is done, is not there, and --prune would remove that user: put "
                    + "\(known.acting) into the file, or log in as another user")
        }
    }

    // MARK: Roles

    private mutating func add(_ role: DeclaredRole) {
        let words = ["reset"] + (role.rules.text.isEmpty ? [] : role.rules.text.split(separator: " ").map(String.init))
        guard let now = known.roles[role.name] else {
            steps.append(
                UserStep(change: .add, kind: .role, name: role.name, words: words.dropFirst().map { .text($0) }))
            return
        }
        guard now.text != role.rules.text else { return }
        steps.append(UserStep(change: .change, kind: .role, name: role.name, words: words.map { .text($0) }))
    }

    // MARK: Users

    private mutating func addUsers(_ wrong: Set<UserName>) {
        let changing = file.users.compactMap { declared -> (step: UserStep, rank: Int)? in
            guard let step = step(declared, isWrong: wrong.contains(declared.name)) else { return nil }
            // Who does this comes last: a change of the own rights must not end it.
            return (step, declared.name == known.acting ? 2 : mayChangeUsers(declared.user) ? 0 : 1)
        }
        for rank in 0...2 { steps += changing.filter { $0.rank == rank }.map(\.step) }
    }

    private func step(_ declared: DeclaredUser, isWrong: Bool) -> UserStep? {
        let found = known.users[declared.name]
        // Without users a server says that `default` has all rights. That user is not in its log, and is gone with the first.
        let isPlaceholder = declared.name == .default && found?.user == .everything
        guard let found, !isPlaceholder || found.user == declared.user else {
            var words = User().words(to: declared.user)
            words += declared.passwordWords(replacing: [])
            let first: [UserStep.Word] = isPlaceholder ? [.text("reset")] : []
            return UserStep(
                change: isPlaceholder ? .change : .add, kind: .user, name: declared.name, words: first + words)
        }
        var words = found.user.words(to: declared.user)
        if found.passwordIDs.isEmpty {
            words += declared.passwordWords(replacing: [])
        } else if isWrong {
            words += declared.passwordWords(replacing: found.passwordIDs)
        }
        guard !words.isEmpty else { return nil }
        return UserStep(change: .change, kind: .user, name: declared.name, words: words)
    }

    private func mayChangeUsers(_ user: User) -> Bool {
        guard let command = Catalog.find([Array("ACL".utf8), Array("SETUSER".utf8)]) else { return false }
        let roles = user.roles.compactMap { name in
            Role.builtIn(name)?.rules ?? file.roles.first { $0.name == name }?.rules ?? known.roles[name]
        }
        return ([user.rules] + roles).contains { $0.allow(command) }
    }

    // MARK: Removals

    private mutating func addRemovals(_ prunes: Bool) {
        let (users, roles) = (Set(file.users.map(\.name)), Set(file.roles.map(\.name)))
        let surplus =
            known.users.keys.filter { !users.contains($0) && $0 != .default }.sorted().map { (NoteKind.user, $0) }
            + known.roles.keys.filter { !roles.contains($0) }.sorted().map { (NoteKind.role, $0) }
        guard prunes else {
            self.surplus = surplus.map { "\($0.0.rawValue) \($0.1)" }
            return
        }
        steps += surplus.map { UserStep(change: .remove, kind: $0.0, name: $0.1) }
    }

    /// Puts the removal of secrets of who does this behind everything else: it ends the session.
    private mutating func moveOwnSecrets() {
        func isOfSecret(_ word: UserStep.Word) -> Bool {
            switch word {
            case .password: true
            case .text(let text): ["-secret:", "#", "resetpass", "nopass"].contains { text.hasPrefix($0) }
            }
        }
        guard
            let index = steps.firstIndex(where: {
                $0.kind == .user && $0.change == .change && $0.name == known.acting
                    && $0.words.contains(where: isOfSecret)
            }), index < steps.count - 1
        else { return }
        let own = steps[index]
        steps[index].words.removeAll(where: isOfSecret)
        if steps[index].words.isEmpty { steps.remove(at: index) }
        steps.append(
            UserStep(change: own.change, kind: own.kind, name: own.name, words: own.words.filter(isOfSecret)))
    }
}

extension DeclaredUser {
    /// The words that give the user the declared password.
    fileprivate func passwordWords(replacing ids: [String]) -> [UserStep.Word] {
        let removals = ids.map { UserStep.Word.text("-secret:\($0)") }
        switch password {
        case .file(let path): return removals + [.password(path: path)]
        case .digest(let digest): return removals + [.text("#" + digest)]
        case nil: return []
        }
    }
}

extension User {
    /// The words of ACL SETUSER that make this user another one, secrets aside.
    func words(to other: User) -> [UserStep.Word] {
        var words: [String] = []
        if isOn != other.isOn { words.append(other.isOn ? "on" : "off") }
        if hasNoPassword != other.hasNoPassword { words.append(other.hasNoPassword ? "nopass" : "resetpass") }
        if rules.text != other.rules.text {
            if !rules.text.isEmpty { words += ["-@all", "resetkeys", "resetchannels"] }
            words += other.rules.text.split(separator: " ").map(String.init)
        }
        words += other.roles.filter { !roles.contains($0) }.map { "role:\($0)" }
        words += roles.filter { !other.roles.contains($0) }.map { "-role:\($0)" }
        words += other.certificates.filter { !certificates.contains($0) }.map { "cert:\($0)" }
        words += certificates.filter { !other.certificates.contains($0) }.map { "-cert:\($0)" }
        if needs != other.needs { words.append("needs:\(other.needs.rawValue)") }
        if until != other.until {
            var time = ByteBuffer()
            if let until = other.until { time.append(time: Timestamp(milliseconds: until)) }
            words.append("until:" + (other.until == nil ? "none" : String(time.bytes)))
        }
        return words.map { .text($0) }
    }
}
