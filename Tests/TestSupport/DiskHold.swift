// How a test stops the compactor's thread at a certain call to the disk, and does something meanwhile.

import Foundation
import Store

/// What each call to a disk has to pass that the log does not make: whoever waits for the log must not wait for this. It stops
/// the first one to come by after `arm` counted so many; all others go on.
package final class DiskHold: @unchecked Sendable {
    private let condition = NSCondition()
    /// Calls to let by before one is held; nil where none is to be.
    private var left: Int?
    /// The segment that was made last: only the log removes that one, where making it has failed.
    private var newestSegment = ""
    /// What the call's path has to end with.
    private var ending = ""
    private var isHeld = false
    private var sign: @Sendable () -> Void = {}

    /// Holds the call after the next `count`, and calls `sign` once it is held.
    /// - Parameter ending: counts only calls for paths that end so.
    package func arm(after count: Int, to ending: String = "", sign: @escaping @Sendable () -> Void) {
        condition.withLock {
            left = count
            self.ending = ending
            self.sign = sign
        }
    }

    /// Lets the call that is held go on, and holds no more.
    package func release() {
        condition.withLock {
            (left, isHeld) = (nil, false)
            condition.broadcast()
        }
    }

    /// Whether a call is being held.
    package var isHolding: Bool { condition.withLock { isHeld } }

    func pass(_ operation: DiskOperation, _ path: String) {
        condition.withLock {
            if path.hasSuffix(".jsonl"), path > newestSegment {
                // One that nobody has opened before: the log does so when it has got its name.
                newestSegment = path
                if operation == .open { return }
            }
            guard !operation.isLogs(path), operation != .remove || path != newestSegment else { return }
            guard let count = left, path.hasSuffix(ending) else { return }
            guard count == 0 else { return left = count - 1 }
            (left, isHeld) = (nil, true)
            sign()
            while isHeld { condition.wait() }
        }
    }
}

extension DiskOperation {
    /// Whether it is the log's writer that does this with the file or folder at `path`, or may be.
    package func isLogs(_ path: String) -> Bool {
        let isHelper = ["RESERVE", "NEXT", "DURABLE", "DURABLE.tmp"].contains { path.hasSuffix("/" + $0) }
        return switch self {
        case .create, .write, .sync, .truncate, .allocate: path.hasSuffix(".jsonl") || isHelper
        case .rename, .remove: isHelper
        case .syncFolder: path.hasSuffix(".log")
        case .open, .openFolder, .openSegments, .read, .lock, .list, .createFolder, .status, .size, .space: false
        }
    }
}
