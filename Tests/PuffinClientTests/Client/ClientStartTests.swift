import Glibc
import PuffinClient
import Testing

/// A program that has no descriptors left for the library's thread. It runs in a process of its own, whose limit is lowered.
@Suite("Client: starting")
struct ClientStartTests {
    @Test("without descriptors every request says so, and a client that is made later works as far as they last")
    func descriptors() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit()
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
            precondition(unsafe getrlimit(resource, &limit) == 0)
            limit.rlim_cur = 128
            precondition(unsafe setrlimit(resource, &limit) == 0)
            var taken: [Int32] = []
            var failures = 0
            var count = 0
            for left in 0...12 {
                // Until the last client's thread has ended: what it still opens could be what libevent needs, which then ends the
                // process.
                while true {
                    let descriptor = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
                    if descriptor >= 0 {
                        taken.append(descriptor)
                    } else if taken.count >= count {
                        break
                    } else {
                        usleep(1000)
                    }
                }
                count = taken.count
                for _ in 0..<left { close(taken.removeLast()) }
                // Nobody listens there.
                var options = Client.Options()
                options.requestTimeout = .milliseconds(100)
                let client = Client(ServerAddress(host: "127.0.0.1", port: 1), options: options, runtime: Runtime())
                do {
                    try await client.ping()
                    preconditionFailure("somebody listens")
                } catch PuffinError.outOfResources(let reason) {
                    precondition(reason.contains("open files"), reason)
                    failures += 1
                } catch {
                    // There were enough of them for the thread.
                }
                client.close()
            }
            precondition((1...12).contains(failures), "\(failures) clients could not start")
        }
    }
}
