import Bytes
import LogFormat
import Server
import Store
import Testing

/// Roles, one event after another.
@Suite("Roles")
struct RolesTests {
    private static let leader = Endpoint(host: "10.0.0.1", port: 8080)
    private static let follower = Endpoint(host: "10.0.0.2", port: 8080)
    private static let other = Endpoint(host: "10.0.0.3", port: 8080)

    /// A server and its events.
    private struct Stage {
        var roles: Roles
        var log = Roles.LogView()
        var now = 0

        init(isFollower: Bool = false, acks: AckPolicy = .local) {
            roles = Roles(id: ServerID(1), acks: acks, isFollower: isFollower)
            log.history = "0123456789ab"
            (log.isLoaded, log.isIdle) = (true, true)
            log.position = ChainPosition(seq: 7, crc: 7)
        }

        mutating func on(_ event: Roles.Event) -> [Roles.Effect] { roles.on(event, log: log, at: now) }

        /// Starts with followers that have everything, numbered from 1.
        mutating func start(_ followers: [Endpoint] = [], note: RoleNote? = nil) {
            _ = on(.started(followers: followers, note: note))
            for number in 1..<(followers.count + 1) { feed(number) }
        }

        mutating func feed(_ number: Int, durable: UInt64 = 7) {
            _ = on(.connected(number, address: "address \(number)"))
            _ = on(
                .answered(
                    number,
                    FollowerHello(
                        history: log.history, position: log.position, checkpoints: [], id: ServerID(UInt64(number) + 1))
                ))
            _ = on(.acknowledged(number, durable: durable, applied: durable))
        }
    }

    private func hello(last: UInt64 = 7) -> LeaderHello {
        LeaderHello(history: "0123456789ab", port: 8080, first: 1, last: last, durable: last)
    }

    @Test("a role is in force, and answered for, once its note is on the disk")
    func noted() {
        var stage = Stage()
        stage.start()
        let note = RoleNote(isFollower: true, leader: "10.0.0.1:8080", followers: [])
        #expect(stage.on(.asked(.follow(Self.leader), number: 1)) == [.probe(Self.leader, request: 1)])
        #expect(stage.on(.probed(1, isItself: false)) == [.write(note)])
        #expect(stage.roles.role == .leading && stage.roles.isWritable && stage.roles.note == nil)
        let effects = stage.on(.written(note))
        #expect(effects.contains(.answer(request: 1, .done)) && effects.contains(.join(Self.leader)))
        #expect(stage.roles.role == .following && !stage.roles.isWritable && stage.roles.note == note)
    }

    @Test(
        "a note that cannot be written leaves the old role, and the answer says why",
        arguments: [Roles.Request.follow(nil), .promote(isForced: true)])
    func notNoted(request: Roles.Request) {
        let isFollower = request != .follow(nil)
        var stage = Stage(isFollower: isFollower)
        stage.start()
        let effects = stage.on(.asked(request, number: 1))
        let note = RoleNote(isFollower: !isFollower, leader: nil, followers: [])
        #expect(effects == [.write(note)])
        #expect(
            stage.on(.notWritten(note, "no space")) == [
                .answer(
                    request: 1,
                    .refused("The role could not be written down, so nothing was changed: no space"))
            ])
        #expect(stage.roles.isFollower == isFollower && stage.roles.note == nil)
    }

    @Test("what waits for followers fails when the server stops leading, where it waits for any")
    func unacknowledged() {
        for (acks, fails) in [(AckPolicy.local, false), (.followers(1), true)] {
            var stage = Stage(acks: acks)
            stage.start()
            _ = stage.on(.asked(.follow(nil), number: 1))
            let effects = stage.on(.written(RoleNote(isFollower: true, leader: nil, followers: [])))
            #expect(effects.contains(.failUnacknowledged) == fails)
            #expect(stage.roles.commitRule == .local)
        }
    }

    @Test("requests for a role wait for one another")
    func queue() {
        var stage = Stage()
        stage.start()
        let follows = RoleNote(isFollower: true, leader: nil, followers: [])
        let leads = RoleNote(isFollower: false, leader: nil, followers: [])
        #expect(stage.on(.asked(.follow(nil), number: 1)) == [.write(follows)])
        #expect(stage.on(.asked(.promote(isForced: false), number: 2)) == [])
        #expect(stage.on(.written(follows)).suffix(2) == [.answer(request: 1, .done), .write(leads)])
        #expect(stage.on(.written(leads)).last == .answer(request: 2, .done))
        #expect(stage.roles.role == .leading)
    }

    @Test("a handover: drained, noted, told, confirmed; the others go with it")
    func handover() {
        var stage = Stage()
        stage.start([Self.follower, Self.other])
        stage.log.isIdle = false
        #expect(
            stage.on(.asked(.handOver(Self.follower, within: 1000), number: 1)) == [
                .say(.info, "Handing over to 10.0.0.2:8080: changes are refused")
            ])
        #expect(!stage.roles.isWritable && !stage.roles.isFollower)
        stage.log.isIdle = true
        let addresses = ["10.0.0.2:8080", "10.0.0.3:8080"]
        let note = RoleNote(isFollower: true, leader: addresses[0], followers: addresses)
        #expect(stage.on(.tick) == [.write(note)])
        #expect(stage.on(.tick) == [], "nobody is told before it is noted")
        #expect(
            stage.on(.written(note)) == [.heartbeat, .tellToLead(1, stage.log.position, followers: [addresses[1]])])
        let last = RoleNote(isFollower: true, leader: addresses[0], followers: [])
        let effects = stage.on(.confirmed(1))
        #expect(effects.contains(.drop(1)) && effects.contains(.drop(2)) && effects.last == .write(last))
        #expect(stage.on(.written(last)) == [.answer(request: 1, .done)])
        #expect(stage.roles.role == .following && stage.roles.unconfirmedLeader == nil)
    }

    @Test("a follower that is lost before it was told: this server leads on, once that is noted")
    func lostBeforeTold() {
        var stage = Stage()
        stage.start([Self.follower])
        let names = ["10.0.0.2:8080"]
        let follows = RoleNote(isFollower: true, leader: names[0], followers: names)
        #expect(stage.on(.asked(.handOver(Self.follower, within: 1000), number: 1)).last == .write(follows))
        _ = stage.on(.lost(1))
        let leads = RoleNote(isFollower: false, leader: nil, followers: names)
        #expect(stage.on(.written(follows)).last == .write(leads))
        #expect(!stage.roles.isWritable)
        let effects = stage.on(.written(leads))
        #expect(
            effects.last
                == .answer(
                    request: 1,
                    .refused(
                        "Not handed over: 10.0.0.2:8080 has acknowledged change 7 of 7 and was lost; this server is the leader as before"
                    )))
        #expect(stage.roles.isWritable)
    }

    @Test("one that was told and does not answer may lead: this server follows, and is promoted by force alone")
    func unconfirmed() {
        var stage = Stage()
        stage.start([Self.follower])
        let names = ["10.0.0.2:8080"]
        _ = stage.on(.asked(.handOver(Self.follower, within: 1000), number: 1))
        _ = stage.on(.written(RoleNote(isFollower: true, leader: names[0], followers: names)))
        stage.now = 1001
        _ = stage.on(.tick)
        #expect(stage.roles.role == .following && stage.roles.unconfirmedLeader == Self.follower)
        let refusal = stage.on(.asked(.promote(isForced: false), number: 2)).last
        #expect(
            refusal
                == .answer(
                    request: 2,
                    .refused(
                        "Not promoted: 10.0.0.2:8080 was told to lead and may do so; ask it for its ROLE; PROMOTE FORCE does it all the same"
                    )))
        #expect(
            stage.on(.asked(.promote(isForced: true), number: 3)).last
                == .write(RoleNote(isFollower: false, leader: nil, followers: names)))
    }

    @Test("a leader that hands over is followed by one that has noted that it leads")
    func takeover() {
        var stage = Stage(isFollower: true)
        stage.start()
        _ = stage.on(.followed(hello(), address: "10.0.0.1:8080"))
        _ = stage.on(.leaderReached(.following))
        let behind = ChainPosition(seq: 8, crc: 8)
        #expect(
            stage.on(.toldToLead(behind, followers: [])) == [
                .endLeader(reason: "it hands over at change 8, and this server's last is 7")
            ])
        let note = RoleNote(isFollower: false, leader: nil, followers: ["10.0.0.1:8080", "10.0.0.3:8080"])
        #expect(stage.on(.toldToLead(stage.log.position, followers: ["10.0.0.3:8080"])) == [.write(note)])
        #expect(
            stage.roles.refusal(of: hello(), from: "10.0.0.1:8080", adoptsHistory: true, log: stage.log)
                == "This server is becoming the leader")
        let effects = stage.on(.written(note))
        #expect(effects.first == .confirmLeading)
        #expect(effects.contains(.dial(1, Self.leader)) && effects.contains(.dial(2, Self.other)))
        #expect(stage.roles.role == .leading)
    }

    @Test("acknowledgements count for the data set that they are of, and for one follower once")
    func acknowledgements() {
        var stage = Stage(acks: .followers(1))
        stage.start([Self.follower, Self.other])
        #expect(stage.roles.commitRule.committed(local: 9) == 7)
        // More than exists: the link restarts.
        #expect(
            stage.on(.acknowledged(1, durable: 8, applied: 8)) == [
                .retry(1, reason: "it acknowledges change 8, the newest is 7")
            ])
        #expect(stage.roles.commitRule.committed(local: 9) == 7)
        _ = stage.on(.replaced)
        #expect(stage.roles.commitRule.committed(local: 9) == 0 && stage.roles.missingAcknowledgements(of: 1) == 1)
        // The second address leads to the first follower: it was heard of until the greeting.
        stage.feed(1)
        _ = stage.on(.lost(2))
        _ = stage.on(.connected(2, address: "another"))
        let answer = FollowerHello(
            history: stage.log.history, position: stage.log.position, checkpoints: [], id: ServerID(2))
        #expect(
            stage.on(.answered(2, answer)) == [
                .say(.info, "Follower 10.0.0.3:8080 is 10.0.0.2:8080 under another name: counted once"), .drop(2),
            ])
        #expect(stage.roles.followers.map(\.endpoint) == [Self.follower])
    }

    @Test("a new follower is answered for once it was tried and noted; one that is this server is left out")
    func adding() {
        var stage = Stage()
        stage.start()
        let note = RoleNote(isFollower: false, leader: nil, followers: ["10.0.0.2:8080"])
        #expect(
            stage.on(.asked(.add(Self.follower, id: nil), number: 1)) == [.dial(1, Self.follower), .write(note)])
        #expect(stage.on(.lost(1)) == [])
        #expect(stage.on(.written(note)) == [.answer(request: 1, .done)])
        _ = stage.on(.asked(.add(Self.other, id: nil), number: 2))
        _ = stage.on(.connected(2, address: "here"))
        let itself = FollowerHello(
            history: stage.log.history, position: stage.log.position, checkpoints: [], id: ServerID(1))
        #expect(stage.on(.answered(2, itself)).contains(.drop(2)))
        let both = RoleNote(isFollower: false, leader: nil, followers: ["10.0.0.2:8080", "10.0.0.3:8080"])
        #expect(stage.on(.written(both)) == [.write(note)])
        #expect(stage.on(.written(note)) == [.answer(request: 2, .itself(Self.other))])
    }

    @Test("a follower takes a leader of its history that has as much as it has")
    func refusals() {
        var stage = Stage(isFollower: true)
        stage.start()
        var stranger = hello()
        stranger.history = "ba9876543210"
        for (hello, text) in [
            (hello(last: 0), "is empty"), (stranger, "different data sets"), (hello(last: 6), "only up to 6"),
        ] {
            let refusal = stage.roles.refusal(of: hello, from: "a:1", adoptsHistory: false, log: stage.log)
            #expect(refusal?.contains(text) == true)
            #expect(stage.roles.refusal(of: hello, from: "a:1", adoptsHistory: true, log: stage.log) == nil)
        }
        #expect(stage.roles.refusal(of: hello(), from: "a:1", adoptsHistory: false, log: stage.log) == nil)
        _ = stage.on(.followed(hello(), address: "a:1"))
        #expect(
            stage.roles.refusal(of: hello(), from: "b:1", adoptsHistory: true, log: stage.log)
                == "Already following a:1")
        #expect(stage.roles.refusal(of: hello(), from: "a:1", adoptsHistory: false, log: stage.log) == nil)
    }
}
