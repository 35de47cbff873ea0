// A record of pauses as text and JSON. All figures are in microseconds.

import Bytes
import Histogram

extension PauseRecord {
    private static let percentiles: [(name: String, value: Double)] = [
        ("p50", 50), ("p99", 99), ("p99.9", 99.9), ("p99.99", 99.99), ("max", 100),
    ]

    private var views: [(name: String, label: String, histogram: Histogram<UInt64>)] {
        [
            ("intended", "from the intended start", intended),
            ("sent", "from the actual send", sent),
            ("wakeup", "the meter's own lateness", wakeup),
        ]
    }

    private static func figures(_ histogram: Histogram<UInt64>) -> [Int] {
        percentiles.map { percentile in
            let value = percentile.value == 100 ? histogram.max : histogram.valueAtPercentile(percentile.value)
            return histogram.totalCount == 0 ? 0 : Int(value / 1000)
        }
    }

    /// A table, and the longest pauses with their time of day, counted from `start`.
    package func table(start: Timestamp) -> String {
        var text = "\(counted(Int(intended.totalCount), "ping")); microseconds:\n"
        text += padded("", 28, left: true) + PauseRecord.percentiles.map { padded($0.name, 9) }.joined() + "\n"
        for view in views {
            let figures = PauseRecord.figures(view.histogram)
            text += padded(view.label, 28, left: true) + figures.map { padded("\($0)", 9) }.joined() + "\n"
        }
        text += "\nthe longest, counted from the actual send:\n"
        text += padded("at (UTC)", 26, left: true)
        text += ["intended", "sent", "meter", "waited too"].map { padded($0, 11) }.joined() + "\n"
        for pause in pauses {
            let figures = PauseRecord.figures(pause) + [pause.waited]
            text += padded(PauseRecord.time(of: pause, start: start), 26, left: true)
            text += figures.map { padded("\($0)", 11) }.joined() + "\n"
        }
        return text
    }

    /// One object, for scripts.
    package func json(start: Timestamp) -> String {
        String(json: .compact) { json in
            json.object { json in
                json.member("unit", "us")
                json.member("pings", intended.totalCount)
                for view in views {
                    json.member(
                        view.name,
                        object: { json in
                            for (percentile, figure) in zip(
                                PauseRecord.percentiles, PauseRecord.figures(view.histogram))
                            {
                                json.member(percentile.name, figure)
                            }
                        })
                }
                json.member(
                    "longest",
                    list: { json in
                        for pause in pauses { json.object { PauseRecord.append(pause, start: start, to: &$0) } }
                    })
            }
        } + "\n"
    }

    private static func append(_ pause: Pause, start: Timestamp, to json: inout JSONWriter) {
        json.member("at", time(of: pause, start: start))
        for (name, figure) in zip(["intended", "sent", "wakeup"], figures(pause)) { json.member(name, figure) }
        json.member("waited", pause.waited)
    }

    private static func figures(_ pause: Pause) -> [Int] {
        [pause.first.answered - pause.first.intended, pause.length, pause.first.sent - pause.first.intended].map {
            $0 / 1000
        }
    }

    private static func time(of pause: Pause, start: Timestamp) -> String {
        var text = ByteBuffer()
        text.append(time: Timestamp(milliseconds: start.milliseconds + UInt64(max(pause.first.sent, 0) / 1_000_000)))
        return String(text.bytes)
    }
}
