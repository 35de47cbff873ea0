// Which keys a set of rules reaches: who could read or change them, as reports ask it.

import Commands

/// The keys with a prefix that a set of rules allows to be read, or to be changed.
package struct KeyReach: Equatable, Sendable {
    /// The rules about keys that allow it.
    package let rules: [KeyRule]
    /// Whether they allow it for every key with the prefix.
    package let isComplete: Bool
    /// The commands that do it, by name.
    package let commands: [String]
}

extension Rules {
    /// The keys with a prefix that the rules allow to be read or changed.
    /// - Parameters:
    ///   - access: one of `read` and `write`.
    ///   - prefix: empty for every key.
    /// - Returns: nil if there are none.
    package func reach(_ access: KeyAccess, prefix: [UInt8]) -> KeyReach? {
        let accesses = keys.map(access(of:))
        let allowed = Catalog.rows.filter { rows.contains($0.command.index) }
        var (found, isComplete, commands): ([KeyRule], Bool, Set<String>) = ([], false, [])
        for (rule, ownAccess) in zip(keys, accesses) where rule.meets(prefix) {
            let doing = allowed.filter { $0.does(access, to: rule, ownAccess, others: accesses) }
            guard !doing.isEmpty else { continue }
            found.append(rule)
            isComplete = isComplete || rule.isPrefix && prefix.starts(with: rule.key)
            commands.formUnion(doing.map(\.redisName))
        }
        guard !found.isEmpty else { return nil }
        return KeyReach(rules: found, isComplete: isComplete, commands: commands.sorted())
    }

    /// What is allowed for the keys of a rule: that, and what the prefixes that contain it allow.
    private func access(of rule: KeyRule) -> KeyAccess {
        keys.reduce(into: rule.access) { access, other in
            if other.isPrefix, rule.key.starts(with: other.key) { access.formUnion(other.access) }
        }
    }
}

extension KeyRule {
    /// Whether the rule is about a key that begins with a prefix.
    fileprivate func meets(_ prefix: [UInt8]) -> Bool {
        key.starts(with: prefix) || isPrefix && prefix.starts(with: key)
    }
}

extension CommandSpec {
    /// Whether the command can read, or change, the keys of a rule.
    /// - Parameters:
    ///   - wanted: one of `read` and `write`.
    ///   - rule: what the keys are.
    ///   - allowed: what is allowed for them.
    ///   - others: what is allowed for the keys of each rule of the set.
    fileprivate func does(
        _ wanted: KeyAccess, to rule: KeyRule, _ allowed: KeyAccess, others: [KeyAccess]
    ) -> Bool {
        func isAllowed(_ access: KeyAccess) -> Bool { access.isSuperset(of: wanted) && allowed.isSuperset(of: access) }
        switch reach {
        case .listed: return wanted == .read && allowed.contains(.read)
        case .counted: return false
        case .whole(let access): return rule.isPrefix && rule.key.isEmpty && isAllowed(access)
        case .named:
            guard keys != .none else { return false }
            let first = [keys.access] + (keys.options > 0 ? [keys.access.union(.read)] : [])
            if keys.access == keys.laterAccess { return first.contains(where: isAllowed) }
            // The other key of COPY and RENAME has to be one of the user's, too.
            return first.contains { access in
                isAllowed(access) && others.contains { $0.isSuperset(of: keys.laterAccess) }
                    || isAllowed(keys.laterAccess) && others.contains { $0.isSuperset(of: access) }
            }
        }
    }
}
