import Bytes
import Glibc
import Reactor
import Testing

/// A process that has no descriptors left. Each of these runs in a process of its own, whose limit is lowered.
@Suite("Without descriptors")
struct DescriptorTests {
    @Test("everything that needs one says so, frees what it has got that far, and works once there are enough")
    func constructors() async {
        await #expect(processExitsWith: .success) {
            let room = DescriptorRoom()
            let address = try Address.resolve(host: "127.0.0.1", port: 0)[0]
            let (loop, bell) = (try EventLoop(), try Wakeup(try EventLoop()).bell)
            let listener = try Listener(loop, address: address)
            let makers: [(name: String, make: () throws -> Void)] = [
                ("loop", { _ = try EventLoop() }),
                ("wakeup", { _ = try Wakeup(loop) }),
                ("alarm", { try Alarm(loop) {}.set(at: 1) }),
                ("listener", { _ = try Listener(loop, address: address) }),
                ("dialer", { _ = try Dialer(loop, to: listener.address) { _ in } }),
                ("connector", { try connect(loop, to: listener.address, bell) }),
                // The objects that a client's thread makes, in order.
                (
                    "a client's",
                    {
                        let loop = try EventLoop()
                        let wakeup = try Wakeup(loop)
                        let alarm = try Alarm(loop) {}
                        withExtendedLifetime((wakeup, alarm)) {}
                    }
                ),
            ]
            for (name, make) in makers {
                var failures = 0
                for left in 0...8 {
                    // Dispatch's own thread opens a file now and then.
                    for attempt in 0... {
                        room.leave(left)
                        let before = room.used
                        var works = true
                        do {
                            try make()
                        } catch let error as ReactorError {
                            works = false
                            let isExpected = error.reason.contains("open files") || error.operation.contains("address")
                            precondition(isExpected, "\(name): \(error)")
                        }
                        let isRight = room.used == before && (left > 0 || !works)
                        precondition(isRight || attempt < 50, "\(name): works \(works), with \(left) left")
                        guard isRight else { continue }
                        failures += works ? 0 : 1
                        break
                    }
                }
                precondition((1...8).contains(failures), "\(name) has failed \(failures) times")
            }
            // What needs no descriptor works.
            room.leave(0)
            var calls = 0
            let timer = Timer(loop, every: 1) { calls += 1 }
            let signal = Signal(loop, number: SIGUSR2) { calls += 1 }
            while calls == 0 { loop.turn(waiting: true) }
            withExtendedLifetime((timer, signal)) {}
        }
    }

    @Test("a listener that cannot accept says so, and the connection is accepted once there is a descriptor")
    func accepting() async {
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop()
            let listener = try Listener(loop, address: try Address.resolve(host: "127.0.0.1", port: 0)[0])
            var (accepted, failures) = (0, [ReactorError]())
            listener.start(
                accept: { connection in
                    accepted += 1
                    connection.refuse("no")
                },
                failed: {
                    failures.append($0)
                    listener.isAccepting = false
                })
            // A connection that nobody makes a stream of is closed as well.
            let dialer = try Dialer(loop, to: listener.address) { result in
                if case .success(let stream) = result { stream.close() }
            }
            let room = DescriptorRoom()
            room.leave(0)
            while failures.isEmpty { loop.turn(waiting: true) }
            precondition(failures[0].reason == "Too many open files" && accepted == 0)
            room.leave(4)
            listener.isAccepting = true
            while accepted == 0 { loop.turn(waiting: true) }
            withExtendedLifetime(dialer) {}
        }
    }
}

/// Resolves a name and connects.
private func connect(_ loop: EventLoop, to address: Address, _ bell: Wakeup.Bell) throws {
    let connector = Connector(
        loop, to: Endpoint(host: "127.0.0.1", port: address.port), within: 5000, bell: bell)
    // The bell is another loop's.
    let timer = Timer(loop, every: 1) {}
    while true {
        if let result = connector.advance() { return try result.get().close() }
        loop.turn(waiting: true)
        withExtendedLifetime(timer) {}
    }
}

/// Takes every descriptor of the process, and gives back as many as are wanted.
private final class DescriptorRoom {
    private var taken: [Int32] = []
    private static let limit = 128

    init() {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        precondition(unsafe getrlimit(resource, &limit) == 0)
        limit.rlim_cur = rlim_t(DescriptorRoom.limit)
        precondition(unsafe setrlimit(resource, &limit) == 0)
    }

    /// Leaves this many free.
    func leave(_ count: Int) {
        while true {
            let descriptor = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
            if descriptor < 0 { break }
            taken.append(descriptor)
        }
        for _ in 0..<count { close(taken.removeLast()) }
    }

    /// Descriptors that are open.
    var used: Int { (0..<Int32(DescriptorRoom.limit)).count { fcntl($0, F_GETFD) >= 0 } }
}
