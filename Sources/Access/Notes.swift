// Users and roles as notes of the log: JSON objects, each the whole of a user or role.
//
//     {"on":true,"roles":["orders"],"secrets":[{"id":"p1","hash":"$scrypt$…"}],"certs":["cn:alice"]}
//     {"rules":"+@read +@write ~orders:* %R~config:*"}
//
// A field that is missing has no effect; one that is unknown is an error, because it may be a restriction.

import Bytes

extension User {
    /// Reads a note.
    package init(note: Span<UInt8>) throws(NoteError) {
        var fields = try NoteValue.fields(of: note)
        guard let isOn = try fields.boolean("on") else { throw .missingField("on") }
        self.init()
        self.isOn = isOn
        roles = try User.list(try fields.texts("roles"), "roles", { UserName($0) })
        rules = try fields.rules("rules") ?? Rules()
        for secret in try fields.objects("secrets") { secrets.append(try Secret(secret)) }
        guard secrets.count <= User.secretLimit, Set(secrets.map(\.id)).count == secrets.count else {
            throw .wrongValue("secrets", "more than \(User.secretLimit), or two with one id")
        }
        certificates = try User.list(try fields.texts("certs"), "certs", { CertificateName($0) })
        if let text = try fields.text("needs") {
            guard let needs = Needs(rawValue: text) else { throw .wrongValue("needs", "any or both") }
            self.needs = needs
        }
        until = try fields.number("until")
        hasNoPassword = try fields.boolean("nopass") ?? false
        guard !hasNoPassword || secrets.isEmpty else { throw .wrongValue("nopass", "there are secrets") }
        try fields.end()
    }

    private static func list<Name: Hashable>(
        _ texts: [String], _ field: String, _ make: (String) -> Name?
    ) throws(NoteError) -> [Name] {
        let names = texts.compactMap(make)
        guard names.count == texts.count, names.count <= User.listLimit, Set(names).count == names.count else {
            throw .wrongValue(field, "a name that is none, one that is there twice, or more than \(User.listLimit)")
        }
        return names
    }

    /// The user as a note; the same for equal users.
    package var note: [UInt8] {
        var buffer = ByteBuffer()
        buffer.append(json: .compact) { json in
            json.object { json in
                json.member("on", isOn)
                if !roles.isEmpty { json.member("roles", roles.map(\.text)) }
                if !rules.text.isEmpty { json.member("rules", rules.text) }
                if !secrets.isEmpty { json.member("secrets", list: { json in secrets.forEach { json.append($0) } }) }
                if !certificates.isEmpty { json.member("certs", certificates.map(\.text)) }
                if needs != .any { json.member("needs", needs.rawValue) }
                if let until { json.member("until", until) }
                if hasNoPassword { json.member("nopass", true) }
            }
        }
        return Array(buffer.bytes)
    }
}

extension Secret {
    fileprivate init(_ given: NoteFields) throws(NoteError) {
        var fields = given
        guard let id = try fields.text("id") else { throw .missingField("id") }
        guard Secret.number(ofID: id) != nil else { throw .wrongValue("id", "p or t, and a number") }
        guard let text = try fields.text("hash") else { throw .missingField("hash") }
        guard let hash = SecretHash(text) else { throw .wrongValue("hash", "a method that this version does not know") }
        self.init(id: id, hash: hash, until: try fields.number("until"))
        try fields.end()
    }
}

extension JSONWriter {
    fileprivate mutating func append(_ secret: Secret) {
        object { json in
            json.member("id", secret.id)
            json.member("hash", secret.hash.text)
            if let until = secret.until { json.member("until", until) }
        }
    }
}

extension Role {
    /// Reads a note.
    package init(note: Span<UInt8>) throws(NoteError) {
        var fields = try NoteValue.fields(of: note)
        guard let rules = try fields.rules("rules") else { throw .missingField("rules") }
        self.init(rules: rules)
        try fields.end()
    }

    /// The role as a note.
    package var note: [UInt8] {
        var buffer = ByteBuffer()
        buffer.append(json: .compact) { json in json.object { $0.member("rules", rules.text) } }
        return Array(buffer.bytes)
    }
}
