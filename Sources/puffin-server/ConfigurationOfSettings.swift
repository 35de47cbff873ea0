// From settings to what a server is made of.

import Logging
import Server
import Settings
import Store
import SystemPackage

extension Configuration {
    /// What settings mean for a server.
    init(_ settings: Settings) {
        self.init()
        port = settings[ServerSettings.port]
        hosts = settings[ServerSettings.bind]
        data = FilePath(settings[ServerSettings.dataFile])
        store = StoreOptions(settings)
        limits = Limits(settings)
        replication = ReplicationSettings(settings)
        maxMemory = settings[ServerSettings.maxMemory]
        metrics.isEnabled = settings[ServerSettings.metricsEnabled]
        metrics.port = settings[ServerSettings.metricsPort]
        metrics.host = settings[ServerSettings.metricsBind]
        slowLog.threshold = settings[ServerSettings.slowThreshold]?.duration
    }
}

extension StoreOptions {
    init(_ settings: Settings) {
        self.init()
        durability = chosen(settings[ServerSettings.durability])
        layout.segmentSize = settings[ServerSettings.segmentSize]
        compactRatio = settings[ServerSettings.compactRatio]
        compactSize = settings[ServerSettings.compactSize]
        retention = Retention(settings)
        // What is damaged on a follower, its leader has.
        if settings[ServerSettings.mode] == "follower" { damage = .setAside }
    }
}

extension Retention {
    init(_ settings: Settings) {
        self.init()
        size = settings[ServerSettings.retainSize]
        age = settings[ServerSettings.retainAge]
    }
}

extension Limits {
    init(_ settings: Settings) {
        self.init()
        clientCount = settings[ServerSettings.clients]
        keySize = settings[ServerSettings.keySize]
        valueSize = settings[ServerSettings.valueSize]
        requestSize = settings[ServerSettings.requestSize]
        argumentCount = settings[ServerSettings.argumentCount]
        unsentSize = settings[ServerSettings.unsentSize]
    }
}

extension ReplicationSettings {
    init(_ settings: Settings) {
        self.init()
        isFollower = settings[ServerSettings.mode] == "follower"
        followers = settings[ServerSettings.followers]
        acks = AckPolicy(settings[ServerSettings.acknowledgements]) ?? .local
        ackTimeout = settings[ServerSettings.acknowledgementTimeout].nanoseconds / 1_000_000
        timeout = settings[ServerSettings.replicationTimeout].nanoseconds / 1_000_000
        adoptsHistory = settings[ServerSettings.adoptHistory]
    }
}

/// The case that a word names. The schema allows no other words: a test compares them.
func chosen<Choice: RawRepresentable<String>>(_ word: String) -> Choice {
    guard let choice = Choice(rawValue: word) else { preconditionFailure("\(Choice.self) has no case \(word)") }
    return choice
}
