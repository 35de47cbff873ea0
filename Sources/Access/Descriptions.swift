// Users and roles as ACL LIST and ACL GETUSER show them. Hashes are masked unless they are asked for.

import Bytes
import OpenSSL

/// A field of ACL GETUSER.
package enum UserField: Equatable, Sendable {
    case text(String)
    case list([String])
}

extension User {
    /// A line of ACL LIST, in the words that ACL SETUSER takes.
    /// - Parameter showsHashes: whether hashes are shown instead of the ids of their secrets. The words of a masked line
    ///   do not make the user again.
    package func line(_ name: UserName, showsHashes: Bool = false) -> String {
        var words = ["user", name.text, isOn ? "on" : "off"]
        if hasNoPassword { words.append("nopass") }
        words += secrets.map { "#" + $0.shown(showsHashes) }
        words += rules.keys.map(\.text)
        words.append(rules.hasChannels ? "&*" : "resetchannels")
        words.append(rules.commandsText)
        words += roles.map { "role:\($0)" } + certificates.map { "cert:\($0)" }
        if needs != .any { words.append("needs:\(needs.rawValue)") }
        if let until { words.append("until:" + User.shown(until)) }
        return words.joined(separator: " ")
    }

    /// The fields of ACL GETUSER: those of Redis 7 first, then Puffin's.
    /// - Parameter showsHashes: as of `line`.
    package func fields(showsHashes: Bool = false) -> [(name: String, value: UserField)] {
        [
            ("flags", .list([isOn ? "on" : "off"] + (hasNoPassword ? ["nopass"] : []))),
            ("passwords", .list(secrets.map { $0.shown(showsHashes) })),
            ("commands", .text(rules.commandsText)), ("keys", .text(rules.keysText)),
            ("channels", .text(rules.channelsText)), ("selectors", .list([])), ("roles", .list(roles.map(\.text))),
            ("certs", .list(certificates.map(\.text))), ("needs", .text(needs.rawValue)),
            ("until", .text(until.map(User.shown) ?? "none")),
        ]
    }

    fileprivate static func shown(_ time: UInt64) -> String {
        var buffer = ByteBuffer()
        buffer.append(time: Timestamp(milliseconds: time))
        return String(buffer.bytes)
    }
}

extension Secret {
    /// `p1:scrypt`, with the time when it ends; or, if hashes are shown, the digest as Redis shows it, or another
    /// method's text.
    fileprivate func shown(_ showsHashes: Bool) -> String {
        if showsHashes { return hash.digest ?? hash.text }
        return "\(id):\(hash.method)" + (until.map { ",until=" + User.shown($0) } ?? "")
    }
}

/// Passwords that ACL GENPASS makes.
package enum GeneratedPassword {
    /// - Parameter bits: as asked for; 256 if nothing was.
    /// - Returns: hexadecimal digits, one for each four bits begun; nil for fewer than 1 bit or more than 4096.
    package static func make(bits: Int = 256) -> PlainSecret? {
        guard (1...4096).contains(bits) else { return nil }
        let digits = (bits + 3) / 4
        var random = RandomBytes.make((digits + 1) / 2)
        defer { random.cleanse() }
        var text: [UInt8] = []
        for byte in random { text += [byte &>> 4, byte & 15].map { $0 < 10 ? 0x30 + $0 : 0x57 + $0 } }
        defer { text.cleanse() }
        return PlainSecret(text.span.extracting(0..<digits))
    }
}
