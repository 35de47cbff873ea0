// A server's configuration as a value. What its settings are called is said in ServerConfiguration.

import Store
import SystemPackage

/// What a server is started with.
package struct Configuration: Sendable {
    /// Hosts, names or numbers, to accept connections on.
    package var hosts = ["127.0.0.1"]
    /// The port on each of them; 0 stands for any free one.
    package var port: UInt16 = 8080
    /// The path that names the data set.
    package var data: FilePath = "puffin.json"
    /// Durability, and how the files are laid out.
    package var store = StoreOptions()
    package var limits = Limits()
    package var replication = ReplicationSettings()
    /// Bytes that pairs, buffers and connections may take; 0 for no limit, nil for three quarters of what the machine or
    /// the control group has.
    package var maxMemory: Int?
    package var metrics = MetricsSettings()
    package var slowLog = SlowLogSettings()
    package var logging = LogSettings()

    package init() {}
}

/// The release of Redis whose replies the RESP dialect follows. Client libraries ask for it.
let redisVersion = "7.0.15"
