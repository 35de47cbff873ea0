import Bytes
import Shell
import Testing
import Wire

/// Figures as views show them.
struct ViewTests {
    @Test("a view of the statistics says how fast they change")
    func stats() {
        let first = StatsSample(
            figures: [
                "role": "leader", "uptime_seconds": "3661", "requests": "100", "pairs": "5", "seq": "9", "durable": "7",
                "memory_bytes": "1048576", "memory_limit_bytes": "10485760", "received_bytes": "0",
                "compaction": "idle",
            ], time: 1)
        var figures = first.figures
        figures["requests"] = "2100"
        figures["pairs"] = "3"
        figures["received_bytes"] = "4096"
        let lines = StatsView.lines(StatsSample(figures: figures, time: 3), since: first, of: "h:1")
        #expect(
            lines == [
                "h:1  leader  up 1h 1m", "requests      1,000/s, 2,100 so far", "pairs         3 (-1/s)",
                "memory        1.0 MiB of 10.0 MiB, 10 %", "received      2.0 KiB/s, 4.0 KiB so far",
                "changes       number 9", "not on disk   2", "compaction    idle",
            ])
        #expect(StatsView.lines(first, since: nil, of: "h:1").contains("requests      100 so far"))
        // After a restart counts begin anew, and there is no rate.
        figures["requests"] = "5"
        let restarted = StatsView.lines(StatsSample(figures: figures, time: 3), since: first, of: "h:1")
        #expect(restarted.contains("requests      5 so far"))
    }

    @Test("the most requested keys are a table, and a line of JSON each")
    func hotKeys() {
        let row: Reply = .array([.bulk(Array("two words".utf8)), .integer(12_345), .integer(7)])
        let rows = HotKeyRow.rows(of: .array([row])) ?? []
        #expect(rows == [HotKeyRow(key: Array("two words".utf8), requests: 12_345, changes: 7)])
        #expect(
            HotKeyView.lines(rows, of: "h:1") == [
                "  requests/s     changes/s  key", "      12,345             7  \"two words\"",
            ])
        #expect(HotKeyView.lines([], of: "h:1") == ["h:1  no requests for keys"])
        var json = ByteBuffer()
        json.append(jsonLine: rows[0])
        #expect(
            String(json.bytes)
                == "{\"key\":\"two words\",\"requests_per_second\":12345,\"changes_per_second\":7}\n")
        for reply in [
            Reply.integer(1), .array([.integer(1)]), .array([.array([.integer(1), .integer(1), .integer(1)])]),
        ] {
            #expect(HotKeyRow.rows(of: reply) == nil)
        }
    }

    @Test("the largest of many keys, the largest first")
    func largest() {
        var largest = LargestKeys(limit: 3)
        for (index, size) in [5, 1, 9, 9, 2, 7, 0].enumerated() { largest.add([UInt8(index)], size: size) }
        largest.add([2], size: 9)
        #expect(largest.entries.map(\.size) == [9, 9, 7])
        #expect(largest.entries.map(\.key) == [[2], [3], [5]])
        #expect(largest.count == 7 && largest.size == 33)
    }

    @Test("round trips in a few numbers")
    func latency() {
        var summary = LatencySummary()
        #expect(summary.text == "0 pings" && summary.json == "{\"pings\":0}")
        for _ in 0..<99 { summary.record(nanoseconds: 1000) }
        summary.record(nanoseconds: 5_000_000)
        #expect(summary.text.hasPrefix("100 pings: min 1.00 µs, avg 51.0 µs, p50 1.00 µs"), "\(summary.text)")
        #expect(summary.json.hasPrefix("{\"pings\":100,\"min\":1.0,\"avg\":51."), "\(summary.json)")
    }
}
