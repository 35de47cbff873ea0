// A parsed request: ranges of the bytes that it came in. Nothing is copied.

/// A range of bytes of a request.
public struct Slice: Equatable, Sendable {
    public var offset: Int
    public var size: Int

    @inlinable public init(offset: Int, size: Int) {
        self.offset = offset
        self.size = size
    }
}

/// A request's arguments, the command's name first, lent for the duration of one call.
public struct Arguments: ~Escapable {
    @usableFromInline let slices: Span<Slice>
    @usableFromInline let bytes: Span<UInt8>

    @_lifetime(copy slices, copy bytes)
    @inlinable public init(_ slices: Span<Slice>, in bytes: Span<UInt8>) {
        self.slices = slices
        self.bytes = bytes
    }

    /// An upper bound of the size of all arguments together, in bytes.
    @inlinable public var extent: Int {
        guard slices.count > 0 else { return 0 }
        let last = slices[slices.count &- 1]
        return last.offset &+ last.size
    }

    /// The number of arguments, the name included.
    public var count: Int {
        @inlinable @inline(__always) get { slices.count }
    }

    public subscript(_ index: Int) -> Span<UInt8> {
        @_lifetime(copy self)
        @inlinable @inline(__always)
        get {
            let slice = slices[index]
            return bytes.extracting(slice.offset..<slice.offset &+ slice.size)
        }
    }
}
