// A place in the file of `users apply`: a node of the YAML, and the keys that lead to it.

import Access
import Bytes
import YAML

/// A value of the file, with its path for errors.
struct UserFileNode {
    private let node: YAMLNode
    /// The line of its key, from 1.
    let line: Int
    /// `users.alice`; empty for the whole file.
    let path: String
    /// The last key of the path.
    let key: String

    init(_ node: YAMLNode, _ path: String) {
        (self.node, self.path, line, key) = (node, path, node.line, path)
    }

    private init(_ key: String, at line: Int, in parent: UserFileNode, _ node: YAMLNode) {
        (self.node, self.line, self.key) = (node, line, key)
        path = parent.path.isEmpty ? key : "\(parent.path).\(key)"
    }

    func error(_ text: String) -> UserFileError { UserFileError(line: line, key: path, text: text) }

    /// Whether nothing follows the key.
    var isEmpty: Bool { if case .scalar("", true) = node.content { true } else { false } }

    // MARK: Groups

    /// The keys and values of a group.
    /// - Parameter known: the keys that it may have; nil for any.
    func entries(known: [String]? = nil) throws(UserFileError) -> [UserFileNode] {
        if isEmpty { return [] }
        guard case .mapping(let pairs) = node.content else {
            throw error("expected a group of keys, found \(node.kindName)")
        }
        var seen: Set<String> = []
        var entries: [UserFileNode] = []
        for (key, value) in pairs {
            guard case .scalar(let name, _) = key.content else {
                throw UserFileError(line: key.line, key: path, text: "expected a key, found \(key.kindName)")
            }
            let entry = UserFileNode(name, at: key.line, in: self, value)
            if let known, !known.contains(name) {
                let match = nearest(to: name, among: known).map { "did you mean \($0)?" }
                throw entry.error("there is no such key; \(match ?? "keys here are " + known.joined(separator: ", "))")
            }
            guard seen.insert(name).inserted else { throw entry.error("this key is there twice; keep one") }
            entries.append(entry)
        }
        return entries
    }

    /// The key as the name of a user or role.
    func userName() throws(UserFileError) -> UserName {
        guard let name = UserName(key) else {
            throw error("a name is 1 to 64 letters, digits, '.', '_', '@' and '-'")
        }
        return name
    }

    // MARK: Values

    /// A single value.
    func text() throws(UserFileError) -> String {
        guard case .scalar(let text, _) = node.content, !isEmpty else {
            throw error("expected a single value, found \(node.kindName)")
        }
        return text
    }

    func truth() throws(UserFileError) -> Bool {
        let text = try text()
        switch text {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default: throw error("expected true or false, found \"\(text)\"")
        }
    }

    /// A list of texts, or texts that are separated by spaces, or nothing. None may be there twice. An item of a list may have
    /// spaces, as names of certificates do.
    func texts() throws(UserFileError) -> [String] {
        let texts = try items().flatMap { $0.isListed ? [$0.text] : UserFileNode.split($0.text) }
        if let text = texts.first(where: { text in texts.count { $0 == text } > 1 }) {
            throw error("\(text) is there twice; keep one")
        }
        return texts
    }

    /// Rules in the words of ACL SETUSER, as a list or separated by spaces.
    func rules() throws(UserFileError) -> Rules {
        var rules = Rules()
        for item in try items() {
            for word in UserFileNode.split(item.text) { try apply(word, at: item.line, to: &rules) }
        }
        return rules
    }

    private func apply(_ word: String, at line: Int, to rules: inout Rules) throws(UserFileError) {
        let bytes = Array(word.utf8)
        do throws(RuleFlaw) {
            guard let parsed = try RuleWord(parsing: bytes.span) else { throw .syntax }
            try rules.apply(parsed)
        } catch {
            throw UserFileError(line: line, key: path, text: "\(word): \(error.text)")
        }
    }

    private func items() throws(UserFileError) -> [(text: String, line: Int, isListed: Bool)] {
        switch node.content {
        case .scalar(let text, _): return [(text, node.line, false)]
        case .list(let nodes):
            var items: [(String, Int, Bool)] = []
            for item in nodes {
                guard case .scalar(let text, _) = item.content else {
                    throw UserFileError(line: item.line, key: path, text: "expected a text, found \(item.kindName)")
                }
                items.append((text, item.line, true))
            }
            return items
        case .mapping: throw error("expected a list, found \(node.kindName)")
        }
    }

    private static func split(_ text: String) -> [String] {
        text.split { $0 == " " || $0.isNewline }.map(String.init)
    }
}
