// DEBUG: commands for tests of the server itself, and of client libraries.

import Bytes
import Commands
import Glibc
import OpenSSL
import Store
import Wire

enum DebugHandlers {
    static func run(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard session.server.allowsDebug else { return replies.fail(.debugNotAllowed) }
        runSubcommand(arguments, session, &replies)
    }

    // MARK: Loading again

    static func loadLog(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        loadAgain(session, after: { true }, &replies)
    }

    static func reload(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard arguments.count < 4, arguments.count == 2 || arguments[2].equalsIgnoringCase("NOSAVE") else {
            return replies.fail(ReplyError("DEBUG RELOAD only supports the NOSAVE option"))
        }
        let store = session.store
        var hasBegun = arguments.count == 3
        loadAgain(
            session,
            after: {
                if !hasBegun, !store.compaction.isRunning { hasBegun = store.compact() }
                return hasBegun && !store.compaction.isRunning
            }, &replies)
    }

    /// Drops everything in memory and loads the files, once `isReady`, no change is under way and everything is committed.
    private static func loadAgain(
        _ session: Session, after isReady: @escaping () -> Bool, _ replies: inout ReplyQueue
    ) {
        let (server, store) = (session.server, session.store)
        if let loading = server.loading { return replies.fail(.loading(loading)) }
        // Links send from these files, or receive into them.
        guard !server.replication.isFollower, server.replication.followers.isEmpty else {
            return replies.fail(ReplyError("Data is loaded again only on a server without leader and followers"))
        }
        var (hasBegun, failure) = (false, StoreError?.none)
        session.deferReply(
            DeferredRequest(replies.writer.dialect, within: .unlimited) {
                if hasBegun { return failure != nil || server.isServing }
                guard isReady(), !store.isWriting, store.committed == store.position.seq else { return false }
                guard !store.hasPending else {
                    store.flush()
                    return false
                }
                hasBegun = true
                do throws(StoreError) { try store.loadAgain() } catch { failure = error }
                server.loadAgain()
                return false
            } answer: { replies, _ in
                if let failure { replies.fail(ReplyError("\(failure)")) } else { replies.writer.ok() }
            })
    }

    // MARK: Digests

    static func digest(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let store = session.store
        replies.depends(on: store.position.seq)
        var (digest, cursor) = (DataDigest(), UInt64(0))
        if store.count > 0 { digest.mix([UInt8](repeating: 0, count: 4).span) }
        repeat {
            var keys: [[UInt8]] = []
            cursor = store.scan(from: cursor, count: 1000, buckets: 1000) { keys.append(Array($0)) }
            for key in keys {
                var pair = DataDigest()
                pair.mix(key.span)
                pair.mix(valueOf: key.span, in: store)
                digest.add(pair.bytes.span)
            }
        } while cursor != 0
        replies.writer.status(digest.description)
    }

    static func digestValues(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let store = session.store
        replies.depends(on: store.position.seq)
        replies.writer.list(arguments.count - 2)
        for index in 2..<arguments.count {
            var digest = DataDigest()
            digest.mix(valueOf: arguments[index], in: store)
            replies.writer.status(digest.description)
        }
        replies.writer.endList()
    }

    // MARK: Others

    static func log(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let text = arguments[2].extracting(0..<min(arguments[2].count, session.server.limits.echoSize))
        session.server.log.notice("DEBUG LOG: \(String(text))")
        replies.writer.ok()
    }

    static func setExpiry(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard let value = arguments[2].decimal, value == 0 || value == 1 else {
            return replies.fail(ReplyError("DEBUG SET-ACTIVE-EXPIRE takes 0 or 1"))
        }
        session.server.expiry.isOn = value == 1
        replies.writer.ok()
    }

    /// The longest sleep, in seconds.
    private static let longestSleep = 3600.0

    static func sleep(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard let seconds = Double(String(arguments[2])), seconds >= 0, seconds <= longestSleep else {
            return replies.fail(ReplyError("DEBUG SLEEP takes from 0 to 3600 seconds"))
        }
        usleep(UInt32(seconds * 1_000_000))
        replies.writer.ok()
    }

    static func showType(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard !replies.writer.isLine else { return replies.fail(ReplyError("DEBUG PROTOCOL shows types of RESP")) }
        let name = String(arguments[2]).lowercased()
        guard let type = ReplyExample(rawValue: name) else {
            let names = ReplyExample.allCases.map(\.rawValue).joined(separator: "|")
            return replies.fail(
                ReplyError("Wrong protocol type name. Please use one of the following: \(names)"))
        }
        if type == .push, replies.writer.dialect == .resp2 {
            return replies.fail(ReplyError("RESP2 is not supported by this command"))
        }
        replies.writer.append(type)
    }
}

/// Redis' digest of data, which depends neither on the order of pairs nor on how they are stored (`computeDatasetDigest`).
private struct DataDigest: CustomStringConvertible {
    private(set) var bytes = [UInt8](repeating: 0, count: 20)

    /// Adds data; the order makes no difference.
    mutating func add(_ data: Span<UInt8>) {
        let digest = Digests.sha1(data)
        for index in bytes.indices { bytes[index] ^= digest[index] }
    }

    /// Adds data; the order makes a difference.
    mutating func mix(_ data: Span<UInt8>) {
        add(data)
        bytes = Digests.sha1(bytes.span)
    }

    /// Mixes the type and the value of a key, if it exists.
    mutating func mix(valueOf key: Span<UInt8>, in store: Store) {
        let reading = store.getExpiring(key)
        guard let value = reading.value else { return }
        // The type string is 0, in four bytes.
        mix([UInt8](repeating: 0, count: 4).span)
        mix(value)
        // Only whether it expires, and not when.
        if reading.expires != 0 { add(Array("!!expire!!".utf8).span) }
    }

    var description: String { Digests.hexadecimal(bytes) }
}

/// The types of replies that DEBUG PROTOCOL shows, with Redis' examples.
private enum ReplyExample: String, CaseIterable {
    case string, integer, double, bignum, null, array, set, map, attrib, push, verbatim
    case yes = "true"
    case no = "false"
}

extension ReplyWriter {
    /// An example of a type of replies. RESP2 has fewer types, and gets what Redis sends instead.
    fileprivate mutating func append(_ type: ReplyExample) {
        let isNew = dialect == .resp3
        switch type {
        case .string: text("Hello World")
        case .integer: integer(12345)
        case .double: isNew ? buffer.append(",3.141\r\n") : text("3.141")
        case .bignum:
            isNew
                ? buffer.append("(1234567999999999999999999999999999999\r\n")
                : text("1234567999999999999999999999999999999")
        case .null: missing()
        case .array, .set:
            if type == .set, isNew { buffer.append("~3\r\n") } else { list(3) }
            for number in 0..<3 { integer(number) }
        case .map:
            map(3)
            for number in 0..<3 {
                integer(number)
                truth(number == 1)
            }
        case .attrib:
            if isNew {
                buffer.append("|1\r\n")
                text("key-popularity")
                list(2)
                text("key:123")
                integer(90)
            }
            text("Some real reply following the attribute")
        case .push:
            buffer.append(">2\r\n")
            text("server-cpu-usage")
            integer(42)
            text("Some real reply following the push reply")
        case .verbatim: verbatim("This is a verbatim\nstring")
        case .yes: truth(true)
        case .no: truth(false)
        }
    }

    /// A short text made by the server, without line ends.
    fileprivate mutating func status(_ text: String) {
        guard !isLine else { return self.text(text) }
        buffer.append("+")
        buffer.append(text: text)
        buffer.append("\r\n")
    }

    private mutating func truth(_ value: Bool) {
        if dialect == .resp3 { buffer.append(value ? "#t\r\n" : "#f\r\n") } else { integer(value ? 1 : 0) }
    }
}

extension ReplyError {
    /// In RESP as Redis has it, although the setting's name is another one here.
    fileprivate static let debugNotAllowed = ReplyError(
        line: "DEBUG is not allowed: start the server with server.debug_commands set to true",
        resp:
            "DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a "
            + "local connection, otherwise you need to set this option in the configuration file, and then restart the "
            + "server.")
}
