// One attempt to log in, from the request until its answer.

import Access
import Bytes
import OpenSSL

/// Who has logged in, and with what.
struct Login {
    let rights: AccessRights
    /// What is kept of the secret; nil for the password of the server's settings, a certificate, and where none is needed.
    var secret: SecretHash?
    /// Whether it was the password of the server's settings, which no change of users ends.
    var isLocal = false
}

/// An attempt to log in.
final class LoginAttempt {
    enum Outcome {
        case accepted(Login)
        /// Answered late.
        case refused
        /// The users are not loaded yet.
        case loading
        case failed(ReplyErrorBox)

        static var tooMany: Outcome {
            .failed(ReplyErrorBox(message: "Too many logins are being checked; try again"))
        }
    }

    /// Nothing but the error, whose type is of another module.
    struct ReplyErrorBox { let message: String }

    private(set) var outcome: Outcome?
    /// When a refusal is answered, in milliseconds of the turn's clock.
    private(set) var time = 0
    /// What becomes of its line of the audit; nil before it was recorded, and where it is not.
    var receipt: AuditReceipt?
    var isRecorded = false
    /// Asked each turn until there is an outcome.
    private var ask: (() -> Outcome?)?
    private let clientEnded: (() -> Void)?

    /// - Parameters:
    ///   - clientEnded: called when the client has closed its side.
    ///   - ask: called until it gives an outcome.
    init(ifClientEnds clientEnded: (() -> Void)? = nil, _ ask: @escaping () -> Outcome?) {
        (self.clientEnded, self.ask) = (clientEnded, ask)
    }

    /// The client has closed its side: it can read the answer, but others are more important.
    func noteClientEnd() {
        if outcome == nil { clientEnded?() }
    }

    /// Whether it can be answered.
    /// - Parameter delay: how late a refusal is answered, in milliseconds; asked for once.
    func isDone(at now: Int, delay: () -> Int) -> Bool {
        if outcome == nil, let found = ask?() {
            (outcome, ask) = (found, nil)
            if case .refused = found { time = now + delay() }
        }
        switch outcome {
        case nil: return false
        case .refused?: return now >= time
        case .accepted?, .failed?, .loading?: return true
        }
    }
}
