import Bytes
import FuzzChecks
import TestSupport
import Testing
import Wire

@Suite("The request parser")
struct RequestParserTests {
    private static let inputs: [[UInt8]] =
        LineDialectTests.lines.map(\.input.bytes) + RESPDialectTests.requests.map(\.input.bytes)

    /// The bytes said to be missing after each of `cuts`; nil if the request is complete.
    private func missing(_ input: [UInt8], cuts: [Int]) -> [Int?] {
        var parser = RequestParser(limits: Transcript.limits)
        return cuts.map { cut in
            let bytes = Array(input[..<cut])
            switch parser.parse(bytes.span) {
            case .incomplete(let missing): return missing
            case .complete, .malformed: return nil
            }
        }
    }

    @Test("a request is never complete with fewer bytes than were said to be missing", arguments: inputs.indices)
    func missingIsNeverOverstated(index: Int) {
        let input = RequestParserTests.inputs[index]
        let cuts = Array(0..<input.count)
        let growing = missing(input, cuts: cuts)
        for cut in cuts {
            let fresh = missing(input, cuts: [cut])
            for size in [growing[cut], fresh[0]] {
                guard let size else {
                    Issue.record("not incomplete after \(cut) of \(input.count) bytes")
                    continue
                }
                #expect(size >= 1)
                #expect(cut + size <= input.count)
                let oneLess = missing(input, cuts: [cut, cut + size - 1])
                #expect(oneLess[1] != nil)
            }
        }
    }

    @Test("inside a bulk string all of its rest is reported as missing")
    func missingOfBulk() {
        let head = "*2\r\n$4\r\nECHO\r\n$400\r\n".bytes
        let input = head + [UInt8](repeating: 0x61, count: 400) + "\r\n".bytes
        let found = missing(input, cuts: [head.count, head.count + 1, input.count - 1])
        #expect(found == [402, 401, 1])
    }

    @Test("a parser asked again without new bytes answers the same")
    func idempotent() {
        for input in RequestParserTests.inputs {
            for cut in 0..<input.count {
                let found = missing(input, cuts: [cut, cut, cut])
                #expect(found[0] == found[1] && found[1] == found[2])
            }
        }
    }

    @Test(
        "garbage is complete, incomplete or malformed, and never uses more than there is",
        arguments: SeededRandom.seeds(40))
    func garbage(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let alphabet = "*$:+-0123456789 \"\\nu\r\nSET ECHO a".bytes + [0, 0x80, 0xff]
        var counts = (complete: 0, incomplete: 0, malformed: 0)
        var parser = RequestParser(limits: Transcript.limits)
        for _ in 0..<2_000 {
            let bytes = garbage(&random, alphabet)
            switch parser.parse(bytes.span) {
            case .complete(let used):
                #expect(used > 0 && used <= bytes.count)
                split(&parser, bytes, form: random.below(2) == 0 ? .words : .rest(afterWords: random.below(4)))
                counts.complete += 1
            case .incomplete(let missing):
                #expect(missing >= 1)
                // The parser keeps its position in these bytes: other bytes need another parser.
                parser = RequestParser(limits: Transcript.limits)
                counts.incomplete += 1
            case .malformed:
                counts.malformed += 1
            }
        }
        #expect(counts.complete > 0 && counts.incomplete > 0 && counts.malformed > 0, "\(counts)")
    }

    /// Random bytes, random bytes of the protocol, or a good request with a few bytes changed.
    private func garbage(_ random: inout SeededRandom, _ alphabet: [UInt8]) -> [UInt8] {
        switch random.below(3) {
        case 0: return random.bytes(1 + random.below(60))
        case 1: return random.bytes(1 + random.below(60), from: alphabet)
        default:
            var bytes = RequestParserTests.inputs[random.below(RequestParserTests.inputs.count)]
            for _ in 0..<random.below(3) { bytes[random.below(bytes.count)] = alphabet[random.below(alphabet.count)] }
            return bytes
        }
    }

    /// Splits a line, and walks the arguments: each lies inside the bytes, or this traps.
    private func split(_ parser: inout RequestParser, _ bytes: [UInt8], form: LineForm) {
        do {
            if parser.dialect == .line { try parser.splitLine(bytes.span, form: form) }
        } catch {
            return
        }
        let arguments = parser.arguments(in: bytes.span)
        let size = (0..<arguments.count).reduce(0) { $0 + arguments[$1].count }
        #expect(size <= bytes.count)
    }

    @Test("garbage comes out the same, however it is cut", arguments: SeededRandom.seeds(20))
    func garbageCut(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let alphabet = "*$0123456789 \"\\n\r\nSET a".bytes
        for _ in 0..<300 {
            let input = (0..<4).flatMap { _ in garbage(&random, alphabet) }
            let cuts = (0..<random.below(6)).map { _ in random.below(input.count + 1) }.sorted()
            let (whole, cut) = (Transcript(input), Transcript(input, cuts: cuts))
            #expect(whole == cut, "cut at \(cuts)")
        }
    }
}
