import Foundation
import TestSupport
import Testing

/// Views, in a pipe.
@Suite("puffin-cli: stats, latency, top")
struct ViewCommandTests {
    @Test("stats --watch writes one block after the other, or one object a line")
    func stats() throws {
        try withTool { tool, _ in
            _ = try tool("set", "a", "1")
            let blocks = try tool("stats", "--watch", "--count", "2", "--interval", "1ms").output.components(
                separatedBy: "\n\n")
            #expect(blocks.count == 2)
            for block in blocks {
                #expect(block.hasPrefix("\(tool.address)  leader  up ") && block.contains("\npairs         1"))
            }
            let objects = try tool("stats", "--count", "3", "--interval", "1ms", "--format", "json").output
            #expect(objects.split(separator: "\n").count == 3)
            #expect(try tool("stats").output.contains("\npairs 1\n"))
        }
    }

    @Test("latency ends after --count pings")
    func latency() throws {
        try withTool { tool, _ in
            let found = try tool("latency", "--count", "20", "--interval", "1ms").output
            #expect(found.hasPrefix("20 pings: min ") && found.contains(", p99 ") && found.hasSuffix("\n"), "\(found)")
            let json = try tool("latency", "--count", "5", "--interval", "1ms", "--format", "json").output
            #expect(json.hasPrefix("{\"pings\":5,\"min\":"))
        }
    }

    @Test("top shows the largest keys")
    func top() throws {
        try withTool { tool, _ in
            let lines = (1...50).map { "SET k\($0) \(String(repeating: "v", count: $0 * 30))\n" }.joined()
            _ = try tool("-file", "-", input: lines)
            let found = try tool("top", "--count", "2").output.split(separator: "\n")
            #expect(found.count == 4 && found[0].hasPrefix("50 of 50 keys sampled, sizes from "))
            #expect(found[1] == "bytes  key" && found[2].hasSuffix("  k50") && found[3].hasSuffix("  k49"))
            let json = try tool("top", "--count", "1", "--format", "json").output
            #expect(json.hasPrefix("{\"key\":\"k50\",\"bytes\":"))
            #expect(try tool("top", "--sample", "5", "--count", "9").output.split(separator: "\n").count <= 7)
        }
    }
}
