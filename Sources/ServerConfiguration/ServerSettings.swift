// Every setting of puffin-server, each once. A new setting is an entry here and the code that uses its property; flag,
// variable, errors, help and reference follow. `make reference man` regenerates the documents.
//
// Settings must not know the server, and the server does not know where its configuration comes from. The module that
// joins them can be tested without a process.

import Bytes
import Server
import Settings
import Wire

/// The settings of puffin-server.
package enum ServerSettings {
    /// All settings, in the order of the documentation.
    package static let all = server + auth + tls + audit + replication + storage + limits + observation + console

    /// Their schema, by which flags, environment and file are read.
    package static let schema = Schema(all.map(\.setting))

    private static let server: [ServerSetting] = [
        ServerSetting(
            "server.port", \.port, flag: "port", .port, default: "8080", "The port to listen on; 0 takes a free one."),
        ServerSetting(
            "server.bind", \.hosts, flag: "bind", listOf: .host, mayBeEmpty: false, default: ["127.0.0.1"],
            "The addresses to listen on, all with the same port. 0.0.0.0 and :: mean every address."),
        ServerSetting(
            "server.data_file", \.data, flag: "data", .file, default: "puffin.json",
            "The data file; the log is the folder of the same name with .log added."),
        ServerSetting(
            "server.durability", \.store.durability, flag: "durability", .choice(), default: "always",
            """
            When OK is sent: always = the change is on disk; interval = it is written, and synced every second; never = it is \
            written, and the system syncs when it likes.
            """),
        ServerSetting(
            "server.debug_commands", \.allowsDebug, .truth, default: "false",
            "Allow DEBUG, for developers: its commands stop the server for a while, load its data again, and the like."),
    ]

    private static let auth: [ServerSetting] = [
        ServerSetting(
            "auth.mode", \.auth.mode, .choice(), default: "auto",
            """
            auto = clients must log in where there is a password, and a server without one listens on loopback addresses only; \
            required = they must; open = they need not, wherever the server listens.
            """),
        ServerSetting(
            secret: "auth.password", \.auth.password, .password, default: "none", isLive: true,
            "The password of the user default, who may do everything. Clients log in with AUTH or HELLO."),
    ]

    private static let tls: [ServerSetting] = [
        ServerSetting(
            "tls.cert_file", \.tls.certificateFile, .optionalFile, default: "none",
            "The certificate of this server and those above it, in PEM. With it the server takes TLS."),
        ServerSetting(
            "tls.key_file", \.tls.keyFile, .optionalFile, default: "none",
            "The certificate's private key, in PEM."),
        ServerSetting(
            secret: "tls.key_password", \.tls.keyPassword, .keyPassword, default: "none",
            "The password of an encrypted private key."),
        ServerSetting(
            "tls.client_ca_file", \.tls.clientCAFile, .optionalFile, default: "none",
            """
            The certificates of the authorities, in PEM, from which clients' certificates must come, and those of the servers that \
            this one dials.
            """),
        ServerSetting(
            "tls.client_certs", \.tls.clientCertificates, .choice(), default: "off",
            """
            Whether clients are asked for certificates. With required, one of tls.client_ca_file is as good as a login, and nobody \
            gets in without.
            """),
        ServerSetting(
            "tls.crl_file", \.tls.revocationFile, .optionalFile, default: "none",
            "The revocation lists of those authorities, in PEM."),
        ServerSetting(
            "tls.mode", \.tls.mode, .choice(), default: "required", isLive: true,
            """
            Once there is a certificate: off = no TLS; optional = with or without; remote = connections from other machines must have \
            it; required = all must.
            """),
        ServerSetting(
            "tls.min_version", \.tls.minimumVersion, .tlsVersion, default: "1.2",
            "The oldest version of TLS that is spoken."),
    ]

    private static let replication: [ServerSetting] = [
        ServerSetting(
            "replication.mode", \.mode, flag: "mode", .choice(), default: "leader",
            """
            leader: takes changes from clients; follower: takes them from its leader, and clients only read. Commands and \
            handovers change the role; the file ROLE keeps it and overrides this setting.
            """),
        ServerSetting(
            "replication.followers", \.replication.followers, flag: "follower", listOf: .endpoint, isLive: true,
            "The addresses of this server's followers; it connects to them and sends them the log."),
        ServerSetting(
            "replication.ack", \.replication.acks, flag: "ack", .acknowledgements, default: "local",
            """
            What a reply to a change waits for in addition to this server's log: local = nothing; one, all or a number = that \
            many followers' disks.
            """),
        ServerSetting(
            "replication.ack_timeout", \.replication.ackTimeout, flag: "ack-timeout", .milliseconds(least: 1),
            default: "1s", isLive: true,
            "How long a reply to a change waits for followers (replication.ack) before it becomes an error."),
        ServerSetting(
            "replication.timeout", \.replication.timeout, flag: "replication-timeout", .milliseconds(least: 2000),
            default: "10s", isLive: true,
            "How long a connection between leader and follower may be silent before it counts as lost."),
        ServerSetting(
            secret: "replication.secret", \.replication.secrets, .secrets, default: "none", isLive: true,
            """
            What leader and followers prove to each other that they know, before either believes the other; needed where clients \
            must log in. While it is replaced it has two lines: the first is used, both are accepted.
            """),
        ServerSetting(
            "replication.tls", \.tls.dialsSecurely, .truth, default: "true",
            "Whether this server dials its followers and its leader with TLS, once it has a certificate."),
        ServerSetting(
            "replication.adopt_history", \.replication.adoptsHistory, flag: "adopt-history", .truth, default: "false",
            isLive: true,
            """
            Whether a follower's data may be replaced by that of a leader with another history, or with fewer changes. The \
            replaced data is set aside, not deleted.
            """),
    ]

    private static let storage: [ServerSetting] = [
        ServerSetting(
            "storage.segment_size", \.store.layout.segmentSize, flag: "segment-size", .size(from: 4 << 10),
            default: "64M", "The size at which a segment of the log is sealed and the next begun."),
        ServerSetting(
            "storage.compact_ratio", \.store.compactionRule.ratio, flag: "compact-ratio", .number(0...1000),
            default: "1",
            isLive: true,
            """
            Compact automatically when sealed segments exceed this multiple of the snapshot; 0 compacts only when COMPACT is \
            sent.
            """),
        ServerSetting(
            "storage.compact_size", \.store.compactionRule.size, flag: "compact-size", .size(), default: "256M",
            isLive: true,
            "Sealed segments below this size, or below four segments if that is less, are not compacted automatically."),
        ServerSetting(
            "storage.compact_share", \.store.compactionRule.share, flag: "compact-share",
            .number(0.001...1, example: "0.5"),
            default: "0.25", isLive: true,
            """
            Automatic compactions take at most this share of the time: with 0.25, one of a second is followed by a pause of \
            three. 1 = no pause.
            """),
        ServerSetting(
            "storage.compact_backlog", \.store.compactionRule.backlog, flag: "compact-backlog", .size(), default: "2G",
            isLive: true,
            """
            No pause is made where sealed segments that are not compacted exceed this, or a quarter of the disk's free space if \
            that is less. A start reads them, besides the snapshot.
            """),
        ServerSetting(
            "storage.retain_size", \.store.retention.size, flag: "retain-size", .size(), default: "256M", isLive: true,
            "How much merged log to keep, for followers and for looking back."),
        ServerSetting(
            "storage.retain_age", \.store.retention.age, flag: "retain-age", .age, default: "7d", isLive: true,
            "Merged log older than this is removed."),
        ServerSetting(
            "storage.author", \.auth.recordsAuthors, .truth, default: "true",
            "Whether a change in the log says which user made it, where users log in."),
        ServerSetting(
            "storage.index", \.store.index, flag: "storage-index", .choice(), default: "none", isLive: true,
            """
            ordered = the keys are kept in byte order too, for RANGE and for KEYS with a prefix, which takes 9 to 13 bytes of \
            memory a pair and time for each new or removed key; none = they are not.
            """),
    ]

    private static let limits: [ServerSetting] = [
        ServerSetting(
            "memory.max", \.maxMemory, flag: "max-memory", .memory, default: "auto", isLive: true,
            """
            How much memory pairs, buffers and connections may take; auto is three quarters of what the machine or its \
            control group has. At the limit, changes that need more are refused, nothing is evicted.
            """),
        ServerSetting(
            "limits.clients", \.limits.clientCount, flag: "max-clients", .count(1...1_000_000), default: "10000",
            "How many clients may be connected at a time. Each needs an open file (ulimit -n)."),
        ServerSetting(
            "limits.key_size", \.limits.keySize, flag: "max-key-size",
            .size(from: 1, upTo: ProtocolLimits.keySize), default: "64K",
            "The longest key."),
        ServerSetting(
            "limits.value_size", \.limits.valueSize, flag: "max-value-size",
            .size(from: 1, upTo: ProtocolLimits.valueSize),
            default: "64M", "The longest value of a change."),
        ServerSetting(
            "limits.edit_size", \.limits.editSize, flag: "max-edit-size",
            .size(from: 1, upTo: ProtocolLimits.valueSize),
            default: "1M",
            "The longest value that APPEND, SETRANGE and SETBIT may make: each of them logs the whole value."),
        ServerSetting(
            "limits.request_size", \.limits.requestSize, flag: "max-request-size",
            .size(from: 64 << 10, upTo: ProtocolLimits.requestSize), default: "256M",
            "The longest request in RESP; a follower needs at least its leader's value."),
        ServerSetting(
            "limits.arguments", \.limits.argumentCount, flag: "max-arguments",
            .count(16...ProtocolLimits.argumentCount), default: "65536",
            "How many arguments a request in RESP may have."),
        ServerSetting(
            "limits.feeds", \.limits.feedCount, flag: "max-feeds", .count(1...1_000_000), default: "1000",
            "How many feeds of changes (CHANGES) may be open at a time."),
        ServerSetting(
            "limits.unsent_size", \.limits.unsentSize, flag: "max-unsent-size", .size(from: 1 << 20, upTo: 1 << 30),
            default: "64M",
            "The largest reply to one MGET, KEYS or RANGE. A request whose reply would be larger is answered with an error."
        ),
    ]

    private static let observation: [ServerSetting] = [
        ServerSetting(
            "logging.level", \.logging.level, flag: "log-level", .choice(aliases: ["warn": .warning]), default: "info",
            isLive: true, "The minimum level to log; warn is understood as warning."),
        ServerSetting(
            "logging.format", \.logging.format, flag: "log-format", .choice(), default: "text", isLive: true,
            "The format of the log: text is for people, json is one object on each line."),
        ServerSetting(
            "slowlog.threshold", \.slowLog.threshold, flag: "slow-log-threshold", .timeOrOff, default: "100ms",
            isLive: true, "Requests that take longer than this, waits for disk and followers included, are logged."),
        ServerSetting(
            "http.enabled", \.http.isEnabled, older: OlderName("metrics.enabled", flag: "metrics"), .truth,
            default: "false",
            "Serve HTTP: metrics for Prometheus, health checks, and keys and commands where http.serve allows it."),
        ServerSetting(
            "http.port", \.http.port, older: OlderName("metrics.port", flag: "metrics-port"), .port, default: "9090",
            "The port for HTTP; 0 takes a free one."),
        ServerSetting(
            "http.bind", \.http.host, older: OlderName("metrics.bind", flag: "metrics-bind"), .host,
            default: "127.0.0.1", "The address to serve HTTP on."),
        ServerSetting(
            "http.serve", \.http.serves, listOf: .choice(), mayBeEmpty: false, default: ["auto"],
            "What is served over HTTP. auto is everything where only this machine reaches the port or clients must log in, and metrics and health otherwise."
        ),
        ServerSetting(
            "http.hosts", \.http.hosts, listOf: .host,
            "Names that clients over HTTP may call this server by, besides localhost, addresses and http.bind. /metrics, /healthz and /readyz answer to any name."
        ),
        ServerSetting(
            "http.origins", \.http.origins, listOf: .origin,
            "The origins of web pages that may use this server over HTTP. Pages of other origins are refused."),
    ]
}

extension Configuration {
    /// The configuration of a server with these settings.
    package init(_ settings: Settings) {
        self.init()
        for setting in ServerSettings.all { setting.apply(settings, to: &self) }
    }
}
