// PROVE: another server shows that it knows this one's secret. See LinkProof.swift for the exchange.

import Bytes
import Commands
import Wire

enum LinkProofHandlers {
    static func prove(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        do throws(LinkProofError) {
            if let proof = session.linkProof {
                session.linkProof = nil
                try proof.check(arguments[1])
                // No reply: the other side's next request is right behind.
                session.becomeServer()
                session.recordLink(nil)
            } else {
                let secrets = session.server.replication.settings.secrets
                guard !secrets.isEmpty else { return replies.fail(.noSecret) }
                let proof = try AnsweringProof(
                    arguments[1], secrets, nonce: .random(), binding: session.stream.channelBinding)
                session.linkProof = proof
                replies.writer.buffer.append(proof.answer.bytes)
            }
        } catch {
            session.server.authentication.refuseServer(at: session.stream.peer, because: error)
            session.recordLink(error)
            replies.fail(ReplyError("Not believed: \(error)", code: .notLoggedIn))
            session.finish()
        }
    }
}

extension ReplyError {
    static let noSecret = ReplyError("This server has no replication.secret: set the same on both", code: .notLoggedIn)
    /// For what only servers ask.
    static let serverNeedsProof = ReplyError(
        "Servers must prove replication.secret here: set the same on both", code: .notLoggedIn)
}
