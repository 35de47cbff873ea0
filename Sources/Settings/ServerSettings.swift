// Every setting of puffin-server, each once. To add one: a key here, its place in `schema`, its flag in Sources/puffin-server
// and what it means there (`Configuration.init(_:)`); then `make reference` writes docs/configuration.md.

import Bytes

/// The settings of puffin-server.
package enum ServerSettings {
    // MARK: server

    package static let port = Key(
        "server.port", flag: "port", .port, default: "8080", "The port to listen on; 0 takes a free one.")
    package static let bind = Key(
        "server.bind", flag: "bind", listOf: .host, mayBeEmpty: false, default: ["127.0.0.1"],
        "The addresses to listen on, all with the same port. 0.0.0.0 and :: stand for every address.")
    package static let dataFile = Key(
        "server.data_file", flag: "data", .file, default: "puffin.json",
        "The data file; the log is the folder of the same name with .log added.")
    package static let durability = Key(
        "server.durability", flag: "durability", .choice(["always", "interval", "never"]), default: "always",
        """
        When OK is said: always = the change is on disk; interval = it is written, and synced every second; never = it is \
        written, and the system syncs when it likes.
        """)

    // MARK: replication

    package static let mode = Key(
        "replication.mode", flag: "mode", .choice(["leader", "follower"]), default: "leader",
        """
        leader: takes changes from clients; follower: takes them from its leader, and clients only read. Commands and \
        handovers change it, and what they have made of a server wins (the file ROLE).
        """)
    package static let followers = Key(
        "replication.followers", flag: "follower", listOf: .endpoint, isLive: true,
        "Where this server's followers are; it connects to them and sends them the log.")
    package static let acknowledgements = Key(
        "replication.ack", flag: "ack", .acknowledgements, default: "local",
        """
        What a reply to a change waits for beside this server's log: local = nothing; one, all or a number = the disks of so \
        many followers.
        """)
    package static let acknowledgementTimeout = Key(
        "replication.ack_timeout", flag: "ack-timeout", .time(least: TimeSpan(milliseconds: 1)), default: "1s",
        isLive: true,
        "How long a reply to a change waits for followers (replication.ack) before it becomes an error.")
    package static let replicationTimeout = Key(
        "replication.timeout", flag: "replication-timeout", .time(least: TimeSpan(seconds: 2)), default: "10s",
        isLive: true, "How long a connection between leader and follower may be silent before it counts as lost.")
    package static let adoptHistory = Key(
        "replication.adopt_history", flag: "adopt-history", .truth, default: "false", isLive: true,
        """
        Whether a follower's data may be replaced by that of a leader with another history, or with fewer changes. The \
        replaced data is set aside, not deleted.
        """)

    // MARK: storage

    package static let segmentSize = Key(
        "storage.segment_size", flag: "segment-size", .size(from: 4 << 10), default: "64M",
        "The size at which a segment of the log is sealed and the next begun.")
    package static let compactRatio = Key(
        "storage.compact_ratio", flag: "compact-ratio", .number(0...1000), default: "1", isLive: true,
        """
        Compact automatically when sealed segments exceed this multiple of the snapshot; 0 compacts only when COMPACT is \
        sent.
        """)
    package static let compactSize = Key(
        "storage.compact_size", flag: "compact-size", .size(), default: "256M", isLive: true,
        "Sealed segments below this size, or below four segments if that is less, are not compacted automatically.")
    package static let retainSize = Key(
        "storage.retain_size", flag: "retain-size", .size(), default: "256M", isLive: true,
        "How much of the log to keep behind the snapshot, for followers and for looking back.")
    package static let retainAge = Key(
        "storage.retain_age", flag: "retain-age", .age, default: "7d", isLive: true,
        "Log behind the snapshot that is older than this is removed.")

    // MARK: memory and limits

    package static let maxMemory = Key(
        "memory.max", flag: "max-memory", .memory, default: "auto", isLive: true,
        """
        How much memory pairs, buffers and connections may take; auto is three quarters of what the machine or its control \
        group has. At the limit, changes that need more are refused, nothing is evicted.
        """)
    package static let clients = Key(
        "limits.clients", flag: "max-clients", .count(1...1_000_000), default: "10000",
        "How many clients may be connected at a time. Each needs an open file (ulimit -n).")
    package static let keySize = Key(
        "limits.key_size", flag: "max-key-size", .size(from: 1, upTo: 64 << 10), default: "64K",
        "The longest key.")
    package static let valueSize = Key(
        "limits.value_size", flag: "max-value-size", .size(from: 1, upTo: 64 << 20), default: "64M",
        "The longest value of a change.")
    package static let requestSize = Key(
        "limits.request_size", flag: "max-request-size", .size(from: 64 << 10, upTo: 256 << 20), default: "256M",
        "The longest request in RESP. A follower's must not be less than its leader's.")
    package static let argumentCount = Key(
        "limits.arguments", flag: "max-arguments", .count(16...65_536), default: "65536",
        "How many arguments a request in RESP may have.")
    package static let unsentSize = Key(
        "limits.unsent_size", flag: "max-unsent-size", .size(from: 1 << 20, upTo: 1 << 30), default: "64M",
        "The largest reply to one MGET or KEYS. A request whose reply would be larger is answered with an error.")

    // MARK: logging

    package static let logLevel = Key(
        "logging.level", flag: "log-level",
        .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"], aliases: ["warn": "warning"]),
        default: "info", isLive: true, "The minimum level to log; warn is understood as warning.")
    package static let logFormat = Key(
        "logging.format", flag: "log-format", .choice(["text", "json"]), default: "text", isLive: true,
        "The format of the log: text is for people, json is one object on each line.")
    package static let slowThreshold = Key(
        "slowlog.threshold", flag: "slow-log-threshold", .timeOrOff, default: "100ms", isLive: true,
        "Requests that take longer than this, waits for disk and followers included, are logged.")

    // MARK: metrics

    package static let metricsEnabled = Key(
        "metrics.enabled", flag: "metrics", .truth, default: "false",
        "Whether metrics for Prometheus and health checks are served over HTTP.")
    package static let metricsPort = Key(
        "metrics.port", flag: "metrics-port", .port, default: "9090",
        "The HTTP port for metrics and health checks; 0 takes a free one.")
    package static let metricsBind = Key(
        "metrics.bind", flag: "metrics-bind", .host, default: "127.0.0.1",
        "The address to serve metrics and health checks on.")

    /// All of them.
    package static let schema = Schema([
        port.setting, bind.setting, dataFile.setting, durability.setting, mode.setting, followers.setting,
        acknowledgements.setting, acknowledgementTimeout.setting, replicationTimeout.setting, adoptHistory.setting,
        segmentSize.setting, compactRatio.setting, compactSize.setting, retainSize.setting,
        retainAge.setting, maxMemory.setting, clients.setting, keySize.setting, valueSize.setting, requestSize.setting,
        argumentCount.setting, unsentSize.setting, logLevel.setting, logFormat.setting, slowThreshold.setting,
        metricsEnabled.setting, metricsPort.setting, metricsBind.setting,
    ])
}
