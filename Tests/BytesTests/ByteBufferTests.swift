import Bytes
import TestSupport
import Testing

@Suite("ByteBuffer")
struct ByteBufferTests {
    @Test(
        "any sequence of calls leaves the bytes that the same calls on an array leave",
        arguments: SeededRandom.seeds(20))
    func model(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var buffer = ByteBuffer()
        var model: [UInt8] = []
        for step in 0..<2_000 {
            change(&buffer, &model, &random)
            let (content, count) = (Array(buffer.bytes), buffer.count)
            guard content == model, count == model.count, buffer.capacity >= count else {
                Issue.record("step \(step): \(count) bytes, expected \(model.count)")
                return
            }
        }
    }

    private func change(_ buffer: inout ByteBuffer, _ model: inout [UInt8], _ random: inout SeededRandom) {
        switch random.below(10) {
        case 0:
            let byte = UInt8(truncatingIfNeeded: random.next())
            buffer.append(byte)
            model.append(byte)
        case 1, 2, 3:
            let bytes = random.bytes(random.below(random.below(4) == 0 ? 3_000 : 40))
            buffer.append(bytes.span)
            model += bytes
        case 4:
            buffer.append("static" as StaticString)
            buffer.append("grüße")
            model += Array("staticgrüße".utf8)
            let start = random.below(model.count)
            let size = random.below(model.count - start + 1)
            guard size < 3_000 else { return }
            buffer.append(copyOf: size, at: start)
            model += model[start..<start + size]
        case 5:
            let bytes = random.bytes(1 + random.below(100))
            let used = random.below(bytes.count + 1)
            unsafe buffer.append(upTo: bytes.count) { room in
                for index in 0..<used { unsafe room[index] = bytes[index] }
                return used
            }
            model += bytes.prefix(used)
        case 6, 7:
            let size = random.below(model.count + 1)
            buffer.removeFirst(size)
            model.removeFirst(size)
        case 8:
            let size = model.count - random.below(min(model.count, 50) + 1)
            buffer.truncate(to: size)
            model.removeSubrange(size...)
        default:
            buffer.reserve(random.below(500))
            if random.below(20) == 0 {
                buffer.removeAll()
                model.removeAll()
            }
            buffer.trim(above: 1_000)
        }
    }

    @Test("a new buffer holds no memory and lends an empty span")
    func empty() {
        let buffer = ByteBuffer()
        let (capacity, count, isEmpty) = (buffer.capacity, buffer.bytes.count, buffer.isEmpty)
        #expect(capacity == 0)
        #expect(count == 0)
        #expect(isEmpty)
    }

    @Test("nothing may be appended to a buffer that holds no memory")
    func appendNothing() {
        var buffer = ByteBuffer()
        let bytes: [UInt8] = [1, 2, 3]
        buffer.append(bytes.span.extracting(1..<1))
        buffer.append("" as StaticString)
        let (capacity, count) = (buffer.capacity, buffer.count)
        #expect(capacity == 0)
        #expect(count == 0)
    }

    @Test("what was reserved is appended without growing")
    func reserve() {
        var buffer = ByteBuffer()
        buffer.reserve(1_000)
        let reserved = buffer.capacity
        #expect(reserved >= 1_000)
        for _ in 0..<1_000 { buffer.append(1) }
        let grown = buffer.capacity
        #expect(grown == reserved)
    }

    @Test("bytes that come and go in equal measure never make the buffer grow")
    func steadyState() {
        var buffer = ByteBuffer()
        let chunk = [UInt8](repeating: 7, count: 100)
        for _ in 0..<3 { buffer.append(chunk.span) }
        for _ in 0..<10 {
            buffer.append(chunk.span)
            buffer.removeFirst(100)
        }
        let before = buffer.capacity
        for _ in 0..<10_000 {
            buffer.append(chunk.span)
            buffer.removeFirst(100)
        }
        let after = buffer.capacity
        #expect(after == before)
    }

    @Test("trimming frees an empty buffer above the size only")
    func trim() {
        var buffer = ByteBuffer()
        buffer.reserve(10_000)
        buffer.append(1)
        buffer.trim(above: 100)
        let whileFull = buffer.capacity
        buffer.removeFirst(1)
        buffer.trim(above: 1 << 20)
        let below = buffer.capacity
        buffer.trim(above: 100)
        let above = buffer.capacity
        buffer.append(9)
        let content = Array(buffer.bytes)
        #expect(whileFull >= 10_000)
        #expect(below >= 10_000)
        #expect(above == 0)
        #expect(content == [9])
    }

    private struct NoMore: Error {}

    @Test("a failed fill appends nothing, and its error is thrown on")
    func failedFill() {
        var buffer = ByteBuffer()
        buffer.append("abc" as StaticString)
        var isThrown = false
        do throws(NoMore) {
            try unsafe buffer.append(upTo: 10) { (_) throws(NoMore) -> Int in throw NoMore() }
        } catch {
            isThrown = true
        }
        #expect(isThrown)
        let content = Array(buffer.bytes)
        #expect(content == Array("abc".utf8))
    }
}
