// Commands about the connection itself.

import Bytes
import Commands
import Wire

enum ConnectionHandlers {
    static func ping(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        if arguments.count > 1 { echo(arguments, session, &replies) } else { replies.writer.simple("PONG") }
    }

    static func echo(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let text = arguments[1]
        guard
            text.count < Session.largeReplySize
                || session.hasMemory(forReplyOf: replies.writer.size(ofValue: text), arguments, &replies)
        else { return }
        replies.writer.value(text)
    }

    static func quit(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        session.endTransaction()
        session.endFeed()
        replies.writer.ok()
        session.finish()
    }

    static func select(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        if isDatabase(arguments[1], &replies) { replies.writer.ok() }
    }

    /// Whether this is the number of an existing database; if not, replies with an error.
    static func isDatabase(_ text: Span<UInt8>, _ replies: inout ReplyQueue) -> Bool {
        guard let number = text.decimal else {
            replies.fail(.notAnInteger)
            return false
        }
        guard number != 0 else { return true }
        let isNumber = Int32(exactly: number) != nil
        replies.fail(isNumber ? ReplyError("DB index is out of range") : .notADatabaseNumber)
        return false
    }

    static func hello(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        var isVersion3 = session.speaksRESP3
        var name: String?
        var login: (user: Int, secret: Int)?
        if arguments.count > 1 {
            guard let version = arguments[1].decimal else {
                return replies.fail(ReplyError("Protocol version is not an integer or out of range"))
            }
            guard version == 2 || version == 3 else {
                return replies.fail(ReplyError("unsupported protocol version", code: .unknownProtocol))
            }
            isVersion3 = version == 3
        }
        var index = 2
        while index < arguments.count {
            if arguments[index].equalsIgnoringCase("SETNAME"), index + 1 < arguments.count {
                guard let valid = connectionName(arguments[index + 1], session, &replies) else { return }
                name = valid
                index += 2
            } else if arguments[index].equalsIgnoringCase("AUTH"), index + 2 < arguments.count {
                login = (index + 1, index + 2)
                index += 3
            } else {
                return replies.fail(.unknownOption("Syntax error in HELLO option", arguments[index], session))
            }
        }
        guard let login else {
            guard session.isLoggedIn else { return replies.fail(.helloNeedsLogin) }
            return greet(session, isVersion3, name, &replies)
        }
        logIn(login.user, login.secret, arguments, session, &replies) { session, replies in
            greet(session, isVersion3, name, &replies)
        }
    }

    /// Sets what HELLO asks for, and answers it.
    private static func greet(_ session: Session, _ isVersion3: Bool, _ name: String?, _ replies: inout ReplyQueue) {
        if let name { session.name = name }
        // The messages of a feed would be of the other version.
        if isVersion3 != session.speaksRESP3 { session.endFeed() }
        session.speaksRESP3 = isVersion3
        if !replies.writer.isLine { replies.writer.dialect = isVersion3 ? .resp3 : .resp2 }
        replies.writer.map(7)
        replies.writer.pair("server", "puffin")
        replies.writer.pair("version", redisVersion)
        replies.writer.pair("proto", isVersion3 ? 3 : 2)
        replies.writer.pair("id", session.id)
        replies.writer.pair("mode", "standalone")
        replies.writer.pair("role", session.server.replication.isFollower ? "replica" : "master")
        replies.writer.pairs("modules")
        replies.writer.endList()
    }

    static func reset(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        session.name = ""
        session.speaksRESP3 = false
        session.endFeed()
        session.endTransaction()
        replies.mute(.nothing)
        session.logOut(&replies) { $0.writer.simple("RESET") }
    }

    static func authenticate(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard arguments.count < 4 else { return replies.fail(.misused(.auth)) }
        let authentication = session.server.authentication
        if arguments.count == 2, !authentication.isRequired, !authentication.hasUsers {
            return replies.fail(.noPasswordIsSet)
        }
        let name = arguments.count == 3 ? 1 : nil
        logIn(name, arguments.count - 1, arguments, session, &replies) { $1.writer.ok() }
    }

    /// - Parameters:
    ///   - name: the position of the user's name; nil for a password alone.
    ///   - secret: that of the password.
    ///   - answer: writes the reply to a login.
    private static func logIn(
        _ name: Int?, _ secret: Int, _ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue,
        answer: @escaping (Session, inout ReplyQueue) -> Void
    ) {
        let authentication = session.server.authentication
        guard authentication.isRequired || authentication.hasUsers else {
            // As in Redis, whoever wants to may call himself `default` where no password is set.
            let isDefault = name.map { arguments[$0].equals("default") } ?? true
            return isDefault ? answer(session, &replies) : replies.fail(.wrongPassword)
        }
        guard let name else { return session.logIn(as: nil, arguments[secret], &replies, answer: answer) }
        session.logIn(as: arguments[name], arguments[secret], &replies, answer: answer)
    }

    // MARK: CLIENT

    static func setReplies(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        if arguments[2].equalsIgnoringCase("ON") {
            replies.mute(.nothing)
            replies.writer.ok()
        } else if arguments[2].equalsIgnoringCase("OFF") {
            replies.mute(.all)
        } else if arguments[2].equalsIgnoringCase("SKIP") {
            replies.mute(.thisAndNext)
        } else {
            replies.fail(.misused(.clientReply))
        }
    }

    static func setEviction(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard arguments[2].equalsIgnoringCase("ON") || arguments[2].equalsIgnoringCase("OFF") else {
            return replies.fail(.misused(.clientNoEvict))
        }
        replies.writer.ok()
    }

    static func number(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        replies.writer.integer(session.id)
    }

    static func name(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        // Redis replies nil, which in the line dialect would read like a missing key.
        let isNil = session.name.isEmpty && !replies.writer.isLine
        if isNil { replies.writer.missing() } else { replies.writer.text(session.name) }
    }

    static func setName(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard let name = connectionName(arguments[2], session, &replies) else { return }
        session.name = name
        replies.writer.ok()
    }

    static func setInformation(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard arguments[2].equalsIgnoringCase("LIB-NAME") || arguments[2].equalsIgnoringCase("LIB-VER") else {
            return replies.fail(.unknownOption("Unrecognized option", arguments[2], session))
        }
        replies.writer.ok()
    }

    /// A valid connection name: printable, without spaces, so that CLIENT LIST stays readable.
    private static func connectionName(_ bytes: Span<UInt8>, _ session: Session, _ replies: inout ReplyQueue) -> String?
    {
        var isValid = bytes.count <= session.server.limits.echoSize
        for index in 0..<bytes.count where bytes[index] <= 0x20 || bytes[index] >= 0x7f { isValid = false }
        if isValid { return String(bytes) }
        replies.fail(ReplyError("Client names cannot contain spaces, newlines or special characters."))
        return nil
    }
}

extension ReplyError {
    fileprivate static let notADatabaseNumber = ReplyError(
        "value is out of range, value must between -2147483648 and 2147483647")
}

extension ReplyWriter {
    /// A name and its value, inside a map.
    mutating func pair(_ name: String, _ value: String) {
        text(name)
        text(value)
    }

    mutating func pair(_ name: String, _ value: Int) {
        text(name)
        integer(value)
    }

    /// A name with an empty list, inside a map.
    fileprivate mutating func pairs(_ name: String) {
        text(name)
        list(0)
    }
}
