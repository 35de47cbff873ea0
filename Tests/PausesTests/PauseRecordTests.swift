import Bytes
import Histogram
import Pauses
import Testing

/// The bookkeeping of pauses. Times here are made up; nothing is measured.
@Suite("Pauses")
struct PauseRecordTests {
    /// Pings each millisecond that are answered after 20 µs, but for the one at 5 ms, which takes 3.5 ms, and those that
    /// go out meanwhile. The meter is late by 1 µs, and by 400 µs with the last.
    private func record(keeping keeps: Int = 10) -> PauseRecord {
        var record = PauseRecord(keeping: keeps)
        for index in 0..<10 {
            let due = index * 1_000_000
            let sent = due + (index == 9 ? 400_000 : 1000)
            record.add(Ping(intended: due, sent: sent, answered: (5...8).contains(index) ? 8_501_000 : sent + 20_000))
        }
        return record
    }

    @Test("each ping held up by a pause shows it, and the meter's lateness is separate")
    func views() {
        let record = record()
        let over = { (histogram: Histogram<UInt64>, limit: Int) in
            histogram.recordedValues().reduce(0) { $0 + ($1.value > limit ? Int($1.count) : 0) }
        }
        #expect(over(record.sent, 450_000) == 4)
        #expect(over(record.intended, 450_000) == 4)
        #expect(over(record.sent, 300_000) == 4)
        #expect(over(record.intended, 300_000) == 5, "the late ping is late for a client with a schedule")
        #expect(over(record.wakeup, 300_000) == 1)
        #expect([record.sent, record.intended, record.wakeup].allSatisfy { $0.totalCount == 10 })
    }

    @Test("pings that wait for a slow one are one pause with it; the longest come first, and no more than wanted")
    func longest() {
        let pauses = record().pauses
        #expect(pauses.count == 7)
        #expect(pauses[0].first == Ping(intended: 5_000_000, sent: 5_001_000, answered: 8_501_000))
        #expect(pauses[0].waited == 3 && pauses[0].length == 3_500_000)
        #expect(pauses[1...].allSatisfy { $0.length == 20_000 && $0.waited == 0 })
        #expect(record(keeping: 2).pauses == Array(pauses.prefix(2)))
    }

    @Test("the report has each view and the time of day of the longest")
    func report() {
        let start = Timestamp(milliseconds: 1_768_473_000_250)
        let text = record().table(start: start)
        #expect(text.hasPrefix("10 pings; microseconds:\n"))
        #expect(text.contains("2026-01-15T10:30:00.255Z"))
        for label in ["from the intended start", "from the actual send", "the meter's own lateness"] {
            #expect(text.contains(label))
        }
        let json = record().json(start: start)
        #expect(json.hasPrefix(#"{"unit":"us","pings":10,"intended":{"p50":"#))
        #expect(
            json.contains(
                #""longest":[{"at":"2026-01-15T10:30:00.255Z","intended":3501,"sent":3500,"wakeup":1,"waited":3}"#
            ))
    }

    @Test("without any ping there are zeros")
    func empty() {
        let record = PauseRecord()
        #expect(record.pauses == [])
        #expect(record.table(start: Timestamp(milliseconds: 0)).hasPrefix("0 pings"))
        #expect(record.json(start: Timestamp(milliseconds: 0)).contains(#""longest":[]}"#))
    }
}
