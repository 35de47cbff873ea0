// The store of a leader: what it says of its log, and what followers are fed from.

import Bytes
import SystemPackage

extension Store {
    /// What this store says first to a follower. Lists the log's folder.
    /// - Parameters:
    ///   - port: where clients reach this server.
    ///   - id: who it is.
    package func replicationHello(port: Int, id: ServerID? = nil) -> LeaderHello {
        let first = (try? files.contents(on: disk))?.segments.first
        return LeaderHello(
            history: history, port: port, first: min(first ?? position.seq + 1, Number.largest), last: position.seq,
            durable: durable,
            id: id)
    }

    /// Begins to feed a follower that has answered `hello`. The store is loaded.
    package func feed(for hello: FollowerHello) -> LogFeed {
        let reader = FeedReader(
            disk: disk, files: files, history: history, writer: writer, background: background,
            isSynced: durability == .always)
        return LogFeed(reader, for: hello, progress: progress)
    }
}
