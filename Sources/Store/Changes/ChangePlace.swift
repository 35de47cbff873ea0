// Where positions of the history are in the files, so that a feed that continues there does not search for them.

import Bytes
import LogFormat

/// A position of the history, and its place in the files.
package struct ChangePlace: Equatable, Sendable {
    package let position: ChainPosition
    /// The number that names the segment.
    let segment: UInt64
    /// Bytes from the segment's first.
    let offset: Int

    package init(position: ChainPosition, segment: UInt64, offset: Int) {
        (self.position, self.segment, self.offset) = (position, segment, offset)
    }
}

/// The places of the newest tokens that were given to clients.
package struct RecentPlaces {
    private var places: [UInt64: ChangePlace] = [:]
    /// The keys of `places`, as a ring.
    private var order: [UInt64] = []
    private var next = 0

    /// The number of places that are kept.
    package static let limit = 1024

    package init() {}

    /// The place of a token, if it is known.
    package subscript(token: ChangeToken) -> ChangePlace? {
        guard let place = places[token.seq] else { return nil }
        if case .position(let position) = token, position != place.position { return nil }
        return place
    }

    /// Notes a place, instead of the oldest.
    package mutating func note(_ place: ChangePlace) {
        guard places.updateValue(place, forKey: place.position.seq) == nil else { return }
        if order.count < RecentPlaces.limit { return order.append(place.position.seq) }
        places[order[next]] = nil
        order[next] = place.position.seq
        next = (next + 1) % RecentPlaces.limit
    }

    /// Forgets all of them: the files were replaced.
    package mutating func removeAll() { self = RecentPlaces() }
}

extension FeedReader {
    /// Finds where a feed of changes begins.
    /// - Parameters:
    ///   - token: the position.
    ///   - place: where that position may be in the files.
    func locate(_ token: ChangeToken, at place: ChangePlace?) throws(FeedFailure) -> (FeedStart, FeedSource) {
        // A compaction may remove segments between two attempts.
        for _ in 0..<3 {
            do throws(FeedFailure) {
                let (segment, position) = try segment(token, at: place)
                return (.continues(position), try source(from: segment))
            } catch {
                guard error == .removed else { throw error }
            }
        }
        throw .removed
    }

    private func segment(
        _ token: ChangeToken, at place: ChangePlace?
    ) throws(FeedFailure) -> (FeedSource.Segment, ChainPosition) {
        let (limit, seq) = (limit, token.seq)
        // It need not be committed yet: then nothing is shown until the changes after it are.
        guard seq <= limit.seq else { throw .ahead(newest: limit.seq) }
        if let place, let segment = try open(at: place) { return (segment, place.position) }
        guard let (segment, position) = try find(seq: seq) else { throw .compacted(oldest: try oldest()) }
        if case .position(let wanted) = token, wanted != position {
            throw .diverged(
                "Token \(wanted.token) is of another history: here change \(seq) is \(position.token); "
                    + "read the pairs again, then go on from there")
        }
        return (segment, position)
    }

    /// - Returns: nil if the file does not have that position there.
    private func open(at place: ChangePlace) throws(FeedFailure) -> FeedSource.Segment? {
        let (limit, segments) = (limit, try segments())
        guard segments.contains(place.segment), place.segment <= limit.segment else { return nil }
        let isOpen = place.segment == limit.segment
        guard !isOpen || place.offset <= limit.offset else { return nil }
        do throws(StoreError) {
            let file = try disk.open(files.segment(firstSeq: place.segment), for: .reading)
            guard try has(file, place) else { return nil }
            return FeedSource.Segment(
                file: file, first: place.segment, edition: isOpen ? limit.edition : 0, offset: place.offset,
                next: segments.first { $0 > place.segment })
        } catch {
            throw FeedFailure(error)
        }
    }

    /// Whether the record before a place ends with the position's checksum. A segment's header does not: then the place
    /// is found by reading it.
    private func has(_ file: any DiskFile, _ place: ChangePlace) throws(StoreError) -> Bool {
        var expected = ByteBuffer()
        expected.append(",\"crc\":\"")
        expected.append(hex: place.position.crc)
        expected.append("\"}\n")
        let start = place.offset - expected.count
        guard start >= 0 else { return false }
        var found = ByteBuffer()
        while found.count < expected.count {
            guard try file.read(expected.count - found.count, at: start + found.count, into: &found) > 0 else {
                return false
            }
        }
        return found.bytes.equals(expected.bytes)
    }

    /// The position before the first change that the log has.
    private func oldest() throws(FeedFailure) -> ChainPosition {
        guard let first = try segments().first else { throw .removed }
        do throws(StoreError) {
            let file = try disk.open(files.segment(firstSeq: first), for: .reading)
            return try SegmentReader(
                file.source, firstSeq: first, history: history, after: nil, chunkSize: FeedReader.chunkSize
            ).position
        } catch {
            throw FeedFailure(error)
        }
    }
}
