// Stops the compaction's thread at a certain call to the disk, while a test does something else.

import Foundation
import Store

/// A gate for every disk call that the log does not make, since the log must not wait for it. It stops the first one
/// after `arm` has counted enough; all others pass.
package final class DiskHold: @unchecked Sendable {
    private let condition = NSCondition()
    /// Calls to let pass before one is held; nil to hold none.
    private var left: Int?
    /// The newest segment: only the log removes that one, if creating it has failed.
    private var newestSegment = ""
    /// The ending of the call's path.
    private var ending = ""
    private var isHeld = false
    private var sign: @Sendable () -> Void = {}

    /// Holds the call after the next `count`, and calls `sign` once it is held.
    /// - Parameter ending: counts only calls for paths with this ending.
    package func arm(after count: Int, to ending: String = "", sign: @escaping @Sendable () -> Void) {
        condition.withLock {
            left = count
            self.ending = ending
            self.sign = sign
        }
    }

    /// Releases the held call, and holds no more.
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
                // A file that was not opened before: the log does so when the file has got its name.
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
    /// Whether the log's writer does, or may do, this with the file or folder at `path`.
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
