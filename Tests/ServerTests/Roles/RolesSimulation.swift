// Three servers, reduced to their roles: a `Roles` each, a log, a disk that survives a crash, and links over a network
// that loses, delays, repeats and reorders lines. No process, no clock, no thread: the seed determines everything.

import Bytes
import LogFormat
import Server
import Store

/// What went wrong, and when.
struct RolesViolation: Error, CustomStringConvertible {
    let step: Int
    let text: String
    var description: String { "step \(step): \(text)" }
}

/// A rule that the harness breaks, so that the simulation has something to find.
enum PlantedDefect {
    case none
    /// A role takes effect while its note is still being written.
    case actsBeforeWritten
    /// Acknowledgements of a data set that was replaced count for the next one.
    case countsOtherHistory
}

final class RolesSimulation {
    /// Counts of the interesting events.
    struct Figures: Equatable {
        var changes = 0, commits = 0, handovers = 0, failedHandovers = 0, promotions = 0, crashes = 0, replacements = 0
        var refusedNotes = 0
    }

    private(set) var figures = Figures()
    private var random: SplitMix64
    private let defect: PlantedDefect
    private var members: [SimulatedMember] = []
    private var connections: [SimulatedConnection] = []
    private var step = 0
    private var now = 0
    private var lastChange: UInt64 = 0
    private var lastAuthority = 0
    /// Which members have ever had a position of a log on disk, one bit each.
    private var holders: [UInt64: UInt8] = [:]
    /// For each authority, the newest change that was acknowledged to clients.
    private var acknowledged: [Int: ChainPosition] = [:]

    init(seed: UInt64, defect: PlantedDefect = .none) throws {
        random = SplitMix64(seed: seed)
        self.defect = defect
        for index in 0..<3 { members.append(SimulatedMember(index)) }
        members[0].disk.authority = 0
        for member in members { try start(member) }
    }

    func run(steps: Int) throws {
        for _ in 0..<steps {
            step += 1
            now += random.below(6)
            try act()
            for member in members where member.isUp {
                if member.roles.needsTicks || now - member.lastTick >= 1000 {
                    member.lastTick = now
                    try report(.tick, to: member)
                }
            }
            try check()
        }
    }

    // MARK: What happens

    /// Storms break things, so that calm has something to mend.
    private var isStormy: Bool { step / 500 % 4 == 3 }

    private func act() throws {
        var member = members[random.below(3)]
        // Most happens where changes are made.
        if random.below(2) == 0, let leader = members.last(where: { $0.isUp && $0.roles.isWritable }) {
            member = leader
        }
        guard member.isUp else {
            if random.below(10) == 0 { try start(member) }
            return
        }
        if isStormy && random.below(member.pendingNote == nil ? 800 : 12) == 0 { return crash(member) }
        switch random.below(100) {
        case 0..<30: try deliver()
        case 30..<42: try pump(member)
        case 42..<54: sync(member)
        case 54..<64: change(member)
        case 64..<70: try dial(member)
        case 70..<80: try finishNote(member)
        case 80..<84: try notice()
        case 84..<86: try join(member)
        case 86: try probe(member)
        case 87, 88: try operate(member)
        case 89: if isStormy, !connections.isEmpty { connections[random.below(connections.count)].isOpen = false }
        default: try commit(member)
        }
    }

    /// Operators' actions: random ones in a storm, and afterwards those that restore a cluster.
    private func operate(_ member: SimulatedMember) throws {
        guard random.below(2) == 0 else { return }
        let leaders = members.filter { $0.isUp && $0.roles.isWritable }
        if isStormy || random.below(6) == 0 { return try askAnything(leaders.first ?? member) }
        guard !leaders.isEmpty else { return try ask(.promote(isForced: true), of: member) }
        let leader = leaders[random.below(leaders.count)]
        if member !== leader, member.leaderConnection?.leader !== leader {
            try ask(.follow(leader.endpoint), of: member)
        } else if random.below(4) == 0 {
            try ask(.handOver(other(than: leader).endpoint, within: 4000), of: leader)
        }
    }

    private func other(than member: SimulatedMember) -> SimulatedMember {
        members[(member.index + 1 + random.below(2)) % 3]
    }

    private func start(_ member: SimulatedMember) throws {
        member.isUp = true
        member.startID += 1
        member.roles = Roles(
            id: ServerID(UInt64(member.index) << 32 | member.startID), acks: .followers(1),
            isFollower: member.index > 0)
        member.authority = member.disk.authority
        member.committed = member.log.count
        let others = member.index == 0 ? [members[1].endpoint, members[2].endpoint] : []
        try report(.started(followers: others, note: member.disk.note), to: member)
    }

    private func crash(_ member: SimulatedMember) {
        figures.crashes += 1
        for connection in connections where connection.leader === member || connection.follower === member {
            connection.isOpen = false
        }
        // What was not synced may have reached the disk.
        let kept = member.log.durable + random.below(member.log.count - member.log.durable + 1)
        member.log.truncate(to: kept)
        member.log.durable = kept
        noteHolder(member)
        if let (note, authority) = member.pendingNote, random.below(2) == 0 { member.write(note, authority) }
        member.reset()
    }

    private func change(_ member: SimulatedMember) {
        guard member.roles.isWritable, member.isLoaded else { return }
        figures.changes += 1
        lastChange += 1
        member.log.append(lastChange)
    }

    private func sync(_ member: SimulatedMember) {
        member.isLoaded = true
        member.log.durable = member.log.count
        noteHolder(member)
        acknowledge(member)
    }

    /// Tells the leader what is on this disk.
    private func acknowledge(_ member: SimulatedMember) {
        guard let connection = member.leaderConnection else { return }
        let isFollowing = member.isFollowing
        connection.toLeader.append(
            .acknowledged(
                durable: isFollowing ? UInt64(member.log.durable) : 0,
                applied: isFollowing ? UInt64(member.log.count) : 0))
    }

    private func noteHolder(_ member: SimulatedMember) {
        while member.noted < member.log.durable {
            member.noted += 1
            holders[member.log.position(member.noted).key, default: 0] |= 1 << member.index
        }
    }

    private func commit(_ member: SimulatedMember) throws {
        let seq = Int(member.roles.commitRule.committed(local: UInt64(member.log.durable)))
        guard member.roles.isWritable, seq > member.committed, let authority = member.authority else { return }
        let position = member.log.position(seq)
        let others = holders[position.key, default: 0] & ~(1 << member.index)
        if others == 0 {
            throw violation("server \(member.index) acknowledges change \(seq), which no follower has had")
        }
        member.committed = seq
        acknowledged[authority] = position
        figures.commits += 1
    }

    private func finishNote(_ member: SimulatedMember) throws {
        guard let (note, authority) = member.pendingNote else { return }
        member.pendingNote = nil
        if isStormy && random.below(4) == 0 {
            figures.refusedNotes += 1
            if defect != .actsBeforeWritten { try report(.notWritten(note, "no space"), to: member) }
            return
        }
        member.write(note, authority)
        if defect != .actsBeforeWritten { try report(.written(note), to: member) }
    }

    private func askAnything(_ member: SimulatedMember) throws {
        let other = other(than: member)
        let requests: [Roles.Request] = [
            .handOver(other.endpoint, within: 4000), .handOver(other.endpoint, within: 4000),
            .handOver(other.endpoint, within: 500 + random.below(4000)),
            .handOver(other.endpoint, within: random.below(50)), .follow(other.endpoint), .follow(nil),
            .promote(isForced: false), .promote(isForced: true), .add(other.endpoint, id: nil),
            .remove(other.endpoint),
        ]
        try ask(requests[random.below(requests.count)], of: random.below(4) == 0 ? other : member)
    }

    private func ask(_ request: Roles.Request, of member: SimulatedMember) throws {
        guard member.isUp else { return }
        member.lastRequest += 1
        member.requests[member.lastRequest] = (request, now)
        try report(.asked(request, number: member.lastRequest), to: member)
    }

    private func probe(_ member: SimulatedMember) throws {
        if let number = member.probes.popLast() { try report(.probed(number, isItself: false), to: member) }
    }

    private func join(_ member: SimulatedMember) throws {
        guard let leader = member.joins.map({ members[$0] }), leader.isUp, leader.isLoaded else { return }
        try ask(.add(member.endpoint, id: member.id), of: leader)
    }

    // MARK: The network

    private func dial(_ member: SimulatedMember) throws {
        let waiting = member.links.filter { $0.value.connection == nil }.map(\.key).sorted()
        guard !waiting.isEmpty else { return }
        let number = waiting[random.below(waiting.count)]
        guard let target = member.links[number]?.target, target.isUp else {
            return try report(.lost(number), to: member)
        }
        let connection = SimulatedConnection(from: member, number, to: target)
        connections.append(connection)
        member.links[number]?.connection = connection
        try report(.connected(number, address: "\(target.endpoint)"), to: member)
    }

    /// One side notices that a connection has ended.
    private func notice() throws {
        guard !connections.isEmpty else { return }
        let index = random.below(connections.count)
        let connection = connections[index]
        guard !connection.isOpen else { return }
        let (leader, follower) = (connection.leader, connection.follower)
        if leader.links[connection.number]?.connection === connection {
            leader.links[connection.number]?.connection = nil
            try report(.lost(connection.number), to: leader)
        } else if follower.leaderConnection === connection {
            follower.leaderConnection = nil
            try report(.leaderLost, to: follower)
        } else {
            connections.remove(at: index)
        }
    }

    private func deliver() throws {
        let busy = connections.filter { !$0.toFollower.isEmpty || !$0.toLeader.isEmpty }
        guard !busy.isEmpty else { return }
        let connection = busy[random.below(busy.count)]
        for _ in 0...random.below(4) {
            if random.below(2) == 0 {
                if let line = take(&connection.toFollower), connection.reachesFollower {
                    try receive(line, connection.follower, connection)
                }
            } else if let line = take(&connection.toLeader), connection.leader.isUp,
                connection.leader.links[connection.number]?.connection === connection
            {
                try receive(line, connection.leader, connection)
            }
        }
    }

    private func take<Line>(_ lines: inout [Line]) -> Line? {
        guard !lines.isEmpty else { return nil }
        guard isStormy else { return lines.removeFirst() }
        let index = random.below(40) == 0 ? random.below(lines.count) : 0
        switch random.below(200) {
        case 0: lines.remove(at: index); return nil  // lost
        case 1: return lines[index]  // and once more later
        default: return lines.remove(at: index)
        }
    }

    /// A line of a follower's.
    private func receive(_ line: FollowerLine, _ member: SimulatedMember, _ connection: SimulatedConnection) throws {
        switch line {
        case .answer(let hello): try report(.answered(connection.number, hello), to: member)
        case .acknowledged(let durable, let applied):
            try report(.acknowledged(connection.number, durable: durable, applied: applied), to: member)
        case .promoted: try report(.confirmed(connection.number), to: member)
        case .refused:
            connection.isOpen = false
            member.links[connection.number]?.connection = nil
            try report(.lost(connection.number), to: member)
        }
    }

    /// A line of a leader's.
    private func receive(_ line: LeaderLine, _ member: SimulatedMember, _ connection: SimulatedConnection) throws {
        if case .greeting(let hello) = line { return try greeted(member, hello, connection) }
        guard member.leaderConnection === connection else { return }
        switch line {
        case .greeting: break
        case .start(let ids):
            // What is a part of this log stays, the rest is replaced.
            if !member.log.begins(with: ids) || member.log.count != ids.count { try replace(member, by: ids) }
            guard member.leaderConnection === connection else { return }
            member.isFollowing = true
            try report(.leaderReached(.following), to: member)
        case .record(let seq, let id, let chain):
            guard member.isFollowing else { return }
            guard seq == member.log.count + 1, chain == member.log.end.crc else { return try hangUp(member) }
            member.log.append(id)
        case .heartbeat(let seq, let isFresh):
            try report(.leaderSaid(seq: seq, isFresh: isFresh), to: member)
            if member.isFollowing, member.log.end.seq >= seq { try report(.wasFresh, to: member) }
        case .promote(let position, let others, let authority):
            guard member.isFollowing else { return }
            member.offeredAuthority = authority
            try report(.toldToLead(position, followers: others), to: member)
        }
    }

    private func greeted(
        _ member: SimulatedMember, _ hello: LeaderHello, _ connection: SimulatedConnection
    ) throws {
        let address = "\(connection.leader.endpoint)"
        let refusal = member.roles.refusal(
            of: hello, from: address, adoptsHistory: random.below(4) > 0, log: member.view)
        guard refusal == nil, member.roles.handover == nil, member.isLoaded else {
            connection.toLeader.append(.refused)
            return
        }
        try hangUp(member)
        member.leaderConnection = connection
        member.isFollowing = false
        try report(.followed(hello, address: address), to: member)
        connection.toLeader.append(
            .answer(
                FollowerHello(
                    history: SimulatedMember.history, position: member.log.end, checkpoints: [], id: member.id)))
        acknowledge(member)
    }

    /// Ends the connection of this member's leader.
    private func hangUp(_ member: SimulatedMember) throws {
        guard let connection = member.leaderConnection else { return }
        connection.isOpen = false
        member.leaderConnection = nil
        member.isFollowing = false
        try report(.leaderLost, to: member)
    }

    private func replace(_ member: SimulatedMember, by ids: [UInt64]) throws {
        figures.replacements += 1
        member.log.replace(by: ids)
        member.noted = 0
        noteHolder(member)
        member.committed = ids.count
        member.isLoaded = random.below(3) == 0
        if defect != .countsOtherHistory { try report(.replaced, to: member) }
        for (number, link) in member.links.sorted(by: { $0.key < $1.key }) where link.connection != nil {
            link.connection?.isOpen = false
            member.links[number]?.connection = nil
            try report(.lost(number), to: member)
        }
    }

    /// Sends what is on the disk, and occasional heartbeats.
    private func pump(_ member: SimulatedMember) throws {
        let feeding = member.links.filter { $0.value.isFed && $0.value.connection != nil }.map(\.key).sorted()
        guard !feeding.isEmpty else { return }
        let number = feeding[random.below(feeding.count)]
        guard var link = member.links[number], let connection = link.connection else { return }
        while link.sent < member.log.durable {
            connection.toFollower.append(
                .record(
                    seq: link.sent + 1, member.log.ids[link.sent], chain: member.log.position(link.sent).crc))
            link.sent += 1
        }
        member.links[number] = link
        if random.below(3) == 0 {
            let isFresh = !member.roles.isFollower || member.isFollowing
            connection.toFollower.append(.heartbeat(seq: UInt64(member.log.durable), isFresh: isFresh))
        }
    }

    // MARK: Effects

    private func report(_ event: Roles.Event, to member: SimulatedMember) throws {
        member.events.append(event)
        guard !member.isReporting else { return }
        member.isReporting = true
        defer { member.isReporting = false }
        while !member.events.isEmpty {
            let wasFollower = member.roles.isFollower
            let change = member.roles.pending?.change
            let effects = member.roles.on(member.events.removeFirst(), log: member.view, at: now)
            if wasFollower != member.roles.isFollower { try roleChanged(member, by: change) }
            for effect in effects { try perform(effect, member) }
        }
    }

    /// A server leads by an authority, which a handover passes on and a promotion creates.
    private func authority(_ member: SimulatedMember, after change: Roles.Change?) -> Int? {
        switch change {
        case .promotion?:
            lastAuthority += 1
            return lastAuthority
        case .takeover?: return member.offeredAuthority
        case .resumption?: return member.formerAuthority
        case .following?, .telling?: return nil
        case nil: return member.authority
        }
    }

    private func roleChanged(_ member: SimulatedMember, by change: Roles.Change?) throws {
        if member.roles.isFollower {
            (member.formerAuthority, member.authority) = (member.authority, nil)
            return
        }
        guard let change else { return }  // at its start
        member.authority = defect == .actsBeforeWritten ? member.pendingNote?.authority : member.disk.authority
        member.committed = member.log.count
        switch change {
        case .promotion: figures.promotions += 1
        case .takeover: figures.handovers += 1
        default: break
        }
    }

    private func perform(_ effect: Roles.Effect, _ member: SimulatedMember) throws {
        switch effect {
        case .dial(let number, let endpoint):
            guard let target = members.first(where: { $0.endpoint == endpoint }) else { break }
            member.links[number] = SimulatedLink(target: target)
        case .greet(let number):
            member.links[number]?.isFed = false
            member.links[number]?.connection?.toFollower.append(
                .greeting(
                    LeaderHello(
                        history: SimulatedMember.history, port: Int(member.endpoint.port), first: 1,
                        last: member.log.end.seq, durable: UInt64(member.log.durable), id: member.id)))
        case .feed(let number, let hello): feed(number, hello, member)
        case .retry(let number, _):
            member.links[number]?.connection?.isOpen = false
            member.links[number]?.connection = nil
            try report(.lost(number), to: member)
        case .drop(let number): member.links.removeValue(forKey: number)?.connection?.isOpen = false
        case .tellToLead(let number, let position, let followers):
            guard member.disk.note?.isFollower == true || defect == .actsBeforeWritten else {
                throw violation("server \(member.index) tells another one to lead, and its disk says that it leads")
            }
            guard let authority = member.formerAuthority else { throw violation("a handover without authority") }
            member.links[number]?.connection?.toFollower.append(.promote(position, followers, authority))
        case .closeLeader, .endLeader: try hangUp(member)
        case .confirmLeading:
            member.leaderConnection?.toLeader.append(.promoted)
            try hangUp(member)
        case .join(let endpoint): member.joins = members.firstIndex { $0.endpoint == endpoint }
        case .stopJoining: member.joins = nil
        case .probe(_, let number): member.probes.append(number)
        case .write(let note):
            let change = member.roles.pending?.change
            member.pendingNote = (note, authority(member, after: change))
            if defect == .actsBeforeWritten { try report(.written(note), to: member) }
        case .answer(let number, let answer):
            guard let (request, _) = member.requests.removeValue(forKey: number) else {
                throw violation("server \(member.index) answers request \(number) twice")
            }
            if case .handOver = request, answer != .done { figures.failedHandovers += 1 }
        case .hurry, .heartbeat, .failUnacknowledged, .say: break
        }
    }

    /// Where a follower begins: after what both logs have, or earlier; if it is empty, at a snapshot.
    private func feed(_ number: Int, _ hello: FollowerHello, _ member: SimulatedMember) {
        let own = member.log
        let seq = Int(hello.position.seq)
        let isKnown = seq <= own.durable && own.position(seq) == hello.position
        let start = isKnown ? seq : own.durable
        member.links[number]?.sent = start
        member.links[number]?.isFed = true
        member.links[number]?.connection?.toFollower.append(.start(Array(own.ids.prefix(start))))
    }

    // MARK: What must hold

    private func violation(_ text: String) -> RolesViolation { RolesViolation(step: step, text: text) }

    private func check() throws {
        var leaders: [Int: Int] = [:]
        for member in members where member.isUp {
            let roles = member.roles
            // The consequences of the planted defect must be found.
            if defect != .actsBeforeWritten,
                roles.isFollower != (member.disk.note?.isFollower ?? (member.index > 0))
            {
                throw violation(
                    "server \(member.index) is \(roles.isFollower ? "a follower" : "the leader"), and its disk says otherwise"
                )
            }
            if let handover = roles.handover, now > handover.deadline + 10_000 {
                throw violation("server \(member.index) is stuck in a handover")
            }
            if let (request, time) = member.requests.values.first(where: { now - $0.1 > 30_000 }) {
                throw violation("server \(member.index) has not answered \(request) since \(time), it is \(now)")
            }
            guard roles.isWritable else { continue }
            guard let authority = member.authority else { throw violation("server \(member.index) leads by nothing") }
            if let other = leaders.updateValue(member.index, forKey: authority) {
                throw violation("servers \(other) and \(member.index) lead at once by authority \(authority)")
            }
            if let kept = acknowledged[authority],
                Int(kept.seq) > member.log.count || member.log.position(Int(kept.seq)) != kept
            {
                throw violation("server \(member.index) has lost change \(kept.seq), which was acknowledged")
            }
        }
    }
}

extension SplitMix64 {
    fileprivate mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

extension ChainPosition {
    fileprivate var key: UInt64 { seq << 32 | UInt64(crc) }
}
