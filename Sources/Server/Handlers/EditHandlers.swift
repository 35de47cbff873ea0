// Commands on parts of values: bytes and bits.

import Bytes
import Commands
import Store
import Wire

enum EditHandlers {
    // MARK: Bytes

    static func size(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let store = session.store
        let reading = store.get(arguments[1])
        replies.depends(on: reading.seq)
        replies.writer.integer(reading.value?.count ?? 0)
    }

    static func range(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard let start = arguments[2].decimal, let end = arguments[3].decimal else {
            return replies.fail(.notAnInteger)
        }
        let store = session.store
        let reading = store.get(arguments[1])
        guard let value = reading.value, let range = positions(from: start, through: end, of: value.count) else {
            replies.depends(on: reading.seq)
            return replies.writer.value(Span())
        }
        guard StringHandlers.write(value.extracting(range), arguments, session, &replies) else { return }
        replies.depends(on: reading.seq)
    }

    /// The positions from one through another; negative ones count from the end. nil if the range is empty.
    private static func positions(from start: Int, through end: Int, of count: Int) -> Range<Int>? {
        if start < 0, end < 0, start > end { return nil }
        let first = max(start < 0 ? start + count : start, 0)
        let last = min(max(end < 0 ? end + count : end, 0), count - 1)
        return first > last ? nil : first..<last + 1
    }

    static func append(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        write(arguments[2], at: nil, by: .append, arguments, session, &replies)
    }

    static func setRange(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        guard let offset = arguments[2].decimal else { return replies.fail(.notAnInteger) }
        guard offset >= 0 else { return replies.fail(ReplyError("offset is out of range")) }
        guard arguments[3].count > 0 else { return size(arguments, session, &replies) }
        write(arguments[3], at: offset, by: .setrange, arguments, session, &replies)
    }

    /// Overwrites a part of a value, pads with zeros up to the offset, and replies with the new size.
    /// - Parameter offset: nil to append.
    private static func write(
        _ bytes: Span<UInt8>, at offset: Int?, by command: Command, _ arguments: Arguments, _ session: Session,
        _ replies: inout ReplyQueue
    ) {
        let store = session.store
        let reading = store.getExpiring(arguments[1])
        replies.depends(on: reading.seq)
        let size = reading.value?.count ?? 0
        let (end, isTooLarge) = (offset ?? size).addingReportingOverflow(bytes.count)
        let newSize = isTooLarge ? .max : max(size, end)
        guard session.acceptsEdit(to: newSize, by: command, &replies),
            let permit = session.permit(on: arguments[1], valueSize: newSize, &replies)
        else { return }
        var value = ByteBuffer()
        value.append(reading.value, with: bytes, at: offset ?? size)
        replies.depends(on: store.set(arguments[1], to: value.bytes, expires: reading.expires, permit))
        replies.writer.integer(newSize)
    }

    // MARK: Bits

    /// A bit's offset, from the highest bit of the first byte. The bound is Redis' own: the bits of 512 MiB.
    private static func bitPlace(_ text: Span<UInt8>, _ replies: inout ReplyQueue) -> Int? {
        if let place = text.decimal, (0..<1 << 32).contains(place) { return place }
        replies.fail(ReplyError("bit offset is not an integer or out of range"))
        return nil
    }

    private static func mask(_ place: Int) -> UInt8 { 0x80 >> UInt8(place & 7) }

    static func setBit(
        _ arguments: Arguments, _ session: Session, _ permit: borrowing Permit, _ replies: inout ReplyQueue
    ) {
        guard let place = bitPlace(arguments[2], &replies) else { return }
        guard let bit = arguments[3].decimal, bit == 0 || bit == 1 else {
            return replies.fail(ReplyError("bit is not an integer or out of range"))
        }
        let store = session.store
        let reading = store.getExpiring(arguments[1])
        replies.depends(on: reading.seq)
        let size = reading.value?.count ?? 0
        var byte: UInt8 = 0
        if let value = reading.value, place >> 3 < size { byte = value[place >> 3] }
        let old = byte & mask(place) == 0 ? 0 : 1
        if old != bit || place >> 3 >= size {
            let newSize = max(size, place >> 3 + 1)
            guard session.acceptsEdit(to: newSize, by: .setbit, &replies),
                let permit = session.permit(on: arguments[1], valueSize: newSize, &replies)
            else { return }
            let changed: InlineArray<1, UInt8> = [bit == 1 ? byte | mask(place) : byte & ~mask(place)]
            var value = ByteBuffer()
            value.append(reading.value, with: changed.span, at: place >> 3)
            replies.depends(on: store.set(arguments[1], to: value.bytes, expires: reading.expires, permit))
        }
        replies.writer.integer(old)
    }

    static func getBit(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        guard let place = bitPlace(arguments[2], &replies) else { return }
        let store = session.store
        let reading = store.get(arguments[1])
        replies.depends(on: reading.seq)
        guard let value = reading.value, place >> 3 < value.count else { return replies.writer.integer(0) }
        replies.writer.integer(value[place >> 3] & mask(place) == 0 ? 0 : 1)
    }

    static func countBits(_ arguments: Arguments, _ session: Session, _ replies: inout ReplyQueue) {
        let store = session.store
        let reading = store.get(arguments[1])
        replies.depends(on: reading.seq)
        // As in Redis, a missing key is answered before the arguments are checked.
        guard let value = reading.value else { return replies.writer.integer(0) }
        guard arguments.count > 2 else { return replies.writer.integer(value.bitCount(0..<value.count * 8)) }
        guard arguments.count == 4 || arguments.count == 5 else { return replies.fail(.misused(.bitcount)) }
        guard let start = arguments[2].decimal, let end = arguments[3].decimal else {
            return replies.fail(.notAnInteger)
        }
        // Redis checks this before the unit.
        guard !(start < 0 && end < 0 && start > end) else { return replies.writer.integer(0) }
        let countsBits = arguments.count == 5 && arguments[4].equalsIgnoringCase("BIT")
        guard countsBits || arguments.count == 4 || arguments[4].equalsIgnoringCase("BYTE") else {
            return replies.fail(.misused(.bitcount))
        }
        let unit = countsBits ? 1 : 8
        guard let range = positions(from: start, through: end, of: value.count * 8 / unit) else {
            return replies.writer.integer(0)
        }
        replies.writer.integer(value.bitCount(range.lowerBound * unit..<range.upperBound * unit))
    }
}

extension ByteBuffer {
    /// Appends a value with other bytes from `offset` on, padded with zeros if the value is shorter.
    fileprivate mutating func append(_ value: Span<UInt8>?, with bytes: Span<UInt8>, at offset: Int) {
        let (size, end) = (value?.count ?? 0, offset + bytes.count)
        reserve(max(size, end))
        if let value { append(value.extracting(0..<min(offset, size))) }
        append(zeros: offset - size)
        append(bytes)
        if let value, end < size { append(value.extracting(end..<size)) }
    }
}

extension Span where Element == UInt8 {
    /// The number of 1 bits in a range, counted from the highest bit of the first byte.
    fileprivate func bitCount(_ bits: Range<Int>) -> Int {
        guard !bits.isEmpty else { return 0 }
        var index = bits.lowerBound >> 3
        let last = (bits.upperBound - 1) >> 3
        // Subtract the bits of the first and last bytes that are outside the range.
        var count = -(self[index] >> UInt8(8 - bits.lowerBound & 7)).nonzeroBitCount
        count -= (self[last] & (0x7f >> UInt8((bits.upperBound - 1) & 7))).nonzeroBitCount
        while index + 8 <= last + 1 {
            count += word(at: index).nonzeroBitCount
            index += 8
        }
        while index <= last {
            count += self[index].nonzeroBitCount
            index += 1
        }
        return count
    }
}
