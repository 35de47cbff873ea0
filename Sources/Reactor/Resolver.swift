// Resolves names without blocking the loop: the system's resolver may take seconds, so it runs on another thread.

import Bytes
import Synchronization

/// One query. `takeAnswer` returns the answer in the turn that the bell starts, or any later one.
package final class Resolver: Sendable {
    private let answer = Mutex<Result<[Address], ReactorError>?>(nil)

    /// Queries the addresses of a host name or address.
    /// - Parameter bell: rung when the answer is available.
    package init(host: String, port: UInt16, bell: Wakeup.Bell) {
        do throws(StartFailure) {
            try Threads().start("resolver").submit { [self] in
                let found: Result<[Address], ReactorError>
                do throws(ReactorError) {
                    found = .success(try Address.resolve(host: host, port: port))
                } catch {
                    found = .failure(error)
                }
                note(found, bell)
            }
        } catch {
            let operation = "make a thread to find the address of \"\(host)\""
            note(.failure(ReactorError(operation: operation, errno: error.errno)), bell)
        }
    }

    private func note(_ found: Result<[Address], ReactorError>, _ bell: Wakeup.Bell) {
        answer.withLock { $0 = found }
        bell.ring()
    }

    /// The answer, once, in the resolver's order of preference; nil while there is none.
    package func takeAnswer() -> Result<[Address], ReactorError>? {
        answer.withLock { $0.take() }
    }
}
