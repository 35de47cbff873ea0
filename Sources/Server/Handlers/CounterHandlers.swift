// Commands on values that are numbers.

import Bytes
import Store
import Wire

enum CounterHandlers {
    static func increment(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        add(1, to: arguments[1], session, &replies)
    }

    static func decrement(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        add(-1, to: arguments[1], session, &replies)
    }

    static func incrementBy(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        guard let amount = arguments[2].decimal else { return replies.fail(.notAnInteger) }
        add(amount, to: arguments[1], session, &replies)
    }

    static func decrementBy(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        guard let amount = arguments[2].decimal else { return replies.fail(.notAnInteger) }
        // Its negation would overflow.
        guard amount > Int.min else { return replies.fail(ReplyError("decrement would overflow")) }
        add(-amount, to: arguments[1], session, &replies)
    }

    /// A missing key counts as 0.
    private static func add(
        _ amount: Int, to key: Span<UInt8>, _ session: Session, _ replies: inout ReplyQueue
    ) {
        let store = session.store
        let reading = store.get(key)
        replies.depends(on: reading.seq)
        var number = 0
        if let value = reading.value {
            guard let found = value.decimal else { return replies.fail(.notAnInteger) }
            number = found
        }
        let (sum, isTooLarge) = number.addingReportingOverflow(amount)
        guard !isTooLarge else { return replies.fail(ReplyError("increment or decrement would overflow")) }
        let text = DecimalText(sum)
        guard let permit = session.permit(on: key, valueSize: text.bytes.count, &replies) else { return }
        replies.depends(on: store.set(key, to: text.bytes, expires: reading.expires, permit))
        replies.writer.integer(sum)
    }

    static func incrementByFloat(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        let store = session.store
        let reading = store.get(arguments[1])
        replies.depends(on: reading.seq)
        var sum = ByteBuffer()
        do throws(FloatSumError) {
            if let value = reading.value {
                try sum.append(floatSumOf: value, arguments[2])
            } else {
                try sum.append(floatSumOf: zero.span, arguments[2])
            }
        } catch {
            return switch error {
            case .malformed: replies.fail(ReplyError("value is not a valid float"))
            case .notFinite: replies.fail(ReplyError("increment would produce NaN or Infinity"))
            }
        }
        guard session.accepts(sum.bytes, &replies),
            let permit = session.permit(on: arguments[1], valueSize: sum.count, &replies)
        else { return }
        replies.depends(on: store.set(arguments[1], to: sum.bytes, expires: reading.expires, permit))
        replies.writer.value(sum.bytes)
    }

    private static let zero = [UInt8(ascii: "0")]
}
