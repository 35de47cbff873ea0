// `puffin-bench torture`: kills a server at work, on the user's own disk, and checks what it had acknowledged.

import ArgumentParser
import Bytes
import ConnectionOptions
import Torture

struct TortureCommand: ParsableCommand {
    enum Durability: String, ExpressibleByArgument, CaseIterable { case always, interval, never }

    static let configuration = CommandConfiguration(
        commandName: "torture",
        abstract: "Kills a server of its own again and again, and checks that nothing it had acknowledged is lost.",
        discussion: """
            Each cycle starts a server on the same files, compares what it has with a ledger of what was acknowledged \
            and sent, writes through several connections while compactions run, and kills it (SIGKILL) at a random \
            moment. The requests and the number of replies before each kill follow from the seed; what is in flight \
            then depends on the machine. The kill ends the server, not the machine, so this does not show that a \
            power cut loses nothing.

            The server takes settings from the environment, too: PUFFIN_TLS_CERT_FILE, PUFFIN_TLS_KEY_FILE and \
            PUFFIN_AUTH_PASSWORD_FILE make it one that wants TLS and a login. Its address is 127.0.0.1.

            Exit codes: 0 nothing was lost, 1 something was lost or wrong (the files are kept), 2 wrong options or a \
            folder that cannot be used, 3 the torture could not go on (a server that does not start, for instance; the \
            files are kept).
            """)

    @Option(name: "-data --data", help: "A folder for the files: empty, missing, or used by earlier runs.")
    var data: String

    @OptionGroup(title: "Login and TLS") var access: AccessOptions

    @Option(name: "-server --server", help: "The server's program. (default: puffin-server beside this one)")
    var server: String?

    @Option(
        name: "-cycles --cycles", help: "How often to kill the server. (default: 100, or as often as --duration allows)"
    )
    var cycles: Int?

    @Option(name: "-duration --duration", help: "The longest time of a torture, such as 30s or 10m.")
    var duration: TimeSpan?

    @Option(name: "-seed --seed", help: "The seed of the requests. (default: a random one, which is printed)")
    var seed: UInt64?

    @Option(name: "-clients --clients", help: "How many connections write.")
    var clients = 4

    @Option(name: "-pipeline --pipeline", help: "How many requests of each connection may be in flight.")
    var pipeline = 40

    @Option(name: "-keys --keys", help: "How many keys each connection writes to.")
    var keys = 200

    @Option(
        name: "-value-size --value-size",
        help: "The largest value in bytes, but for one in forty, which may have 100 times that.")
    var valueSize = 200

    @Option(name: "-durability --durability", help: "The server's --durability: always, interval or never.")
    var durability = Durability.always

    @Option(
        name: "-segment-size --segment-size",
        help: "The server's --segment-size: small, so that segments are sealed and merged often."
    )
    var segmentSize = "16K"

    @Option(name: "-compact-ratio --compact-ratio", help: "The server's --compact-ratio.")
    var compactRatio = "0.2"

    @Option(name: "-retain-size --retain-size", help: "The server's --retain-size.")
    var retainSize = "64K"

    func validate() throws {
        for (name, value, limit) in [
            ("cycles", cycles ?? 1, 1_000_000_000), ("clients", clients, 100), ("pipeline", pipeline, 1000),
            ("keys", keys, 100_000), ("value-size", valueSize, 65_536),
        ] where value < 1 || value > limit {
            throw ValidationError("--\(name) is a number from 1 to \(limit); found \(value)")
        }
        guard keys >= 4 else {
            throw ValidationError("--keys is 4 or more, because some changes take four; found \(keys)")
        }
        try duration.map(checkDuration)
        guard !data.isEmpty else { throw ValidationError("--data is the path of a folder") }
    }

    func run() throws {
        let access = try checkedAccess(access)
        let folder: RunFolder
        do throws(TortureError) {
            folder = try RunFolder(in: data)
        } catch {
            printError("puffin-bench: \(error)")
            throw ExitCode.nothingMeasured
        }
        let seed = seed ?? UInt64.random(in: 1...999_999)
        let program = server ?? programBeside("puffin-server")
        var load = TortureLoad()
        load.writers = clients
        load.window = pipeline
        load.keysPerWriter = keys
        load.replies = 20..<1000
        load.sizes = (valueSize, valueSize * 100)
        load.compacts = true
        load.patience = 3000
        let options = [
            "--durability", durability.rawValue, "--segment-size", segmentSize, "--compact-ratio", compactRatio,
            "--compact-size", "0",
            "--retain-size", retainSize,
        ]
        try printText("seed \(seed), \(folder.path), durability \(durability.rawValue): \(durability.promise)\n")
        let loop = KillLoop(
            program: program, data: folder.path.appending("puffin.json").string, seed: seed, load: load, access: access)
        var run = TortureRun(loop: loop, options: options, cycles: cycles ?? (duration == nil ? 100 : .max))
        try run.finish(within: duration?.duration, in: folder)
    }
}

extension TortureCommand.Durability {
    /// What a torture can show in this mode, and what it cannot.
    fileprivate var promise: String {
        switch self {
        case .always: "an OK is on the disk; a kill shows that it was written and is found again"
        case .interval:
            "an OK is written, and survives the server's end; a crash of the machine may lose the last second, which no kill shows"
        case .never:
            "an OK is written, and survives the server's end; a crash of the machine may lose it, which no kill shows"
        }
    }
}
