// Curves as SVG, without a library: axes, a grid, lines, and a title on each point that the browser shows on hover.

import Bytes
import Glibc

/// One line of a plot.
struct PlotSeries {
    let name: String
    let points: [(x: Double, y: Double)]
    /// The points' titles, if there are few enough; empty otherwise.
    var titles: [String] = []
}

/// The mapping of values to an axis.
struct PlotAxis {
    let least: Double
    let most: Double
    let isLogarithmic: Bool
    /// The positions and labels of its lines.
    let ticks: [(value: Double, label: String)]

    /// From 0 to 1.
    func place(_ value: Double) -> Double {
        let (low, high, here) = isLogarithmic ? (log(least), log(most), log(max(value, least))) : (least, most, value)
        return high > low ? (here - low) / (high - low) : 0
    }

    /// From 0 to a round value above `most`, in about five steps.
    static func linear(upTo most: Double, from least: Double = 0, label: (Double) -> String) -> PlotAxis {
        let range = max(most - least, 1e-9)
        let rough = range / 5
        let power = pow(10, floor(log10(rough)))
        let step = ([1, 2, 5, 10].first { $0 * power >= rough } ?? 10) * power
        let end = least + ceil(range / step) * step
        let ticks = stride(from: least, through: end + step / 2, by: step).map { ($0, label($0)) }
        return PlotAxis(least: least, most: end, isLogarithmic: false, ticks: ticks)
    }

    /// Latencies in nanoseconds: lines at 1, 2 and 5 of each power of ten, or at the powers alone if there are many.
    static func latency(from least: Double, to most: Double) -> PlotAxis {
        let (first, last) = (floor(log10(max(least, 1))), ceil(log10(max(most, 10))))
        var values = stride(from: first, through: last, by: 1).flatMap { power in
            (last - first > 3 ? [1.0] : [1, 2, 5]).map { $0 * pow(10, power) }
        }
        let low = values.last { $0 <= least } ?? least
        let high = values.first { $0 >= most } ?? most
        values = values.filter { $0 >= low && $0 <= high }
        return PlotAxis(
            least: low, most: max(high, low * 1.1), isLogarithmic: true,
            ticks: values.map { ($0, PlotAxis.short($0)) })
    }

    /// `100 µs`, `5 ms`.
    private static func short(_ nanoseconds: Double) -> String {
        for (unit, size) in [("s", 1e9), ("ms", 1e6), ("µs", 1e3)] where nanoseconds >= size * 0.999 {
            return "\(fixed(nanoseconds / size, 2, trimmed: true)) \(unit)"
        }
        return "\(fixed(nanoseconds, 0)) ns"
    }
}

/// Axes and lines.
struct Plot {
    let title: String
    let x: PlotAxis
    let y: PlotAxis
    let xLabel: String
    let series: [PlotSeries]

    private static let (width, height) = (720.0, 280.0)
    private static let (left, right, top, bottom) = (64.0, 28.0, 10.0, 40.0)

    var svg: String {
        var parts = [
            "<figure><figcaption>\(escaped(title))</figcaption>", legend,
            "<svg viewBox=\"0 0 \(fixed(Plot.width, 0)) \(fixed(Plot.height, 0))\" role=\"img\" "
                + "aria-label=\"\(escaped(title))\">",
        ]
        parts += y.ticks.map(horizontal)
        parts += x.ticks.map(vertical)
        parts.append(
            "<text class=\"tick\" x=\"\(fixed(Plot.width - Plot.right, 0))\" y=\"\(fixed(Plot.height - 4, 0))\" "
                + "text-anchor=\"end\">\(escaped(xLabel))</text>")
        for (index, one) in series.enumerated() { parts.append(line(one, index)) }
        parts.append("</svg></figure>")
        return parts.joined(separator: "\n")
    }

    private var legend: String {
        guard series.count > 1 else { return "" }
        return "<p class=\"legend\">"
            + series.enumerated().map { "<span class=\"s\($0)\"><i></i>\(escaped($1.name))</span>" }.joined() + "</p>"
    }

    private func horizontal(_ tick: (value: Double, label: String)) -> String {
        let place = fixed(pixelY(tick.value), 1)
        return "<line class=\"grid\" x1=\"\(fixed(Plot.left, 0))\" x2=\"\(fixed(Plot.width - Plot.right, 0))\" "
            + "y1=\"\(place)\" y2=\"\(place)\"/><text class=\"tick\" x=\"\(fixed(Plot.left - 8, 0))\" y=\"\(place)\" dy=\"4\" "
            + "text-anchor=\"end\">\(escaped(tick.label))</text>"
    }

    private func vertical(_ tick: (value: Double, label: String)) -> String {
        let place = fixed(pixelX(tick.value), 1)
        return "<text class=\"tick\" x=\"\(place)\" y=\"\(fixed(Plot.height - Plot.bottom + 18, 0))\" "
            + "text-anchor=\"middle\">\(escaped(tick.label))</text>"
    }

    private func line(_ series: PlotSeries, _ index: Int) -> String {
        let points = series.points.map { "\(fixed(pixelX($0.x), 1)),\(fixed(pixelY($0.y), 1))" }
        let marks = zip(series.points, series.titles).map { point, title in
            "<circle cx=\"\(fixed(pixelX(point.x), 1))\" cy=\"\(fixed(pixelY(point.y), 1))\" r=\"7\"><title>"
                + "\(escaped(title))</title></circle>"
        }
        return "<g class=\"s\(index)\"><polyline points=\"\(points.joined(separator: " "))\"/>\(marks.joined())</g>"
    }

    private func pixelX(_ value: Double) -> Double {
        Plot.left + x.place(value) * (Plot.width - Plot.left - Plot.right)
    }

    private func pixelY(_ value: Double) -> Double {
        Plot.height - Plot.bottom - y.place(value) * (Plot.height - Plot.top - Plot.bottom)
    }
}

/// A text escaped for HTML and its attributes.
func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
        switch character {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        default: result.append(character)
        }
    }
    return result
}
