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

    private static func add(
        _ amount: Int, to key: Span<UInt8>, _ session: Session, _ replies: inout ReplyQueue
    ) {
        let store = session.store
        let reading = store.getExpiring(key)
        replies.depends(on: reading.seq)
        do throws(ReplyError) {
            let sum = try sum(of: reading.value, amount)
            let text = DecimalText(sum)
            guard let permit = session.permit(on: key, valueSize: text.bytes.count, &replies) else { return }
            replies.depends(on: store.set(key, to: text.bytes, expires: reading.expires, permit))
            replies.writer.integer(sum)
        } catch {
            replies.fail(error)
        }
    }

    /// The sum of a value, where a missing one counts as 0, and an amount.
    /// - Throws: Redis' error for a value that is no number, or a sum that is out of range.
    @inline(__always)
    static func sum(of value: Span<UInt8>?, _ amount: Int) throws(ReplyError) -> Int {
        var number = 0
        if let value {
            guard let found = value.decimal else { throw .notAnInteger }
            number = found
        }
        let (sum, isTooLarge) = number.addingReportingOverflow(amount)
        guard !isTooLarge else { throw ReplyError("increment or decrement would overflow") }
        return sum
    }

    static func incrementByFloat(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        let store = session.store
        let reading = store.getExpiring(arguments[1])
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
