// The one growable run of bytes: replies, log lines and unread input have this type. It is written at the tail and
// consumed at the head, and keeps its memory, so a steady state allocates nothing.
//
// `unsafe` is allowed here because the memory is private: each pointer lives inside one method, `bytes` is lent under
// the compiler's lifetime rules, and `reserve` precedes each write, which makes tail + n <= limit true.

#if canImport(Glibc)
    import Glibc
#else
    // In a module of WebAssembly: the allocator of WasmShims.
    import CMachine
#endif

/// A first-in, first-out run of bytes that owns its memory. Sizes are in bytes.
@safe
public struct ByteBuffer: ~Copyable {
    @usableFromInline var base: UnsafeMutablePointer<UInt8>?
    @usableFromInline var head = 0
    @usableFromInline var tail = 0
    @usableFromInline var limit = 0

    /// An empty buffer. It takes no memory until the first byte is appended.
    public init() { unsafe base = nil }

    deinit { freeMemory() }

    /// Bytes that were appended and not yet removed.
    public var count: Int {
        @inlinable @inline(__always) get { tail &- head }
    }
    public var isEmpty: Bool {
        @inlinable @inline(__always) get { tail == head }
    }
    /// Bytes of memory held.
    @inlinable public var capacity: Int { limit }

    /// The content, lent for as long as the buffer is not changed.
    public var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        @inlinable @inline(__always) get {
            guard let base = unsafe base else { return Span() }
            let view = unsafe Span(_unsafeStart: base + head, count: tail - head)
            return unsafe _overrideLifetime(view, borrowing: self)
        }
    }

    /// Makes room for `size` more bytes. Capacity doubles up to 1 MiB and then grows by a quarter, so appending is
    /// linear overall and a large buffer is seldom much larger than its content.
    @inlinable @inline(__always)
    public mutating func reserve(_ size: Int) {
        if limit &- tail < size { makeRoom(for: size) }
    }

    /// As above, if `expected` bytes in all are known to come: capacity grows to exactly that, once that is a step of
    /// between a quarter and one and a half. Appending stays linear overall, and a large value that comes in pieces
    /// ends in a buffer of its own size.
    public mutating func reserve(_ size: Int, expecting expected: Int) {
        if limit - tail < size { makeRoom(for: size, expecting: expected) }
    }

    @usableFromInline mutating func makeRoom(for size: Int, expecting expected: Int = 0) {
        let kept = count
        if let base = unsafe base, limit - kept >= size, head >= kept {
            unsafe base.update(from: base + head, count: kept)
        } else {
            let isStep = expected >= limit / 4 && kept + expected <= limit / 2 * 5
            let usual = limit < ByteBuffer.largeSize ? limit * 2 : limit + limit / 4
            grow(to: max(kept + size, isStep ? kept + expected : usual, 64))
        }
        head = 0
        tail = kept
    }

    /// From this size on memory is mapped by itself, and the kernel moves it without copying.
    private static let largeSize = 1 << 20

    /// Moves the content to the front of `size` bytes of memory.
    private mutating func grow(to size: Int) {
        let kept = count
        if let base = unsafe base, head > 0 { unsafe base.update(from: base + head, count: kept) }
        // A large block moves without a copy; a small one most likely has a neighbour in the way.
        guard let memory = unsafe realloc(base, size) else { fatalError("there is no memory for \(size) bytes") }
        BufferMemory.add(Allocation.size(of: size) - (unsafe base == nil ? 0 : Allocation.size(of: limit)))
        unsafe base = memory.assumingMemoryBound(to: UInt8.self)
        limit = size
    }

    @inlinable @inline(__always)
    public mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe base.unsafelyUnwrapped[tail] = byte
        tail &+= 1
    }

    @inlinable @inline(__always)
    public mutating func append(_ span: Span<UInt8>) {
        let size = span.count
        guard size > 0 else { return }
        reserve(size)
        unsafe span.withUnsafeBufferPointer { source in
            guard let from = source.baseAddress else { return }
            unsafe (base.unsafelyUnwrapped + tail).update(from: from, count: size)
        }
        tail &+= size
    }

    @inlinable @inline(__always)
    public mutating func append(_ text: StaticString) {
        let size = text.utf8CodeUnitCount
        guard size > 0 else { return }
        reserve(size)
        unsafe (base.unsafelyUnwrapped + tail).update(from: text.utf8Start, count: size)
        tail &+= size
    }

    /// Appends `count` zeros.
    package mutating func append(zeros count: Int) {
        guard count > 0 else { return }
        reserve(count)
        unsafe (base.unsafelyUnwrapped + tail).update(repeating: 0, count: count)
        tail &+= count
    }

    /// Appends a copy of `size` of its own bytes, from `offset` on.
    package mutating func append(copyOf size: Int, at offset: Int) {
        precondition(size >= 0 && offset >= 0 && offset + size <= count, "copied from outside the buffer")
        guard size > 0 else { return }
        reserve(size)
        unsafe (base.unsafelyUnwrapped + tail).update(from: base.unsafelyUnwrapped + head + offset, count: size)
        tail &+= size
    }

    /// For texts of the cold path: error messages, statistics.
    public mutating func append(text: String) {
        for byte in text.utf8 { append(byte) }
    }

    /// Lends room for `size` bytes, at least 1, after the content. `fill` returns how many it wrote, from the first on.
    public mutating func append<E: Error>(
        upTo size: Int, fill: (UnsafeMutableRawBufferPointer) throws(E) -> Int
    ) throws(E) {
        precondition(size > 0, "lent no room")
        reserve(size)
        let room = unsafe UnsafeMutableRawBufferPointer(
            start: base.unsafelyUnwrapped + tail, count: size)
        let written = unsafe try fill(room)
        precondition(written >= 0 && written <= size, "filled \(written) of \(size) bytes")
        tail += written
    }

    /// Drops `size` bytes at the front. The rest moves only when room is needed.
    @inlinable public mutating func removeFirst(_ size: Int) {
        precondition(size >= 0 && size <= count, "removed more than there is")
        head += size
        if head == tail { removeAll() }
    }

    /// Drops everything after the first `size` bytes.
    @inlinable public mutating func truncate(to size: Int) {
        precondition(size >= 0 && size <= count, "truncated to more than there is")
        tail = head + size
        if head == tail { removeAll() }
    }

    /// Drops the content, keeps the memory.
    @inlinable @inline(__always)
    public mutating func removeAll() {
        head = 0
        tail = 0
    }

    /// Frees the memory if the buffer is empty and holds more than `size` bytes, so that one large request does not
    /// hold its memory for as long as its connection lives.
    @inlinable @inline(__always)
    public mutating func trim(above size: Int) {
        if isEmpty && limit > size { release() }
    }

    @usableFromInline mutating func release() {
        freeMemory()
        unsafe base = nil
        limit = 0
        removeAll()
    }

    private func freeMemory() {
        guard let base = unsafe base else { return }
        unsafe free(base)
        BufferMemory.add(-Allocation.size(of: limit))
    }
}

// The buffer is the only owner of its memory, so moving it to another thread moves all access with it.
extension ByteBuffer: @unchecked Sendable {}
