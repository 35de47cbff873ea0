// Micro-benchmarks of what a request passes through: nanoseconds an operation, or, run by `instructions` under callgrind,
// instructions. The first depend on the machine and its neighbours; the second repeat.

import Glibc

let all = Benchmark.wire + Benchmark.store + Benchmark.order + Benchmark.replica
guard let options = Options(Array(CommandLine.arguments.dropFirst())),
    options.only.map({ name in all.contains { $0.name == name } }) ?? true
else {
    print(
        "usage: puffin-micro [--only NAME] [--count N] [--rounds N] [--list]\nnames: \(all.map(\.name).joined(separator: " "))"
    )
    exit(2)
}
if options.lists {
    for benchmark in all { print(benchmark.name) }
    exit(0)
}
var sink: UInt64 = 0
for benchmark in all where options.only == nil || options.only == benchmark.name {
    let figures = benchmark.measure(options, sink: &sink)
    let name = benchmark.name + String(repeating: " ", count: 22 - benchmark.name.count)
    let (median, least, most) = (figures[figures.count / 2], figures[0], figures[figures.count - 1])
    print("\(name) \(rounded(median)) ns/op   (\(rounded(least)) to \(rounded(most)))")
}
// Use the sink, or the optimizer removes what led to it.
if sink == 1 { print() }

/// With one digit behind the point, eight characters wide.
func rounded(_ figure: Double) -> String {
    let tenths = Int((figure * 10).rounded())
    let text = "\(tenths / 10).\(tenths % 10)"
    return String(repeating: " ", count: max(8 - text.count, 0)) + text
}
