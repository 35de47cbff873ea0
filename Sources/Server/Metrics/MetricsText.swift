// Prometheus' text format, version 0.0.4: for each metric its help text, its type, and its samples.

import Bytes

/// Writes a page of metrics.
struct MetricsText: ~Copyable {
    private(set) var buffer = ByteBuffer()

    /// The content type of the page.
    static let contentType: StaticString = "text/plain; version=0.0.4; charset=utf-8"

    enum Kind: String {
        case counter, gauge, histogram
    }

    /// A sample's value, in the base unit.
    enum Value {
        case number(Int)
        case unsigned(UInt64)
        /// In seconds, exactly.
        case nanoseconds(Int)
        case milliseconds(Int)
        /// In seconds, exactly; may be negative.
        case microseconds(Int)
        /// From 0 to 1.
        case percent(Int)

        static func flag(_ value: Bool) -> Value { .number(value ? 1 : 0) }
    }

    /// The page, ended.
    consuming func finish() -> ByteBuffer { buffer }

    // MARK: Metrics

    /// Begins a metric; its samples follow.
    mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        buffer.append(text: "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n")
    }

    /// A metric of one sample, or of none if there is no value.
    mutating func counter(_ name: String, _ help: String, _ value: Value) {
        begin(name, .counter, help)
        sample(name, value)
    }

    mutating func gauge(_ name: String, _ help: String, _ value: Value?) {
        guard let value else { return }
        begin(name, .gauge, help)
        sample(name, value)
    }

    /// A metric whose information is in its label.
    mutating func info(_ name: String, _ help: String, _ label: String, _ text: String) {
        begin(name, .gauge, help)
        sample(name, label, text, .number(1))
    }

    // MARK: Samples

    mutating func sample(_ name: String, _ value: Value) {
        buffer.append(text: name)
        end(value)
    }

    /// A sample with one label.
    mutating func sample(_ name: String, _ label: String, _ text: String, _ value: Value) {
        begin(name, label, text)
        buffer.append("}")
        end(value)
    }

    /// A sample with two labels.
    mutating func sample(
        _ name: String, _ label: String, _ text: String, _ second: String, _ secondText: String, _ value: Value
    ) {
        begin(name, label, text)
        buffer.append(text: ",\(second)=\"")
        append(label: secondText)
        buffer.append("\"}")
        end(value)
    }

    /// A sample with several labels.
    mutating func sample(_ name: String, _ labels: [(name: String, text: String)], _ value: Value) {
        buffer.append(text: name)
        for (index, label) in labels.enumerated() {
            buffer.append(text: "\(index == 0 ? "{" : ",")\(label.name)=\"")
            append(label: label.text)
            buffer.append("\"")
        }
        buffer.append("}")
        end(value)
    }

    private mutating func begin(_ name: String, _ label: String, _ text: String) {
        buffer.append(text: "\(name){\(label)=\"")
        append(label: text)
        buffer.append("\"")
    }

    private mutating func append(label: String) {
        for byte in label.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): buffer.append("\\\\")
            case UInt8(ascii: "\""): buffer.append("\\\"")
            case UInt8(ascii: "\n"): buffer.append("\\n")
            default: buffer.append(byte)
            }
        }
    }

    private mutating func end(_ value: Value) {
        buffer.append(" ")
        switch value {
        case .number(let number): buffer.append(decimal: number)
        case .unsigned(let number): buffer.append(decimal: number)
        case .nanoseconds(let time): buffer.append(seconds: time, perSecond: 1_000_000_000)
        case .microseconds(let time):
            if time < 0 { buffer.append("-") }
            buffer.append(seconds: abs(time), perSecond: 1_000_000)
        case .milliseconds(let time): buffer.append(seconds: time, perSecond: 1000)
        case .percent(let percent): buffer.append(seconds: percent, perSecond: 100)
        }
        buffer.append("\n")
    }
}

extension ByteBuffer {
    /// Appends `value` divided by `perSecond`, a power of ten, as a decimal without trailing zeros.
    mutating func append(seconds value: Int, perSecond: Int) {
        let (whole, rest) = max(value, 0).quotientAndRemainder(dividingBy: perSecond)
        append(decimal: whole)
        guard rest > 0 else { return }
        append(".")
        var (digits, unit) = (rest, perSecond / 10)
        while digits > 0 {
            append(UInt8(ascii: "0") + UInt8(digits / unit))
            digits %= unit
            unit /= 10
        }
    }
}
