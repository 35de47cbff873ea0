// The load on a server before it is killed.

/// What the writers of a torture do.
package struct TortureLoad: Sendable {
    package var writers = 4
    package var keysPerWriter = 48
    /// The number of requests of one writer in flight.
    package var window = 40
    /// The number of replies after which the server is killed.
    package var replies = 20..<400
    /// Bytes: most values are up to the first size, one in forty up to the second.
    package var sizes = (usual: 40, rare: 64 << 10)
    /// Options of the server, one set per cycle in turn; at least one set.
    package var options: [[String]] = [[]]
    /// Whether a client requests compactions all the time.
    package var compacts = false
    /// The longest random time between the last requests and the kill, in microseconds.
    package var patience = 0

    package init() {}

    /// Values so large that the log begins a new segment in nearly every cycle.
    package static var large: TortureLoad {
        var load = TortureLoad()
        load.writers = 2
        load.keysPerWriter = 5
        load.window = 3
        load.replies = 8..<20
        load.sizes = (4 << 20, 6 << 20)
        return load
    }

    /// Small segments, merged and removed all the time.
    package static var compacting: TortureLoad {
        var load = TortureLoad()
        load.keysPerWriter = 200
        load.sizes = (200, 20_000)
        load.options = [
            ["--segment-size", "16K", "--compact-ratio", "0.2", "--compact-size", "0", "--retain-size", "64K"],
            ["--segment-size", "8K", "--compact-ratio", "0", "--compact-size", "0", "--retain-size", "0"],
            [
                "--segment-size", "32K", "--compact-ratio", "0.01", "--compact-size", "0", "--retain-size", "1G",
                "--durability", "interval",
            ],
            ["--segment-size", "4K", "--compact-ratio", "1", "--compact-size", "0", "--retain-age", "0"],
        ]
        // Both ways of making a snapshot, in turns on the same data.
        load.options = load.options.flatMap { [$0 + ["--compact-from", "files"], $0 + ["--compact-from", "table"]] }
        load.compacts = true
        return load
    }
}
