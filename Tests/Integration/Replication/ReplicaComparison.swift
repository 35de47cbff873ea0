// When two servers are the same: the number of the newest change, the records of both logs byte by byte, and all pairs,
// which a snapshot has sorted.

import Foundation
import TestSupport
import Testing

/// The records that a server's log has, in their order.
struct ReplicaRecords {
    /// The lines with their line feeds, one after the other, and where each begins.
    private var bytes: [UInt8] = []
    private var starts: [Int] = []
    private(set) var first = 0

    private static let start = Array("{\"seq\":".utf8)

    init(of replica: Replica) throws {
        for segment in try LogFile(data: replica.data).segments() {
            for line in try LogFile.read(segment).split(separator: UInt8(ascii: "\n"))
            where line.starts(with: ReplicaRecords.start) {
                starts.append(bytes.count)
                bytes += line
                bytes.append(UInt8(ascii: "\n"))
            }
        }
        if !starts.isEmpty { first = seq(at: 0) }
    }

    var count: Int { starts.count }
    var last: Int { count == 0 ? 0 : seq(at: count - 1) }

    private func seq(at index: Int) -> Int {
        bytes[(starts[index] + ReplicaRecords.start.count)...].prefix { $0 != UInt8(ascii: ",") }
            .reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    /// The records after a change.
    func behind(_ seq: Int) -> ArraySlice<UInt8> {
        let index = max(seq + 1 - first, 0)
        return index < count ? bytes[starts[index]...] : []
    }

    /// One record, without its line feed.
    func line(_ seq: Int) -> String {
        String(decoding: behind(seq - 1).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// The first change whose records differ, among those that both have; nil if there is none.
    func difference(from other: ReplicaRecords) -> Int? {
        // A compaction may have left none.
        guard count > 0 && other.count > 0 else { return nil }
        let start = max(first, other.first)
        if behind(start - 1) == other.behind(start - 1) { return nil }
        return (start...max(last, other.last)).first { line($0) != other.line($0) }
    }
}

/// Waits until all of them have the same newest change, and it is committed on each.
/// - Returns: the number of the newest.
@discardableResult
func waitUntilEqual(_ replicas: Replica...) throws -> Int { try waitUntilEqual(replicas) }

private func waitUntilEqual(_ replicas: [Replica]) throws -> Int {
    var seqs: [String] = []
    try wait("the same newest change on \(replicas.map(\.name))") {
        replicas.map { "\($0.name): \((try? $0.stats()) ?? [:])\n\($0.log)" }.joined(separator: "\n")
    } until: {
        seqs = try replicas.flatMap { replica in
            let stats = try replica.stats()
            return ["seq", "committed"].map { stats[$0] ?? "" }
        }
        return Set(seqs).count == 1
    }
    return try #require(Int(seqs[0]))
}

/// Waits until all of them have the same newest change, and compares all that they have.
/// - Parameter snapshots: whether snapshots are made, to compare all pairs.
/// - Returns: the number of the newest change.
@discardableResult
func expectEqual(_ replicas: Replica..., snapshots: Bool = true) throws -> Int {
    let seq = try waitUntilEqual(replicas)
    let records = try replicas.map { try ReplicaRecords(of: $0) }
    for (replica, other) in zip(replicas, records).dropFirst() {
        let difference = other.difference(from: records[0])
        #expect(difference == nil, "\(replica.name) has another record than \(replicas[0].name)")
        #expect(other.last == records[0].last || other.count == 0 || records[0].count == 0)
    }
    guard snapshots else { return seq }
    for replica in replicas { try compact(replica, at: seq) }
    let first = try LogFile.read(replicas[0].data)
    for replica in replicas.dropFirst() {
        #expect(try LogFile.read(replica.data) == first, "\(replica.name) has other pairs than \(replicas[0].name)")
    }
    return seq
}

/// Makes a snapshot as of a change, the newest.
func compact(_ replica: Replica, at seq: Int) throws {
    try wait("a snapshot of \(replica.name) as of \(seq)", description: { replica.log }) {
        if try replica.figure("snapshot_seq") == seq { return true }
        if try replica.stats()["compaction"] == "idle" { _ = try replica.ask("COMPACT") }
        return false
    }
}
