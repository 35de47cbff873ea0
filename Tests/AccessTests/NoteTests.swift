import Access
import Bytes
import Testing

/// Users and roles as JSON.
struct NoteTests {
    private func user(_ text: String) throws(NoteError) -> User {
        let bytes = Array(text.utf8)
        return try User(note: bytes.span)
    }

    private func role(_ text: String) throws(NoteError) -> Role {
        let bytes = Array(text.utf8)
        return try Role(note: bytes.span)
    }

    @Test(
        "a note of a user comes back as it was",
        arguments: [
            #"{"on":true,"roles":["orders"],"secrets":[{"id":"p1","hash":"\#(SecretTests.scrypt)"}],"certs":["cn:alice"]}"#,
            #"{"on":false}"#, #"{"on":true,"rules":"+@all -config|set ~a\\*b ~ключ* &*","nopass":true}"#,
            #"{"on":true,"secrets":[{"id":"t2","hash":"token:\#(UserChangeTests.digest)","until":1764000000123},{"id":"p1","hash":"sha256:\#(UserChangeTests.digest)"}],"needs":"both","until":9007199254740991}"#,
        ])
    func users(text: String) throws {
        let user = try user(text)
        #expect(String(decoding: user.note, as: UTF8.self) == text)
        // Blanks between the tokens of JSON.
        let spread = text.replacing("\":", with: "\" : ").replacing(",\"", with: " , \"")
        #expect(try self.user(spread) == user)
    }

    @Test("a note of a role comes back as it was")
    func roles() throws {
        let text = #"{"rules":"+@read +@write ~orders:* %R~config:*"}"#
        let role = try role(text)
        #expect(role.rules.keys.count == 2 && String(decoding: role.note, as: UTF8.self) == text)
        for (name, rules, summary) in Role.builtIn {
            let role = try #require(UserName(name).flatMap(Role.builtIn))
            #expect(role.rules.text == rules && !summary.isEmpty, "\(name)")
            #expect(try Role(note: role.note.span) == role)
        }
    }

    @Test(
        "a note that is wrong is an error: an unknown field may be a restriction",
        arguments: [
            ("", .notJSON), ("[]", .notJSON), ("{", .notJSON), (#"{"on":true} x"#, .notJSON), ("true", .notJSON),
            (#"{"on":true,"hours":"9-17"}"#, .unknownField("hours")), (#"{}"#, .missingField("on")),
            (#"{"on":true,"on":false}"#, .repeatedField("on")), (#"{"on":1}"#, .wrongType("on")),
            (#"{"on":null}"#, .wrongType("on")),
            (#"{"on":true,"roles":"x"}"#, .wrongType("roles")), (#"{"on":true,"roles":[1]}"#, .wrongType("roles")),
            (#"{"on":true,"until":-1}"#, .wrongType("until")), (#"{"on":true,"until":1.5}"#, .wrongType("until")),
            (#"{"on":true,"until":9007199254740992}"#, .wrongType("until")),
            (#"{"on":true,"secrets":[{"id":"p1"}]}"#, .missingField("hash")),
            (#"{"on":true,"secrets":[{"hash":"$x$"}]}"#, .missingField("id")),
            (
                #"{"on":true,"secrets":[{"id":"p1","hash":"$argon2id$x"}]}"#,
                .wrongValue("hash", "a method that this version does not know")
            ),
            (#"{"on":true,"secrets":[{"id":"q1","hash":"$x$"}]}"#, .wrongValue("id", "p or t, and a number")),
            (
                #"{"on":true,"secrets":[{"id":"p1","hash":"\#(SecretTests.scrypt)","from":"10.0.0.0/8"}]}"#,
                .unknownField("from")
            ),
            (#"{"on":true,"needs":"all"}"#, .wrongValue("needs", "any or both")),
            (#"{"on":true,"rules":"+frob"}"#, .wrongValue("rules", "+frob: " + RuleFlaw.unknownCommand.text)),
            (
                #"{"on":true,"nopass":true,"secrets":[{"id":"p1","hash":"\#(SecretTests.scrypt)"}]}"#,
                .wrongValue("nopass", "there are secrets")
            ),
            (#"{"on":true,"x":[[[[[]]]]]}"#, .notJSON),
        ] as [(String, NoteError)])
    func errors(text: String, expected: NoteError) {
        #expect(throws: expected) { try user(text) }
        #expect(!expected.text.isEmpty && !expected.text.hasSuffix(".") && !expected.code.contains(" "))
    }

    @Test("lists with a name that is none, or is there twice, and notes that are too large, are errors")
    func limits() {
        for text in [#""roles":["a","a"]"#, #""roles":["a b"]"#, #""certs":["alice"]"#] {
            #expect(throws: NoteError.self) { try user("{\"on\":true,\(text)}") }
        }
        let large = #"{"on":true,"rules":""# + String(repeating: " ", count: NoteLimits.size) + "\"}"
        #expect(throws: NoteError.tooLarge(large.utf8.count)) { try user(large) }
        #expect(throws: NoteError.missingField("rules")) { try role("{}") }
        #expect(throws: NoteError.unknownField("on")) { try role(#"{"rules":"","on":true}"#) }
        let bytes: [UInt8] = Array(#"{"on":true,"rules":"~"#.utf8) + [0xff] + Array("\"}".utf8)
        #expect(throws: NoteError.notJSON) { try User(note: bytes.span) }
    }
}
