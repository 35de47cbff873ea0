// Value types that only a server has.

import OpenSSL
import Server
import Settings
import Store

/// A server's configured role.
package enum ConfiguredMode: String, CaseIterable, Sendable {
    case leader, follower
}

extension Configuration {
    /// The initial role, until commands or handovers change it.
    package var mode: ConfiguredMode {
        get { replication.isFollower ? .follower : .leader }
        set {
            replication.isFollower = newValue == .follower
            // A follower's damaged data can be fetched from its leader again.
            store.damage = newValue == .follower ? .setAside : .refuse
        }
    }
}

extension ValueType<AckPolicy> {
    /// What an `OK` waits for.
    static var acknowledgements: ValueType {
        let words = ["local", "one", "all"]
        let count = ValueType<Int>.count(0...1000)
        return ValueType("local, one, all, or a number of followers, such as 2", words: words) { text in
            if words.contains(text) { return AckPolicy(text) }
            return count.read(text).map { $0 == 0 ? .local : .followers($0) }
        }
    }
}

extension ValueType<Password?> {
    /// A password, or none.
    static var password: ValueType {
        let sizes = Password.sizes
        let allowed = "\(sizes.lowerBound) to \(sizes.upperBound) bytes without control characters, or none"
        return ValueType(allowed, words: ["none"]) { text in
            text == "none" ? .some(nil) : Password(text).map { .some($0) }
        }
    }
}

extension ValueType<[LinkSecret]> {
    /// Secrets of servers, or none.
    static var secrets: ValueType {
        let sizes = LinkSecret.sizes
        let allowed = "lines of \(sizes.lowerBound) to \(sizes.upperBound) bytes without control characters, or none"
        return ValueType(allowed, words: ["none"]) { text in
            if text == "none" { return [] }
            let lines = text.split(separator: "\n")
            let secrets = lines.compactMap { LinkSecret($0) }
            return secrets.count == lines.count && (1...8).contains(secrets.count) ? secrets : nil
        }
    }
}

extension ValueType<String?> {
    /// A file's path, or none.
    static var optionalFile: ValueType {
        ValueType("the path of a file, such as /etc/puffin/server.pem, or none", words: ["none"]) { text in
            if text == "none" { return .some(nil) }
            guard !text.isEmpty, !text.hasSuffix("/"), !text.utf8.contains(0) else { return nil }
            return .some(text)
        }
    }
}

extension ValueType<KeyPassword?> {
    /// A password, or none.
    static var keyPassword: ValueType {
        ValueType("1 to 1024 bytes, or none", words: ["none"]) { text in
            if text == "none" { return .some(nil) }
            guard (1...1024).contains(text.utf8.count) else { return nil }
            return .some(KeyPassword(text))
        }
    }
}

extension ValueType<TLSVersion> {
    /// A version of TLS.
    static var tlsVersion: ValueType {
        ValueType("1.2 or 1.3", words: ["1.2", "1.3"], form: .number) { ["1.2": .tls12, "1.3": .tls13][$0] }
    }
}
