// How the files of a data set are laid out and kept, as options.

import ArgumentParser
import Bytes
import Store

/// Options of whoever writes segments.
struct LogFileOptions: ParsableArguments {
    @Option(
        name: "-segment-size --segment-size",
        help: "The size at which a segment of the log is sealed and the next begun, such as 64M.")
    var segmentSize = ByteSize(64 << 20)

    @Option(
        name: "-compact-ratio --compact-ratio",
        help: """
            A snapshot is made by itself when sealed segments are larger than the last one times this; 0 makes none but \
            those that COMPACT asks for.
            """)
    var compactRatio = 1.0

    @Option(
        name: "-compact-size --compact-size",
        help: "And when they are larger than this, such as 256M, or than four segments if that is less.")
    var compactSize = ByteSize(256 << 20)

    /// For tests: by itself a server takes what is cheaper.
    @Option(
        name: "--compact-from",
        help: ArgumentHelp("Where a snapshot's pairs come from, files or table.", visibility: .hidden))
    var compactFrom: SnapshotSource?

    /// The smallest segment, in bytes: below it the log is mostly headers.
    static let leastSegmentSize = 4 << 10

    func validate() throws {
        guard segmentSize.bytes >= LogFileOptions.leastSegmentSize else {
            throw ValidationError(
                "--segment-size is \(ByteSize(LogFileOptions.leastSegmentSize)) or more, such as 64M; found \(segmentSize)"
            )
        }
        guard compactRatio >= 0, compactRatio <= 1000 else {
            throw ValidationError("--compact-ratio is a number from 0 to 1000, such as 1.5; found \(compactRatio)")
        }
    }

    /// Puts them where the store takes them from.
    func apply(to options: inout StoreOptions) {
        options.layout.segmentSize = segmentSize.bytes
        options.compactRatio = compactRatio
        options.compactSize = compactSize.bytes
        options.compaction.source = compactFrom
    }
}

/// Options of whoever removes segments.
struct RetentionOptions: ParsableArguments {
    @Option(
        name: "-retain-size --retain-size",
        help: "How much of the log is kept behind the snapshot, for followers and for looking back, such as 256M.")
    var retainSize = ByteSize(256 << 20)

    @Option(
        name: "-retain-age --retain-age",
        help: "How old that may be, such as 12h or 7d.", transform: milliseconds)
    var retainAge: UInt64 = 7 * 24 * 60 * 60 * 1000

    /// Puts them where the store takes them from.
    func apply(to options: inout StoreOptions) {
        options.retention.size = retainSize.bytes
        options.retention.age = retainAge
    }
}

/// A span of time as people write it, `90s`, `30m`, `12h`, `7d`, in milliseconds; 0 needs no unit.
private func milliseconds(_ text: String) throws -> UInt64 {
    let units: [Character: UInt64] = ["s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
    if text == "0" { return 0 }
    guard let last = text.last, let unit = units[last], let count = UInt64(text.dropLast()),
        case let (product, isOver) = count.multipliedReportingOverflow(by: unit), !isOver, product < 1 << 53
    else { throw ValidationError("a time is a number and s, m, h or d, such as 12h or 7d") }
    return product
}
