// The store of a leader: its hello, and the feeds of its followers.

import Bytes
import SystemPackage

extension Store {
    /// This store's first line to a follower. Lists the log's folder.
    /// - Parameters:
    ///   - port: the port of this server for clients.
    ///   - id: this server's id.
    package func replicationHello(port: Int, id: ServerID? = nil) -> LeaderHello {
        let first = (try? files.contents(on: disk))?.segments.first
        return LeaderHello(
            history: history, port: port, first: min(first ?? position.seq + 1, Number.largest), last: position.seq,
            durable: durable,
            id: id, needs: needs)
    }

    /// Starts feeding a follower that has answered `hello`. The store must be loaded.
    package func feed(for hello: FollowerHello) -> LogFeed {
        // The worker ends with its job: most of the time a feed needs none.
        let reader = feedReader { [background] () throws(StoreError) in try background.startForStorage("feed") }
        return LogFeed(reader, progress: progress) { reader throws(FeedFailure) in try reader.locate(hello) }
    }

    /// - Parameter worker: the worker of the next job.
    func feedReader(_ worker: @escaping @Sendable () throws(StoreError) -> any Worker) -> FeedReader {
        FeedReader(
            disk: disk, files: files, history: history, writer: writer, worker: worker, isSynced: durability == .always)
    }
}
