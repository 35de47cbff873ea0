// Numbers as reports show them.

/// `value` with this many decimals; `trimmed` drops zeros at the end.
package func fixed(_ value: Double, _ decimals: Int, trimmed: Bool = false) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return value.isNaN ? "-" : "inf" }
    var scale = 1
    for _ in 0..<decimals { scale *= 10 }
    let whole = Int((abs(value) * Double(scale)).rounded())
    let sign = value < 0 && whole != 0 ? "-" : ""
    guard decimals > 0 else { return "\(sign)\(whole)" }
    let digits = String(whole % scale)
    var fraction = String(repeating: "0", count: decimals - digits.count) + digits
    if trimmed {
        while fraction.hasSuffix("0") { fraction.removeLast() }
        if fraction.isEmpty { return "\(sign)\(whole / scale)" }
    }
    return "\(sign)\(whole / scale).\(fraction)"
}

/// `1234567` as `1,234,567`.
package func grouped(_ value: Int) -> String {
    let digits = Array(String(value.magnitude))
    var text = value < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
        if index > 0 && (digits.count - index) % 3 == 0 { text += "," }
        text.append(digit)
    }
    return text
}

/// Nanoseconds in a suitable unit: `850 ns`, `12.3 µs`, `4.56 ms`, `1.20 s`.
package func duration(_ nanoseconds: UInt64) -> String {
    let value = Double(nanoseconds)
    switch nanoseconds {
    case ..<1000: return "\(nanoseconds) ns"
    case ..<1_000_000: return "\(significant(value / 1e3)) µs"
    case ..<1_000_000_000: return "\(significant(value / 1e6)) ms"
    default: return "\(significant(value / 1e9)) s"
    }
}

/// Three significant digits.
private func significant(_ value: Double) -> String {
    fixed(value, value < 10 ? 2 : value < 100 ? 1 : 0)
}

/// Three decimals, as in reports; `null` for values that JSON cannot express.
extension Double: JSONValue {
    package func write(to json: inout JSONWriter) {
        guard isFinite else { return json.plain("null") }
        json.plain(abs(self) < 1e15 ? fixed(self, 3, trimmed: true) : "\(self)")
    }
}
