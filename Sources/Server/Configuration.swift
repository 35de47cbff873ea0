// A server's configuration as a value. ServerConfiguration defines the names of the settings.

import Store
import SystemPackage

/// The configuration of a server.
package struct Configuration: Sendable {
    /// Host names or addresses to accept connections on.
    package var hosts = ["127.0.0.1"]
    /// The port on each host; 0 means any free port.
    package var port: UInt16 = 8080
    /// The path that names the data set.
    package var data: FilePath = "puffin.json"
    /// Durability, and how the files are laid out.
    package var store = StoreOptions()
    package var limits = Limits()
    package var replication = ReplicationSettings()
    /// The memory limit for pairs, buffers and connections, in bytes; 0 for no limit, nil for three quarters of the memory
    /// of the machine or the control group.
    package var maxMemory: Int?
    package var http = HTTPSettings()
    package var console = ConsoleSettings()
    package var auth = AuthSettings()
    package var tls = TLSSettings()
    package var audit = AuditSettings()
    package var slowLog = SlowLogSettings()
    package var logging = LogSettings()
    /// Whether DEBUG, which is for tests, is allowed.
    package var allowsDebug = false

    package init() {}
}

/// The release of Redis whose replies the RESP dialect follows. Client libraries ask for it.
let redisVersion = "7.0.15"
