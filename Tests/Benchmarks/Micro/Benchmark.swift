// The loop around what is measured.

/// One thing to measure.
struct Benchmark {
    let name: String
    /// Prepares the operation, and returns a function that runs it `count` times and returns something that depends on
    /// each result, so that nothing is optimised away.
    let prepare: (_ count: Int) -> (_ count: Int) -> UInt64

    /// - Returns: nanoseconds an operation, one figure a round, lowest first.
    func measure(_ options: Options, sink: inout UInt64) -> [Double] {
        var figures: [Double] = []
        for _ in 0..<options.rounds {
            let run = prepare(options.count)
            let start = ContinuousClock.now
            sink ^= run(options.count)
            let time = ContinuousClock.now - start
            let nanoseconds = Double(time.components.seconds) * 1e9 + Double(time.components.attoseconds) / 1e9
            figures.append(nanoseconds / Double(options.count))
        }
        return figures.sorted()
    }
}
