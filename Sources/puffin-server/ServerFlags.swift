// The flags of a server and of `puffin-server config`: one for each setting.

import ArgumentParser
import Settings

/// Every flag that gives a setting.
struct ServerFlags: ParsableArguments {
    @OptionGroup var data: DataFlags
    @OptionGroup var service: ServiceFlags
    @OptionGroup var replication: ReplicationFlags
    @OptionGroup var storage: StorageFlags
    @OptionGroup var retention: RetentionFlags
    @OptionGroup var limits: LimitFlags
    @OptionGroup var observation: ObservationFlags

    var sources: Sources {
        Sources([data, service, replication, storage, retention, limits, observation], config: data.config)
    }
}

/// Where a server listens, and when it says OK.
struct ServiceFlags: ParsableArguments, SettingFlags {
    @Option(ServerSettings.port) var port: String?
    @Option(list: ServerSettings.bind) var bind: [String]
    @Option(ServerSettings.durability) var durability: String?

    var given: GivenFlags {
        flag(ServerSettings.port, port) + flag(ServerSettings.bind, bind) + flag(ServerSettings.durability, durability)
    }
}

/// A server's part in replication.
struct ReplicationFlags: ParsableArguments, SettingFlags {
    @Option(ServerSettings.mode) var mode: String?
    @Option(list: ServerSettings.followers) var follower: [String]
    @Option(ServerSettings.acknowledgements) var ack: String?
    @Option(ServerSettings.acknowledgementTimeout) var ackTimeout: String?
    @Option(ServerSettings.replicationTimeout) var replicationTimeout: String?
    @Flag(ServerSettings.adoptHistory) var adoptHistory: Bool?

    var given: GivenFlags {
        flag(ServerSettings.mode, mode) + flag(ServerSettings.followers, follower)
            + flag(ServerSettings.acknowledgements, ack)
            + flag(ServerSettings.acknowledgementTimeout, ackTimeout)
            + flag(ServerSettings.replicationTimeout, replicationTimeout)
            + flag(ServerSettings.adoptHistory, adoptHistory)
    }
}

/// What segments are like, and when they are merged.
struct StorageFlags: ParsableArguments, SettingFlags {
    @Option(ServerSettings.segmentSize) var segmentSize: String?
    @Option(ServerSettings.compactRatio) var compactRatio: String?
    @Option(ServerSettings.compactSize) var compactSize: String?

    var given: GivenFlags {
        flag(ServerSettings.segmentSize, segmentSize) + flag(ServerSettings.compactRatio, compactRatio)
            + flag(ServerSettings.compactSize, compactSize)
    }
}

/// What is kept of merged segments: for whoever removes them.
struct RetentionFlags: ParsableArguments, SettingFlags {
    @Option(ServerSettings.retainSize) var retainSize: String?
    @Option(ServerSettings.retainAge) var retainAge: String?

    var given: GivenFlags { flag(ServerSettings.retainSize, retainSize) + flag(ServerSettings.retainAge, retainAge) }
}

/// What one server allows.
struct LimitFlags: ParsableArguments, SettingFlags {
    @Option(ServerSettings.maxMemory) var maxMemory: String?
    @Option(ServerSettings.clients) var maxClients: String?
    @Option(ServerSettings.keySize) var maxKeySize: String?
    @Option(ServerSettings.valueSize) var maxValueSize: String?
    @Option(ServerSettings.requestSize) var maxRequestSize: String?
    @Option(ServerSettings.argumentCount) var maxArguments: String?
    @Option(ServerSettings.unsentSize) var maxUnsentSize: String?

    var given: GivenFlags {
        flag(ServerSettings.maxMemory, maxMemory) + flag(ServerSettings.clients, maxClients)
            + flag(ServerSettings.keySize, maxKeySize) + flag(ServerSettings.valueSize, maxValueSize)
            + flag(ServerSettings.requestSize, maxRequestSize) + flag(ServerSettings.argumentCount, maxArguments)
            + flag(ServerSettings.unsentSize, maxUnsentSize)
    }
}

/// What a server says of itself.
struct ObservationFlags: ParsableArguments, SettingFlags {
    @Option(ServerSettings.logLevel) var logLevel: String?
    @Option(ServerSettings.logFormat) var logFormat: String?
    @Option(ServerSettings.slowThreshold) var slowLogThreshold: String?
    @Flag(ServerSettings.metricsEnabled) var metrics: Bool?
    @Option(ServerSettings.metricsPort) var metricsPort: String?
    @Option(ServerSettings.metricsBind) var metricsBind: String?

    var given: GivenFlags {
        flag(ServerSettings.logLevel, logLevel) + flag(ServerSettings.logFormat, logFormat)
            + flag(ServerSettings.slowThreshold, slowLogThreshold) + flag(ServerSettings.metricsEnabled, metrics)
            + flag(ServerSettings.metricsPort, metricsPort) + flag(ServerSettings.metricsBind, metricsBind)
    }
}
