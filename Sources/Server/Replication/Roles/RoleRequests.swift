// Requests to change roles, and what their replies wait for: another change of role, a probe, a note that is being written.

import Bytes
import Store

extension Roles {
    struct WaitingRequest: Sendable {
        let number: Int
        let request: Request
        var deadline: Int
        var state: State

        enum State: Equatable, Sendable {
            /// Waits for the check whether an address leads back to this server.
            case probing
            case ready
            /// Waits for the change of role.
            case changing
            /// Waits until the write of a version has ended, and so has an attempt to connect to a follower.
            case noting(version: Int, follower: Int?, Answer)
        }
    }

    /// The time-out of that check.
    package static let probeTime = 1000

    mutating func ask(_ request: Request, _ number: Int) {
        var state = WaitingRequest.State.ready
        if case .follow(let endpoint?) = request {
            state = .probing
            effects.append(.probe(endpoint, request: number))
        }
        waiting.append(
            WaitingRequest(number: number, request: request, deadline: now + Roles.probeTime, state: state))
    }

    mutating func probed(_ number: Int, isItself: Bool) {
        guard let index = waiting.firstIndex(where: { $0.number == number && $0.state == .probing }) else { return }
        if isItself, case .follow(let endpoint?) = waiting[index].request { return answer(number, .itself(endpoint)) }
        waiting[index].state = .ready
    }

    mutating func answer(_ number: Int, _ answer: Answer) {
        waiting.removeAll { $0.number == number }
        effects.append(.answer(request: number, answer))
    }

    /// Replaces the reply of requests that wait for an attempt to connect to a follower, sent once the change is recorded.
    mutating func answerRequests(for follower: Int, _ answer: Answer) {
        for index in waiting.indices {
            if case .noting(_, follower, _) = waiting[index].state {
                waiting[index].state = .noting(version: wantedVersion, follower: nil, answer)
            }
        }
    }

    /// Replies to a request once the change is recorded.
    mutating func answerOnceNoted(_ number: Int, follower: Int? = nil) {
        guard let index = waiting.firstIndex(where: { $0.number == number }) else { return }
        waiting[index].state = .noting(version: wantedVersion, follower: follower, .done)
    }

    /// Continues every request as far as possible now.
    mutating func advanceRequests() {
        for request in waiting {
            switch request.state {
            case .ready: run(request)
            case .probing where now >= request.deadline:
                if let index = waiting.firstIndex(where: { $0.number == request.number }) {
                    waiting[index].state = .ready
                    run(request)
                }
            case .noting(let version, let number, let outcome) where settledVersion >= version:
                let follower = number.flatMap { self.follower($0) }
                if follower?.hasBeenTried ?? true || now >= request.deadline { answer(request.number, outcome) }
            case .probing, .changing, .noting: break
            }
        }
    }

    private mutating func run(_ request: WaitingRequest) {
        guard log.isLoaded else {
            // The follower may be loading a snapshot that its leader has just sent, which is usually quick.
            if case .follow(_?) = request.request, now < request.deadline { return }
            return answer(request.number, .loading)
        }
        if handover != nil { return answer(request.number, .refused("A handover is under way")) }
        switch request.request {
        case .add(let endpoint, let id): add(endpoint, id, request.number)
        case .remove(let endpoint):
            _ = remove(endpoint)
            wantedVersion += 1
            answerOnceNoted(request.number)
        case .promote, .follow, .handOver:
            // One change of role at a time.
            if change == nil { begin(request) }
        }
    }

    private mutating func begin(_ request: WaitingRequest) {
        let index = waiting.firstIndex { $0.number == request.number }
        if let index { waiting[index].state = .changing }
        switch request.request {
        case .promote(let isForced):
            guard isFollower else { return answer(request.number, .refused("This server is the leader already")) }
            if !isForced, let obstacle = promotionObstacle {
                return answer(
                    request.number, .refused("Not promoted: \(obstacle); PROMOTE FORCE does it all the same"))
            }
            // Further changes from the leader would alter the data that this server begins with.
            closeLeader()
            stopJoining()
            next = .promotion(request: request.number)
        case .follow(let endpoint): next = .following(endpoint, request: request.number)
        case .handOver(let endpoint, let milliseconds):
            if let refusal = handOver(to: endpoint, within: milliseconds, request: request.number) {
                answer(request.number, .refused("Not handed over: \(refusal)"))
            }
            advanceHandover()
        case .add, .remove: break
        }
    }

    private mutating func add(_ endpoint: Endpoint, _ id: ServerID?, _ number: Int) {
        if let id {
            if id == self.id { return answer(number, .itself(endpoint)) }
            // Compare all names of the server.
            if followers.contains(where: { $0.id == id && $0.isFeeding }) { return answer(number, .done) }
        }
        guard let follower = add(endpoint) else {
            return answer(number, .refused("Too many followers: \(RoleNote.followerLimit) are the limit"))
        }
        wantedVersion += 1
        // Without an id, the address may lead back to this server.
        answerOnceNoted(number, follower: id == nil ? follower : nil)
    }
}
