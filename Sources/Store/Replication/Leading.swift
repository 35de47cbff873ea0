// The store of a leader: what it says of its log, and what followers are fed from.

import SystemPackage

extension Store {
    /// What this store says first to a follower. Lists the log's folder.
    /// - Parameter port: where clients reach this server.
    package func replicationHello(port: Int) -> LeaderHello {
        let first = (try? files.contents(on: disk))?.segments.first
        return LeaderHello(
            history: history, port: port, first: first ?? position.seq + 1, last: position.seq, durable: durable)
    }

    /// Begins to feed a follower that has answered `hello`. The store is loaded.
    package func feed(for hello: FollowerHello) -> LogFeed {
        let reader = FeedReader(
            disk: disk, files: files, history: history, writer: writer, isSynced: durability == .always)
        return LogFeed(reader, for: hello, progress: progress)
    }
}
