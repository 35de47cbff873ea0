// Replies that take more than a moment. They are made in steps, one a turn and connection, so no other client waits for them.

import Wire

/// A reply that is made in steps. Its connection runs no further requests until it is complete; what it holds is counted for that
/// connection, and given back when the session lets go of it.
package protocol LongReply: AnyObject {
    /// How it is written.
    var dialect: ReplyDialect { get }
    /// Bytes of memory that it holds beside what it has written.
    var heldSize: Int { get }
    /// Whether nothing of it is written yet, so that an error can take its place.
    var canFail: Bool { get }
    /// Does as much as the turn allows, and writes what can be said so far.
    /// - Returns: whether the reply is complete.
    func step(_ replies: inout ReplyQueue, _ allowance: TurnAllowance) -> Bool
}
