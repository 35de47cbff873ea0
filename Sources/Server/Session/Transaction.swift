// The requests between MULTI and EXEC.

import Bytes
import Commands
import Wire

/// An open transaction: its requests are kept as they came, one behind the other, and run when EXEC comes. After an error
/// they will never run, so none is kept.
package final class Transaction {
    /// What the queued requests are together.
    package struct Summary: Equatable {
        /// Whether any of them reads or changes pairs, and whether any changes them.
        package fileprivate(set) var usesData = false
        package fileprivate(set) var changes = false
        /// Whether those that change pairs only remove some.
        package fileprivate(set) var onlyShrinks = true
        /// Bytes of the requests that change pairs, and of those that store values.
        package fileprivate(set) var changeSize = 0
        package fileprivate(set) var storedSize = 0
        /// An upper bound of the values that they store.
        package fileprivate(set) var storedCount = 0

        package init() {}
    }

    /// The maximum number of requests.
    package static let countLimit = 65_536

    private var requests = ByteBuffer()
    private let sizeLimit: Int
    /// The number of queued requests.
    package private(set) var count = 0
    package private(set) var summary = Summary()
    /// Whether EXEC will fail, because a request was refused.
    package private(set) var isAborted = false

    /// - Parameter sizeLimit: the maximum size of all requests together, in bytes.
    package init(sizeLimit: Int) { self.sizeLimit = sizeLimit }

    /// Bytes of the queued requests.
    package var size: Int { requests.count }
    /// Bytes of memory in use; counted as buffer memory.
    package var heldSize: Int { requests.capacity }

    /// The bytes of memory that one more request of `size` bytes takes, or slightly more.
    package func growth(by size: Int) -> Int {
        isAborted || requests.count + size <= requests.capacity ? 0 : max(requests.capacity, size)
    }

    /// Checks that one more request of `size` bytes is within the limits.
    /// - Throws: the error reply.
    package func check(_ size: Int) throws(ReplyError) {
        guard !isAborted else { return }
        guard count < Transaction.countLimit else {
            throw ReplyError("Transaction too large: more than \(Transaction.countLimit) requests")
        }
        guard requests.count + size <= sizeLimit else {
            throw ReplyError("Transaction too large: \(requests.count + size) bytes, the limit is \(sizeLimit)")
        }
    }

    /// Queues a request that `check` has accepted.
    /// - Parameters:
    ///   - request: its bytes, the end of the line included.
    ///   - argumentCount: the number of its arguments, the name included.
    package func queue(_ request: Span<UInt8>, _ traits: Traits, argumentCount: Int) {
        guard !isAborted else { return }
        requests.append(request)
        count += 1
        if traits.contains(.data) { summary.usesData = true }
        guard traits.contains(.change) else { return }
        summary.changes = true
        summary.changeSize += request.count
        if !traits.contains(.shrink) { summary.onlyShrinks = false }
        guard traits.contains(.storesValues) else { return }
        summary.storedSize += request.count
        summary.storedCount += argumentCount
    }

    /// Notes that a request was refused: EXEC will fail.
    package func abort() {
        isAborted = true
        _ = takeRequests()
        (count, summary) = (0, Summary())
    }

    /// Takes the queued requests out.
    package func takeRequests() -> ByteBuffer {
        var taken = ByteBuffer()
        swap(&taken, &requests)
        return taken
    }
}
