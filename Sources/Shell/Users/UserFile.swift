// The file of `users apply`: which roles and users there are to be, as YAML. What is wrong is told with line and key, before
// anything is sent.

import Access
import Bytes
import YAML

/// What is wrong with a file of users.
package struct UserFileError: Error, Equatable, CustomStringConvertible {
    /// From 1.
    package let line: Int
    /// `users.alice.roles`; empty for the whole file.
    package let key: String
    /// What was expected, and what was found.
    package let text: String

    package var description: String { "line \(line): " + (key.isEmpty ? "" : "\(key): ") + text }
}

/// A role that is to be there.
package struct DeclaredRole: Equatable, Sendable {
    package let name: UserName
    package let rules: Rules
    package let line: Int
}

/// A user who is to be there.
package struct DeclaredUser: Equatable, Sendable {
    /// The password, if the file says anything of it.
    package enum Password: Equatable, Sendable {
        /// The path of the file that has it, as it is written.
        case file(String)
        /// The SHA-256 digest, 64 hexadecimal digits.
        case digest(String)
    }

    package let name: UserName
    /// Roles, rules, certificates and all but secrets.
    package var user = User()
    package var password: Password?
    /// Whether a password that is not the declared one is replaced. Otherwise it is only given to who has none.
    package var rotates = false
    package let line: Int
}

/// A file of users and roles.
package struct UserFile: Equatable, Sendable {
    /// In the order of the file.
    package private(set) var roles: [DeclaredRole] = []
    package private(set) var users: [DeclaredUser] = []

    /// - Throws: the first thing that is wrong.
    package init(parsing bytes: [UInt8]) throws(UserFileError) {
        let document: YAMLNode?
        do throws(YAMLError) {
            document = try YAMLNode.parse(bytes)
        } catch {
            throw UserFileError(line: error.line, key: "", text: error.text)
        }
        guard let document else {
            throw UserFileError(line: 1, key: "", text: "nothing is here; expected roles: and users:")
        }
        let file = UserFileNode(document, "")
        for entry in try file.entries(known: ["roles", "users"]) {
            for declared in try entry.entries() {
                if entry.key == "roles" {
                    try add(role: declared)
                } else {
                    try add(user: declared)
                }
            }
        }
    }

    private mutating func add(role node: UserFileNode) throws(UserFileError) {
        let name = try node.userName()
        if Role.builtIn(name) != nil {
            throw node.error("this role is always there, and cannot be changed; choose another name")
        }
        roles.append(DeclaredRole(name: name, rules: try node.rules(), line: node.line))
    }

    private static let userKeys = [
        "roles", "rules", "certs", "needs", "until", "enabled", "nopass", "password_file", "password_sha256", "rotate",
    ]

    private mutating func add(user node: UserFileNode) throws(UserFileError) {
        var declared = DeclaredUser(name: try node.userName(), line: node.line)
        declared.user.isOn = true
        if !node.isEmpty {
            for field in try node.entries(known: UserFile.userKeys) { try declared.take(field) }
        }
        let user = declared.user
        let canLogInByPassword = user.isOn && user.needs == .any && user.until == nil && !user.hasNoPassword
        if declared.user.hasNoPassword, declared.password != nil {
            throw node.error("nopass and a password contradict each other; keep one")
        }
        if declared.rotates {
            guard case .file? = declared.password else { throw node.error("rotate needs a password_file") }
            guard canLogInByPassword else {
                throw node.error(
                    "rotate tries whether the password is right by logging in, which takes a user with enabled: true, and without "
                        + "until and needs: both")
            }
        }
        users.append(declared)
    }
}

extension DeclaredUser {
    fileprivate mutating func take(_ field: UserFileNode) throws(UserFileError) {
        switch field.key {
        case "roles":
            user.roles = try field.texts().map { text throws(UserFileError) in
                guard let role = UserName(text) else { throw field.error("\"\(text)\" cannot be the name of a role") }
                return role
            }
        case "rules": user.rules = try field.rules()
        case "certs":
            user.certificates = try field.texts().map { text throws(UserFileError) in
                guard let name = CertificateName(text) else {
                    throw field.error("expected cn:, dns:, email: or uri: and a name, found \"\(text)\"")
                }
                return name
            }
        case "needs":
            let text = try field.text()
            guard let needs = User.Needs(rawValue: text) else {
                throw field.error("expected any or both, found \"\(text)\"")
            }
            user.needs = needs
        case "until":
            let text = try field.text()
            guard text == "none" || Timestamp(parsing: text) != nil else {
                throw field.error("expected a time such as 2027-01-31T12:00:00Z, a date or none, found \"\(text)\"")
            }
            user.until = Timestamp(parsing: text)?.milliseconds
        case "enabled": user.isOn = try field.truth()
        case "nopass": user.hasNoPassword = try field.truth()
        case "rotate": rotates = try field.truth()
        default: try take(password: field)
        }
    }

    private mutating func take(password field: UserFileNode) throws(UserFileError) {
        let text = try field.text()
        guard password == nil else {
            throw field.error("the password is given twice; keep password_file or password_sha256")
        }
        if field.key == "password_file" {
            guard !text.isEmpty else { throw field.error("expected the path of a file") }
            password = .file(text)
        } else {
            guard SecretHash(digest: text) != nil else {
                throw field.error("expected 64 hexadecimal digits in lower case, as sha256sum prints them")
            }
            password = .digest(text)
        }
    }
}
