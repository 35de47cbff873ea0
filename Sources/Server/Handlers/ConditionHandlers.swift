// Conditional changes (compare-and-set), and the digest that conditions can compare.

import Bytes
import Commands
import Store
import Wire

/// The condition of a change. A value to compare is given by its argument's index.
private enum Condition {
    case none
    case missing
    case present
    case equal(to: Int)
    case different(from: Int)
    case equalDigest(ValueDigest)
    case differentDigest(ValueDigest)

    func isMet(by value: Span<UInt8>?, _ arguments: Arguments) -> Bool {
        guard let value else {
            return switch self {
            case .none, .missing, .different, .differentDigest: true
            case .present, .equal, .equalDigest: false
            }
        }
        return switch self {
        case .none, .present: true
        case .missing: false
        case .equal(let place): value.equals(arguments[place])
        case .different(let place): !value.equals(arguments[place])
        case .equalDigest(let digest): ValueDigest(of: value) == digest
        case .differentDigest(let digest): ValueDigest(of: value) != digest
        }
    }

    /// The second half of the error: why the condition is not met.
    func reason(isThere: Bool) -> String {
        switch self {
        case .missing: "the key exists"
        case .different, .differentDigest: "the value is the same"
        case .none, .present, .equal, .equalDigest: isThere ? "the value is another" : "there is no such key"
        }
    }

    /// Parses the comparison at `index`, and the value or digest after it.
    /// - Returns: nil if there is none.
    static func comparison(_ arguments: Arguments, at index: Int, of command: Command) throws(ReplyError) -> Condition?
    {
        let name = arguments[index]
        let (isEqual, isDifferent) = (name.equalsIgnoringCase("IFEQ"), name.equalsIgnoringCase("IFNE"))
        let isEqualDigest = name.equalsIgnoringCase("IFDEQ")
        guard isEqual || isDifferent || isEqualDigest || name.equalsIgnoringCase("IFDNE") else { return nil }
        guard index + 1 < arguments.count else { throw .misused(command) }
        if isEqual || isDifferent { return isEqual ? .equal(to: index + 1) : .different(from: index + 1) }
        guard let digest = ValueDigest(arguments[index + 1]) else { throw .notADigest }
        return isEqualDigest ? .equalDigest(digest) : .differentDigest(digest)
    }
}

/// The options of SET.
private struct SetOptions {
    private(set) var condition = Condition.none
    private(set) var expiry = ExpiryOption()
    /// Whether the reply is the key's old value.
    private(set) var isForOldValue = false

    init(_ arguments: Arguments) throws(ReplyError) {
        var index = 3
        while index < arguments.count {
            let name = arguments[index]
            if name.equalsIgnoringCase("GET") {
                isForOldValue = true
            } else if name.equalsIgnoringCase("NX") {
                switch condition {
                case .none, .missing: condition = .missing
                default: throw .misused(.set)
                }
            } else if name.equalsIgnoringCase("XX") {
                switch condition {
                case .none, .present: condition = .present
                default: throw .misused(.set)
                }
            } else if !expiry.take(arguments, at: &index, keeps: true) {
                guard case .none = condition, let comparison = try Condition.comparison(arguments, at: index, of: .set)
                else { throw .misused(.set) }
                condition = comparison
                index += 1
            }
            index += 1
        }
    }
}

enum ConditionHandlers {
    /// SET with options.
    @inline(never)
    static func setWithOptions(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        guard session.accepts(arguments[2], &replies) else { return }
        let store = session.store
        let options: SetOptions
        let newExpiry: UInt64?
        do throws(ReplyError) {
            options = try SetOptions(arguments)
            newExpiry = try options.expiry.expiry(arguments, at: store.now, for: .set)
            if let newExpiry, newExpiry != 0 { try session.admitExpiry() }
        } catch {
            return replies.fail(error)
        }
        let reading = store.getExpiring(arguments[1])
        let isMet = options.condition.isMet(by: reading.value, arguments)
        let isThere = reading.value != nil
        let expires = newExpiry ?? reading.expires
        if options.isForOldValue {
            if let value = reading.value {
                guard StringHandlers.write(value, arguments, session, &replies) else { return }
            } else {
                replies.writer.missing()
            }
        }
        replies.depends(on: isMet ? store.set(arguments[1], to: arguments[2], expires: expires, permit) : reading.seq)
        guard !options.isForOldValue else { return }
        if isMet { return replies.writer.ok() }
        guard replies.writer.isLine else { return replies.writer.missing() }
        replies.writer.error(ReplyError("Not set: \(options.condition.reason(isThere: isThere))"))
    }

    static func delete(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        guard arguments.count == 2 || arguments.count == 4 else { return replies.fail(.wrongArity(of: .delex)) }
        var condition = Condition.none
        do throws(ReplyError) {
            if arguments.count == 4 {
                guard let comparison = try Condition.comparison(arguments, at: 2, of: .delex) else {
                    throw .misused(.delex)
                }
                condition = comparison
            }
        } catch {
            return replies.fail(error)
        }
        let store = session.store
        let reading = store.get(arguments[1])
        replies.depends(on: reading.seq)
        guard reading.value != nil else {
            return replies.writer.isLine ? replies.writer.missing() : replies.writer.integer(0)
        }
        guard condition.isMet(by: reading.value, arguments) else {
            return replies.writer.notDone(ReplyError("Not deleted: \(condition.reason(isThere: true))"))
        }
        replies.depends(on: store.delete(arguments[1], permit).seq)
        replies.writer.done()
    }

    static func digest(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let store = session.store
        let reading = store.get(arguments[1])
        replies.depends(on: reading.seq)
        guard let value = reading.value else { return replies.writer.missing() }
        var text = ByteBuffer()
        ValueDigest(of: value).write(to: &text)
        replies.writer.value(text.bytes)
    }
}

extension ReplyWriter {
    /// The reply for a change that was made: 1 in RESP.
    mutating func done() { if isLine { ok() } else { integer(1) } }

    /// The reply for a change whose condition was not met: 0 in RESP, not an error.
    mutating func notDone(_ reason: @autoclosure () -> ReplyError) {
        if isLine { error(reason()) } else { integer(0) }
    }
}

extension ReplyError {
    static let keyExists = ReplyError("Not set: the key exists")
    static let someKeyExists = ReplyError("Not set: one of the keys exists")
    fileprivate static let notADigest = ReplyError("digest must be exactly 16 hexadecimal characters")

    /// The error of optional arguments that the command does not take, or not together.
    static func misused(_ command: Command) -> ReplyError {
        ReplyError(line: "Wrong options: \(command.spec.usage)", resp: "syntax error")
    }
}
