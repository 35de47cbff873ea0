// Where the arguments of a request are: the first few, which is nearly always all of them, inside the parser itself.

/// A list of slices that takes memory of its own only when it grows beyond `shortCount`.
@usableFromInline
struct SliceList: ~Copyable {
    @usableFromInline var few = InlineArray<6, Slice>(repeating: Slice(offset: 0, size: 0))
    /// All of them, once there are more than few.
    @usableFromInline var many: [Slice] = []
    @usableFromInline var count = 0

    @usableFromInline static var shortCount: Int {
        @inlinable @inline(__always) get { 6 }
    }

    @usableFromInline var isEmpty: Bool {
        @inlinable @inline(__always) get { count == 0 }
    }
    /// How many slices there is memory for outside this object.
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

    /// Takes the last one off a list of few.
    mutating func removeLast() {
        precondition(count > 0 && count <= SliceList.shortCount, "no last slice among few")
        count -= 1
    }

    @inline(__always)
    mutating func removeAll() { count = 0 }

    /// Gives memory beyond `kept` slices back; the list is empty then.
    mutating func trim(above kept: Int) {
        guard many.capacity > kept else { return }
        many = []
        count = 0
    }
}
