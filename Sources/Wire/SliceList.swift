// The ranges of a request's arguments: the first few, which is nearly always all of them, are inside the parser itself.

/// A list of slices that allocates only when it grows beyond `shortCount`.
@usableFromInline
struct SliceList: ~Copyable {
    @usableFromInline var few = InlineArray<6, Slice>(repeating: Slice(offset: 0, size: 0))
    /// All slices, once there are more than `shortCount`.
    @usableFromInline var many: [Slice] = []
    @usableFromInline var count = 0

    @usableFromInline static var shortCount: Int {
        @inlinable @inline(__always) get { 6 }
    }

    @usableFromInline var isEmpty: Bool {
        @inlinable @inline(__always) get { count == 0 }
    }
    /// The number of slices that memory outside this object can hold.
    var capacity: Int { many.capacity }

    /// The slices, in order.
    @usableFromInline var span: Span<Slice> {
        @_lifetime(borrow self)
        @inlinable @inline(__always)
        get { count <= SliceList.shortCount ? few.span.extracting(0..<count) : many.span }
    }

    subscript(_ index: Int) -> Slice {
        get { count <= SliceList.shortCount ? few[index] : many[index] }
        set { if count <= SliceList.shortCount { few[index] = newValue } else { many[index] = newValue } }
    }

    @inline(__always)
    mutating func append(_ slice: Slice) {
        guard count < SliceList.shortCount else { return appendToMany(slice) }
        few[count] = slice
        count &+= 1
    }

    @inline(never)
    private mutating func appendToMany(_ slice: Slice) {
        if count == SliceList.shortCount {
            many.removeAll(keepingCapacity: true)
            for index in 0..<count { many.append(few[index]) }
        }
        many.append(slice)
        count += 1
    }

    /// Removes the last slice of a short list.
    mutating func removeLast() {
        precondition(count > 0 && count <= SliceList.shortCount, "no last slice among few")
        count -= 1
    }

    @inline(__always)
    mutating func removeAll() { count = 0 }

    /// Empties the list, and frees memory beyond `kept` slices.
    mutating func trim(above kept: Int) {
        guard many.capacity > kept else { return }
        many = []
        count = 0
    }
}
