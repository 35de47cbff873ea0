import Bytes
import LogFormat
import Server
import Store

/// A log of changes, each with a unique number.
struct SimulatedLog {
    private(set) var ids: [UInt64] = []
    private var chain: [UInt32] = [0]
    /// How many are on the disk.
    var durable = 0

    var count: Int { ids.count }
    var end: ChainPosition { position(count) }

    func position(_ seq: Int) -> ChainPosition { ChainPosition(seq: UInt64(seq), crc: chain[seq]) }

    mutating func append(_ id: UInt64) {
        ids.append(id)
        var mixer = SplitMix64(seed: UInt64(chain[chain.count - 1]) << 32 ^ id)
        chain.append(UInt32(truncatingIfNeeded: mixer.next()))
    }

    mutating func truncate(to count: Int) {
        ids.removeSubrange(count...)
        chain.removeSubrange((count + 1)...)
        durable = min(durable, count)
    }

    func begins(with other: [UInt64]) -> Bool { ids.starts(with: other) }

    /// Everything is on the disk then.
    mutating func replace(by other: [UInt64]) {
        var common = 0
        while common < min(count, other.count), ids[common] == other[common] { common += 1 }
        truncate(to: common)
        for id in other[common...] { append(id) }
        durable = count
    }
}

/// A follower's line.
enum FollowerLine {
    case answer(FollowerHello), acknowledged(durable: UInt64, applied: UInt64), promoted, refused
}

/// A leader's line. `start` has everything before the records that follow.
enum LeaderLine {
    case greeting(LeaderHello), start([UInt64]), record(seq: Int, UInt64, chain: UInt32)
    case heartbeat(seq: UInt64, isFresh: Bool), promote(ChainPosition, [String], Int)
}

final class SimulatedConnection {
    let leader: SimulatedMember
    /// Of the leader's link.
    let number: Int
    let follower: SimulatedMember
    private let followerStart: UInt64
    var isOpen = true
    var toFollower: [LeaderLine] = []
    var toLeader: [FollowerLine] = []

    init(from leader: SimulatedMember, _ number: Int, to follower: SimulatedMember) {
        self.leader = leader
        self.number = number
        self.follower = follower
        followerStart = follower.startID
    }

    /// Whether the process is there that the connection was made to.
    var reachesFollower: Bool { follower.isUp && follower.startID == followerStart }
}

/// A leader's link to a follower.
struct SimulatedLink {
    let target: SimulatedMember
    var connection: SimulatedConnection?
    var isFed = false
    /// Changes that were sent.
    var sent = 0
}

final class SimulatedMember {
    static let history = "0123456789ab"

    /// What survives a crash, besides the log.
    struct Disk {
        var note: RoleNote?
        /// The authority by which it leads; see `RolesSimulation.authority`.
        var authority: Int?
    }

    let index: Int
    let endpoint: Endpoint
    var disk = Disk()
    var log = SimulatedLog()
    /// How much of the log is counted among what this disk has had.
    var noted = 0

    // What a crash ends.
    var roles = Roles(id: ServerID(0), acks: .local, isFollower: true)
    var isUp = false
    var isLoaded = true
    var startID: UInt64 = 0
    var events: [Roles.Event] = []
    var isReporting = false
    var links: [Int: SimulatedLink] = [:]
    var leaderConnection: SimulatedConnection?
    var isFollowing = false
    var joins: Int?
    var probes: [Int] = []
    var pendingNote: (note: RoleNote, authority: Int?)?
    var authority: Int?
    var formerAuthority: Int?
    var offeredAuthority: Int?
    var committed = 0
    var requests: [Int: (Roles.Request, Int)] = [:]
    var lastRequest = 0
    var lastTick = 0

    init(_ index: Int) {
        self.index = index
        endpoint = Endpoint(host: "10.0.0.\(index + 1)", port: 8080)
    }

    var id: ServerID { ServerID(UInt64(index) << 32 | startID) }

    var view: Roles.LogView {
        var view = Roles.LogView()
        view.history = SimulatedMember.history
        view.position = log.end
        view.isLoaded = isLoaded
        view.isIdle = isLoaded && log.durable == log.count
        return view
    }

    func write(_ note: RoleNote, _ authority: Int?) {
        disk.note = note
        disk.authority = note.isFollower ? nil : authority
    }

    /// The process is gone.
    func reset() {
        isUp = false
        isLoaded = true
        (events, links, probes, requests) = ([], [:], [], [:])
        (leaderConnection, isFollowing, joins, pendingNote) = (nil, false, nil, nil)
        (authority, formerAuthority, offeredAuthority) = (nil, nil, nil)
    }
}
