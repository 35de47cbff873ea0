// Users and roles as `puffin-server users` prints them. No hash leaves the files by it.

import Access
import Bytes
import Commands
import Inspection

/// The users and roles at a moment.
struct UserListing {
    /// One way by which a user could reach keys.
    struct Way {
        let user: UserName
        /// The role; nil for the user's own rules.
        let role: UserName?
        let reach: KeyReach
        /// Whether the user could log in at the moment.
        let canLogIn: Bool
    }

    fileprivate let notes: PastNotes
    fileprivate let directory: Directory
    /// In Unix milliseconds.
    fileprivate let time: UInt64

    /// - Parameter time: whether users could log in is asked for this moment, in Unix milliseconds.
    init(_ notes: PastNotes, at time: UInt64) {
        var directory = Directory()
        for entry in notes.entries { _ = directory.apply(kind: entry.kind, name: entry.name, value: entry.value.span) }
        (self.notes, self.directory, self.time) = (notes, directory, time)
    }

    /// By which roles, or rules of their own, users could reach keys with a prefix.
    func reaches(_ access: KeyAccess, prefix: [UInt8]) -> [Way] {
        directory.userNames.flatMap { name -> [Way] in
            guard let user = directory.user(name) else { return [] }
            let sets: [(UserName?, Rules)] =
                [(nil, user.rules)] + user.roles.compactMap { role in directory.role(role).map { (role, $0.rules) } }
            return sets.compactMap { role, rules in
                rules.reach(access, prefix: prefix).map {
                    Way(user: name, role: role, reach: $0, canLogIn: user.canLogIn(at: time))
                }
            }
        }
    }

    /// The words of a note in those of ACL SETUSER and ACL ROLE SET, or why it cannot be read.
    fileprivate func text(of entry: PastNotes.Entry) -> String {
        guard let kind = NoteKind(rawValue: entry.kind), let name = UserName(entry.name) else {
            return "\(entry.kind) \(entry.name): of a kind that this version does not know"
        }
        if let error = directory.unreadable[kind]?[name] {
            return "\(kind.rawValue) \(name): unreadable: \(error.text)"
        }
        if kind == .user, let user = directory.user(name) { return user.line(name) }
        return "role \(name) \(directory.role(name)?.rules.text ?? "")"
    }

    fileprivate var heading: String {
        let users = notes.entries.count { $0.kind == NoteKind.user.rawValue }
        let roles = notes.entries.count { $0.kind == NoteKind.role.rawValue }
        return "\(counted(users, "user")), \(counted(roles, "role")), as of change \(notes.seq)"
    }

    /// What everybody could do who connected to a server without users.
    fileprivate var remark: String? {
        directory.hasUsers ? nil : "Without users, everybody who reached the server had all rights where it was open"
    }
}

extension ByteBuffer {
    mutating func append(lines listing: UserListing) {
        append(text: listing.heading + "\n")
        for entry in listing.notes.entries {
            append(text: listing.text(of: entry))
            if let origin = entry.origin {
                append(text: "  (change \(origin.seq), \(text(origin.timestamp))")
                if let author = origin.author { append(text: ", by \(author)") }
                append(")")
            }
            append(UInt8(ascii: "\n"))
        }
        if let remark = listing.remark { append(text: remark + "\n") }
    }

    mutating func append(objects listing: UserListing) {
        for entry in listing.notes.entries {
            var value = ByteBuffer()
            value.append(masking: entry.value.span)
            append(json: .compact) { json in
                json.object { json in
                    json.member("kind", entry.kind)
                    json.member("name", entry.name)
                    if let origin = entry.origin {
                        json.member("seq", origin.seq)
                        json.member("ts", origin.timestamp)
                        json.member("time", text(origin.timestamp))
                        if let author = origin.author { json.member("by", author) }
                    }
                    json.name("value")
                    json.plain(value.bytes)
                }
            }
            append("\n")
        }
    }

    mutating func append(lines ways: [UserListing.Way], of listing: UserListing, _ subject: String) {
        append(text: "Who could \(subject) at \(text(listing.time)), as of change \(listing.notes.seq):\n")
        let rows = ways.map { way in
            (way.user.text, way.role.map { "role \($0)" } ?? "own rules", way.reach.rules.map(\.text))
        }
        let widths = (rows.map { $0.0.count }.max() ?? 0, rows.map { $0.1.count }.max() ?? 0)
        for (way, row) in zip(ways, rows) {
            append(text: aligned(row.0, widths.0) + "  " + aligned(row.1, widths.1) + "  ")
            append(text: (way.reach.isComplete ? "all" : "some") + "  " + row.2.joined(separator: " "))
            append(text: way.canLogIn ? "\n" : "  (could not log in)\n")
        }
        if ways.isEmpty, listing.directory.hasUsers { append("nobody\n") }
        if let remark = listing.remark { append(text: remark + "\n") }
    }

    mutating func append(objects ways: [UserListing.Way]) {
        for way in ways {
            append(json: .compact) { json in
                json.object { json in
                    json.member("user", way.user.text)
                    json.member("by", way.role.map { "role:\($0)" } ?? "rules")
                    json.member("keys", way.reach.rules.map(\.text))
                    json.member("all", way.reach.isComplete)
                    json.member("commands", way.reach.commands)
                    json.member("login", way.canLogIn)
                }
            }
            append("\n")
        }
    }
}
