import Bytes
import Histogram
import Pauses
import Testing

/// The bookkeeping of pauses. Times here are made up; nothing is measured.
@Suite("Pauses")
struct PauseRecordTests {
    private let millisecond = 1_000_000

    /// Pings each millisecond that are answered after 20 µs, but for the one at 5 ms, which takes 3.5 ms.
    private func record(keeping keeps: Int = 10) -> PauseRecord {
        var record = PauseRecord(keeping: keeps)
        for index in 0..<5 {
            let time = index * millisecond
            record.add(Ping(intended: time, sent: time + 1000, answered: time + 21_000, isQueued: false))
        }
        record.add(Ping(intended: 5_000_000, sent: 5_001_000, answered: 8_501_000, isQueued: false))
        record.add(Ping(intended: 6_000_000, sent: 8_501_000, answered: 8_521_000, isQueued: true))
        record.add(Ping(intended: 7_000_000, sent: 8_521_000, answered: 8_541_000, isQueued: true))
        record.add(Ping(intended: 8_000_000, sent: 8_541_000, answered: 8_561_000, isQueued: true))
        record.add(Ping(intended: 9_000_000, sent: 9_400_000, answered: 9_420_000, isQueued: false))
        return record
    }

    @Test("a pause is seen by each ping that it held up, and hidden from all but one where time counts from the send")
    func views() {
        let record = record()
        let over = { (histogram: Histogram<UInt64>) in
            histogram.recordedValues().reduce(0) { $0 + ($1.value > 500_000 ? Int($1.count) : 0) }
        }
        #expect(over(record.intended) == 4)
        #expect(over(record.server) == 4)
        #expect(over(record.sent) == 1)
        #expect(over(record.wakeup) == 0)
        #expect(record.intended.totalCount == 10)
        #expect(record.wakeup.totalCount == 7, "only pings before which the meter slept tell how late it was")
    }

    @Test("the meter's own lateness is not the server's")
    func lateness() throws {
        let late = try #require(record().pauses.first { $0.start == 9_000_000 })
        #expect(late.intended == 420_000)
        #expect(late.server == 20_000 && late.sent == 20_000 && late.wakeup == 400_000)
    }

    @Test("pings that waited for a slow one are one pause with it; the longest come first, and no more than wanted")
    func longest() {
        let pauses = record().pauses
        #expect(pauses.count == 7)
        let first = pauses[0]
        #expect(first.start == 5_000_000 && first.intended == 3_501_000 && first.server == 3_500_000)
        #expect(first.sent == 3_500_000 && first.wakeup == 1000 && first.queued == 3)
        #expect(record(keeping: 2).pauses == Array(pauses.prefix(2)))
    }

    @Test("the report has each view and the time of day of the longest")
    func report() {
        let start = Timestamp(milliseconds: 1_768_473_000_250)
        let text = record().table(start: start)
        #expect(text.hasPrefix("10 pings; microseconds:\n"))
        #expect(text.contains("2026-01-15T10:30:00.255Z"))
        for label in ["from the intended start", "less own lateness", "from the actual send", "own lateness"] {
            #expect(text.contains(label))
        }
        let json = record().json(start: start)
        #expect(json.hasPrefix(#"{"unit":"us","pings":10,"intended":{"p50":"#))
        #expect(
            json.contains(
                #""longest":[{"at":"2026-01-15T10:30:00.255Z","intended":3501,"server":3500,"sent":3500,"wakeup":1,"waited":3}"#
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
