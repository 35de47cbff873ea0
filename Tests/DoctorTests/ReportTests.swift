import Bytes
import Doctor
import Testing

@Suite("doctor: the report")
struct ReportTests {
    private let report = Report([
        Finding("lock", ok: "no server uses this data set"),
        Finding("clock", warning: "not synchronised", advice: "run chrony", figures: [Finding.Figure("ahead_ms", 5)]),
        Finding("file system", failure: "tmpfs", advice: "use a disk"),
    ])

    @Test("a line for each check, what to do below it, and a sum")
    func text() {
        #expect(
            report.text == """
                ok       lock         no server uses this data set
                warning  clock        not synchronised
                                      → run chrony
                fails    file system  tmpfs
                                      → use a disk
                1 ok, 1 warning, 1 fails

                """)
    }

    @Test("JSON has the verdicts, the texts and the figures")
    func json() {
        var buffer = ByteBuffer()
        buffer.append(json: .compact) { $0.value(report) }
        #expect(
            String(buffer.bytes)
                == #"{"verdict":"fails","warnings":1,"failures":1,"checks":[{"check":"lock","verdict":"ok","text":"no server uses this data set"},"#
                + #"{"check":"clock","verdict":"warning","text":"not synchronised","advice":"run chrony","figures":{"ahead_ms":5}},"#
                + #"{"check":"file system","verdict":"fails","text":"tmpfs","advice":"use a disk"}]}"#)
    }

    @Test("a failure exits with 1, a warning only where the examination is strict")
    func codes() {
        let (good, fair) = (Report([report.findings[0]]), Report(Array(report.findings[..<2])))
        #expect([good, fair, report].map { $0.exitCode(isStrict: false) } == [0, 0, 1])
        #expect([good, fair, report].map { $0.exitCode(isStrict: true) } == [0, 1, 1])
        #expect(Report([]).exitCode(isStrict: true) == 0)
    }
}
