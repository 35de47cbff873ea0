import Bytes
import FuzzChecks
import TestSupport
import Testing

@Suite("Patterns")
struct GlobPatternTests {
    private func isMatch(_ pattern: String, _ text: String) -> Bool {
        let (pattern, text) = (Array(pattern.utf8), Array(text.utf8))
        return GlobPattern(pattern.span).matches(text.span)
    }

    static let matching = [
        ("*", ""), ("*", "anything"), ("", ""), ("user:*", "user:"), ("user:*", "user:1"), ("h?llo", "hallo"),
        ("*lo", "hello"),
        ("h[ae]llo", "hello"), ("h[^e]llo", "hallo"), ("h[a-b]llo", "hbllo"), ("h[b-a]llo", "hallo"), ("\\*", "*"),
        ("a\\", "a\\"),
        ("[a\\]]", "]"), ("[\\a-z]", "-"), ("[a-]]", "]"), ("[abc", "b"), ("[^", "x"), ("[^]", "x"),
        ("*a*b*c*", "xaxbxcx"),
        ("*ab*ab", "abab"), ("?*?", "ab"), ("**?**", "a"), ("*aab", "aaab"), ("[a", "a"),
    ]

    @Test("patterns match as in Redis", arguments: matching)
    func matches(pattern: String, text: String) { #expect(isMatch(pattern, text)) }

    static let others = [
        ("", "a"), ("a", ""), ("?", ""), ("user:*", "user"), ("h?llo", "hllo"), ("h[^e]llo", "hello"), ("\\*", "a"),
        ("[]", "a"),
        ("[", "["), ("[\\a-z]", "b"), ("*ab*ab", "ab"), ("?*?", "a"), ("*a*b*c*", "cba"), ("a*", "ba"), ("*a", "ab"),
        ("a*a", "a"),
    ]

    @Test("what does not match does not", arguments: others)
    func matchesNot(pattern: String, text: String) { #expect(!isMatch(pattern, text)) }

    @Test("patterns of few letters match as a literal reading of the rules", arguments: SeededRandom.seeds(5))
    func random(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let (letters, signs) = (Array("ab".utf8), Array("ab*?[]^-\\".utf8))
        for round in 0..<4_000 {
            // Some of many stars, some of many sets, and of a few bytes that are no letters.
            let size = random.below(round % 8 == 0 ? 40 : 10)
            var pattern = (0..<size).map { _ in
                random.below(3) > 0 ? letters[random.below(2)] : signs[random.below(signs.count)]
            }
            if round % 16 == 0 {
                pattern = pattern.map { $0 == UInt8(ascii: "-") ? UInt8(truncatingIfNeeded: random.next()) : $0 }
            }
            let text = (0..<random.below(round % 8 == 0 ? 60 : 14)).map { _ in letters[random.below(2)] }
            try checkPattern(pattern, on: text)
        }
    }

    @Test("literals between stars are searched in time that grows with the text")
    func linearSearch() {
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: 64 << 10)
        let literal = [UInt8](repeating: UInt8(ascii: "a"), count: 30 << 10)
        let pattern = GlobPattern((Array("*".utf8) + literal + Array("b*".utf8)).span)
        var progress = GlobPattern.Progress()
        var steps = 4 * text.count
        #expect(pattern.matches(text.span, &progress, steps: &steps) == false)
        #expect(steps > 0)
    }

    @Test("the worst pattern on the longest key pauses when its steps are used up, and goes on")
    func pausing() {
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: 64 << 10)
        let sets = Array(String(repeating: "[ab]", count: 1000).utf8)
        let pattern = GlobPattern((Array("*".utf8) + sets + Array("b*".utf8)).span)
        var progress = GlobPattern.Progress()
        var portions = 0
        while true {
            var steps = 1 << 20
            portions += 1
            guard let found = pattern.matches(text.span, &progress, steps: &steps) else { continue }
            #expect(!found && portions > 50)
            return
        }
    }

    @Test(
        "a pattern is as long as it may be, whatever it is made of, and takes memory in proportion",
        arguments: ["*", "?", "a", "[", "[^", "[ab]", "\\", "[a-z0-9"])
    func longest(unit: String) {
        let source = Array(String(repeating: unit, count: GlobPattern.sizeLimit / unit.utf8.count).utf8)
        let pattern = GlobPattern(source.span)
        #expect(pattern.size < 32 * source.count)
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: 100)
        #expect(pattern.matches(text.span) == (unit == "*"))
    }
}
