// Applies the words of ACL SETUSER to a user: all of them, or none.

import Commands

extension User {
    /// The user after a change.
    /// - Parameters:
    ///   - change: the words.
    ///   - outcomes: what became of `change.passwords`, one for each.
    /// - Throws: the first word that cannot be applied; nothing was changed then.
    package func applying(_ change: UserChange, outcomes: [PasswordOutcome] = []) throws(RuleError) -> User {
        precondition(outcomes.count == change.passwords.count, "a password was not looked at")
        var user = self
        // Ids are not used again, even if one change removes a secret and adds another.
        var next = 1 + (secrets.compactMap { Secret.number(ofID: $0.id) }.max() ?? 0)
        for (index, (word, text)) in change.words.enumerated() {
            do throws(RuleFlaw) {
                switch word {
                case .addPassword(let place): try user.add(outcomes[place], &next)
                case .removePassword(let place): try user.remove(outcomes[place])
                case .addHash(let hash): try user.add(hash, &next)
                case .removeHash(let hash): try user.remove { $0.hash == hash }
                case .removeSecret(let id): try user.remove { $0.id == id }
                default: try user.apply(word)
                }
            } catch {
                throw RuleError(word: text, at: index, error.text)
            }
        }
        return user
    }

    /// Adds a token, whose id is returned.
    /// - Parameter until: when it ends, in Unix milliseconds; nil for never.
    /// - Returns: nil if the user has as many secrets as there may be.
    package func adding(_ token: Token, until: UInt64?) -> (user: User, id: String)? {
        guard secrets.count < User.secretLimit else { return nil }
        var user = self
        let id = "t\(1 + (secrets.compactMap { Secret.number(ofID: $0.id) }.max() ?? 0))"
        user.secrets.append(Secret(id: id, hash: token.hash, until: until))
        return (user, id)
    }

    private mutating func apply(_ word: UserChange.Word) throws(RuleFlaw) {
        switch word {
        case .isOn(let isOn): self.isOn = isOn
        case .noPassword: (hasNoPassword, secrets) = (true, [])
        case .resetPasswords: (hasNoPassword, secrets) = (false, [])
        case .reset: self = User()
        case .rule(let rule): try rules.apply(rule)
        case .role(let role, let isAdded): try User.change(&roles, role, isAdded)
        case .certificate(let name, let isAdded): try User.change(&certificates, name, isAdded)
        case .until(let time): until = time
        case .needs(let needs): self.needs = needs
        case .nothing, .addPassword, .removePassword, .addHash, .removeHash, .removeSecret: break
        }
    }

    private static func change<Name: Equatable>(_ list: inout [Name], _ name: Name, _ isAdded: Bool) throws(RuleFlaw) {
        let place = list.firstIndex(of: name)
        if isAdded, place == nil {
            guard list.count < User.listLimit else { throw .listTooLong }
            list.append(name)
        } else if !isAdded, let place {
            list.remove(at: place)
        }
    }

    // MARK: Secrets

    private mutating func add(_ outcome: PasswordOutcome, _ next: inout Int) throws(RuleFlaw) {
        switch outcome {
        case .known(let hash), .made(let hash): try add(hash, &next)
        case .missing: throw .noPassword
        }
    }

    private mutating func add(_ hash: SecretHash, _ next: inout Int) throws(RuleFlaw) {
        hasNoPassword = false
        guard !secrets.contains(where: { $0.hash == hash }) else { return }
        guard secrets.count < User.secretLimit else { throw .tooManySecrets }
        if hash.isSlow, secrets.count(where: { $0.hash.isSlow }) >= User.passwordLimit {
            throw .tooManyPasswords
        }
        secrets.append(Secret(id: "p\(next)", hash: hash))
        next += 1
    }

    private mutating func remove(_ outcome: PasswordOutcome) throws(RuleFlaw) {
        guard case .known(let hash) = outcome else { throw .noPassword }
        try remove { $0.hash == hash }
    }

    private mutating func remove(where isMeant: (Secret) -> Bool) throws(RuleFlaw) {
        guard let place = secrets.firstIndex(where: isMeant) else { throw .noPassword }
        secrets.remove(at: place)
    }
}
