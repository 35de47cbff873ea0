import Access
import Bytes
import TestSupport
import Testing

/// Words and notes that nobody would write: they are refused or mean one thing, and never stop the program.
struct RandomInputTests {
    @Test("a random word is refused, or its text is read as the same", arguments: SeededRandom.seeds(4))
    func words(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let alphabet = Array("+-@~%RW&*?[]\\()<>#!|:.aget\u{1}\u{7f} é".utf8) + [0, 0xff]
        let beginnings = ["", "+", "-@", "~", "%R~", "+config|", "role:", "-cert:cn:", "until:", "#", ">", "needs:"].map
        { Array($0.utf8) }
        var accepted = 0
        for _ in 0..<5000 {
            let word = beginnings[random.below(beginnings.count)] + random.bytes(random.below(6), from: alphabet)
            var change = UserChange()
            try? change.append(word.span)
            guard let rule = try? RuleWord(parsing: word.span) else { continue }
            accepted += 1
            var rules = Rules()
            try? rules.apply(rule)
            #expect((try? Rules(parsing: rules.text)) == rules, "\(word)")
        }
        #expect(accepted > 100)
    }

    @Test("a note with a changed byte is refused, or is read as the same again", arguments: SeededRandom.seeds(4))
    func notes(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let note = try UserChangeTests.apply(
            "on #\(UserChangeTests.digest) role:a role:b cert:cn:x until:2030-01-01 needs:both +@all -config|set ~a* %R~b &*"
        ).note
        var accepted = 0
        for _ in 0..<3000 {
            var changed = note
            for _ in 0...random.below(2) { changed[random.below(changed.count)] = UInt8(random.below(256)) }
            if random.below(4) == 0 { changed.removeLast(random.below(changed.count)) }
            guard let user = try? User(note: changed.span) else { continue }
            accepted += 1
            #expect((try? User(note: user.note.span)) == user, "\(String(decoding: changed, as: UTF8.self))")
        }
        #expect(accepted > 10)
    }

    @Test("random bytes are no tokens, and secrets are not right by chance", arguments: SeededRandom.seeds(2))
    func secrets(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let name = try #require(UserName("u"))
        let (token, plain) = Token.make(for: name)
        let user = try #require(try UserChangeTests.apply("on").adding(token, until: nil)).user
        let text = plain.withBytes { Array($0) }
        #expect(SecretChecks.check(text.span, of: user, at: 0) == .right(token.hash))
        for index in text.indices {
            var other = text
            other[index] ^= 1 &<< UInt8(random.below(8))
            #expect(SecretChecks.check(other.span, of: user, at: 0) == .needsScrypt([.dummy], counts: false))
            let shorter = Array(text[..<index])
            #expect(SecretChecks.check(shorter.span, of: user, at: 0) == .needsScrypt([.dummy], counts: false))
        }
    }
}
