// Names to addresses without making the loop wait: the system's resolver may take seconds, so it is asked on another
// thread.

import Bytes
import Synchronization

/// One question to the resolver. The answer is looked for with `takeAnswer`, in the turn that the bell makes, or any later.
package final class Resolver: Sendable {
    private let answer = Mutex<Result<[Address], ReactorError>?>(nil)

    /// Asks for the addresses of a host, which is a name or a number.
    /// - Parameter bell: rung when the answer is there.
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

    /// The answer, once, in the resolver's order of preference; nil as long as there is none.
    package func takeAnswer() -> Result<[Address], ReactorError>? {
        answer.withLock { $0.take() }
    }
}
