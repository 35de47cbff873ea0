// The error replies about users and rights: Redis' texts in RESP, sentences in lines.

import Commands
import Wire

extension ReplyError {
    /// Of a request by who has not logged in.
    package static let notLoggedIn = ReplyError(
        line: "Log in first: AUTH <user> <password>", resp: "Authentication required.", code: .notLoggedIn)

    /// Of a login that failed, whatever was wrong with it.
    package static let wrongPassword = ReplyError(
        line: "Wrong user or password", resp: "invalid username-password pair or user is disabled.",
        code: .wrongPassword)

    /// Of a login by AUTH with a password alone, on a server without users.
    package static let noPasswordIsSet = ReplyError(
        "AUTH <password> called without any password configured for the default user. "
            + "Are you sure your configuration is correct?")

    /// Of a login while too many others are being checked.
    package static let tooManyLogins = ReplyError("Too many logins are being checked; try again")

    /// Of a word of ACL SETUSER.
    package static func wrongRule(_ error: RuleError) -> ReplyError { ReplyError(error.text) }

    /// Of a change of users or roles.
    package static func refusedUsers(_ error: DirectoryError) -> ReplyError { ReplyError(error.text) }

    /// Of a name that cannot be one, in ACL SETUSER.
    package static let wrongUserName = ReplyError(
        line: "A user's name is 1 to 64 letters, digits, '.', '_', '@' and '-'",
        resp: "Usernames can't contain spaces or null characters, nor anything but 1 to 64 letters, digits, '.', '_', "
            + "'@' and '-'")

    /// Of ACL DELUSER.
    package static let defaultStays = ReplyError("The 'default' user cannot be removed")

    /// Of ACL CAT.
    /// - Parameter name: as it was given, shortened by the caller.
    package static func unknownCategory(_ name: String) -> ReplyError { ReplyError("Unknown category '\(name)'") }

    /// Of ACL GENPASS.
    package static let wrongBits = ReplyError(
        "ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096")

    /// Of ACL LOAD.
    package static let noUserFile = ReplyError("Users are in the log, and there is no file to load them from")
}

extension AccessVerdict {
    /// The error that answers a request.
    /// - Parameter user: who asked.
    /// - Returns: nil if the request may run.
    package func error(for user: UserName?) -> ReplyError? {
        let name = user?.text ?? "nobody"
        switch self {
        case .allowed: return nil
        case .notLoggedIn: return .notLoggedIn
        case .command(let command):
            return ReplyError(
                line: "\(name) may not run \(command.spec.fullName)",
                resp: "this user has no permissions to run the '\(command.spec.redisName)' command", code: .notPermitted
            )
        case .key(let command, _):
            return ReplyError(
                line: "\(name) may not \(command.spec.fullName) this key",
                resp: "this user has no permissions to access one of the keys used as arguments", code: .notPermitted)
        case .reach(let command):
            return ReplyError(
                line: "\(name) may not run \(command.spec.fullName): it concerns all keys",
                resp: "this user has no permissions to access all keys, which '\(command.spec.redisName)' needs",
                code: .notPermitted)
        }
    }

    /// What ACL DRYRUN answers.
    /// - Parameter key: the key at the position of a verdict that names one; shown to who may see users.
    package func dryRunText(key: String?) -> String {
        switch self {
        case .allowed: "OK"
        case .notLoggedIn: "This user cannot log in"
        case .command(let command): "This user has no permissions to run the '\(command.spec.redisName)' command"
        case .key: "This user has no permissions to access the '\(key ?? "")' key"
        case .reach(let command):
            "This user has no permissions to access all keys, which '\(command.spec.redisName)' needs"
        }
    }
}
