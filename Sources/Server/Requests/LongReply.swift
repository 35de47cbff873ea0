// Replies that are made in steps, one step a turn and connection, so that no other client waits for them.

import Wire

/// A reply that is made in steps. Its connection runs no further requests until it is complete. Its memory is charged
/// to the connection until the session releases it.
package protocol LongReply: AnyObject {
    /// The dialect of the reply.
    var dialect: ReplyDialect { get }
    /// Bytes of memory in use, not counting what is written.
    var heldSize: Int { get }
    /// Whether no part of the reply is written, so that an error can replace it.
    var canFail: Bool { get }
    /// Does one step within the turn's allowance, and writes the part of the reply that is ready.
    /// - Returns: whether the reply is complete.
    func step(_ replies: inout ReplyQueue, _ allowance: TurnAllowance) -> Bool
}
