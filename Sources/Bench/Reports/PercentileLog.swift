// The percentile distribution in HdrHistogram's format, which its plotters read: values in microseconds, one line per
// step, with smaller steps nearer to 100 %.

import Histogram

/// Writes the percentile distribution.
package enum PercentileLog {
    private static let nanosecondsPerUnit = 1000.0
    private static let stepsPerHalf = 5

    package static func text(_ latencies: LatencyHistogram) -> String {
        var text = ""
        latencies.outputPercentileDistribution(
            to: &text, outputValueUnitScalingRatio: nanosecondsPerUnit, percentileTicksPerHalfDistance: stepsPerHalf)
        return text
    }
}
