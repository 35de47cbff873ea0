// What can change while a server runs.

import Store

extension Server {
    /// Puts into force what a configuration has that needs no restart; the rest of it is ignored.
    package func change(to configuration: Configuration) {
        if memory.change(to: configuration.maxMemory) { reportMemory() }
        store.change(
            compactRatio: configuration.store.compactRatio, compactSize: configuration.store.compactSize,
            retention: configuration.store.retention)
        replication.change(to: configuration.replication)
        slowLog.change(to: configuration.slowLog)
    }
}
