// Reads: they never wait. Each says which change must be committed before its answer may be shown. `unsafe` lends a value of the
// table for as long as the store is borrowed: the table is the store's alone, and a change needs the store.

import Bytes

extension Store {
    /// A value, and the change that must be committed before it may be shown.
    package struct Reading: ~Escapable {
        /// nil if the key does not exist.
        package let value: Span<UInt8>?
        package let seq: UInt64

        @_lifetime(copy value)
        init(_ value: Span<UInt8>?, seq: UInt64) {
            self.value = value
            self.seq = seq
        }
    }

    /// A value, when its pair expires, and the change that must be committed before either may be shown. Apart from `Reading`, so that
    /// GET does not pay for it.
    package struct ExpiringReading: ~Escapable {
        /// nil if the key does not exist.
        package let value: Span<UInt8>?
        /// When the pair expires, in Unix milliseconds; 0 for never, or if there is no pair.
        package let expires: UInt64
        package let seq: UInt64

        @_lifetime(copy value)
        init(_ value: Span<UInt8>?, expires: UInt64, seq: UInt64) {
            self.value = value
            self.expires = expires
            self.seq = seq
        }
    }

    /// The number of pairs.
    package var count: Int { table.count }
    /// Bytes of memory of pairs and table.
    package var size: Int { table.size }
    /// Bytes of cleared memory that `giveBackMemory` still has to free.
    package var clearedSize: Int { table.clearedSize }

    /// How many bytes the table would grow if `key` had a value of `valueSize` bytes; 0 or less if its value is no
    /// smaller now.
    package func growth(for key: Span<UInt8>, valueSize: Int) -> Int {
        table.growth(for: key, hash: table.hash(key), valueSize: valueSize)
    }

    /// Bytes of memory that a key and its value take; nil where the key is not there. And the change that the answer depends on.
    package func size(of key: Span<UInt8>) -> (size: Int?, seq: UInt64) {
        let hash = table.hash(key)
        return (table.size(of: key, hash: hash, at: time), newestChange(hash))
    }

    /// Prefetches what a request for this key will need.
    package func prefetch(_ key: Span<UInt8>) { table.prefetch(key) }

    /// Continues prefetching when no further key is known.
    package func endPrefetch() { table.prefetchPair() }

    /// The value is valid until the next change.
    @_lifetime(borrow self)
    package func get(_ key: Span<UInt8>) -> Reading {
        let hash = table.hash(key)
        let seq = newestChange(hash)
        guard let pair = table.pair(for: key, hash: hash, at: time) else { return Reading(nil, seq: seq) }
        let value = pair.value
        return unsafe Reading(_overrideLifetime(value, borrowing: self), seq: seq)
    }

    /// As `get`, with the time when the pair expires.
    @_lifetime(borrow self)
    package func getExpiring(_ key: Span<UInt8>) -> ExpiringReading {
        let hash = table.hash(key)
        let seq = newestChange(hash)
        guard let pair = table.pair(for: key, hash: hash, at: time) else {
            return ExpiringReading(nil, expires: 0, seq: seq)
        }
        let value = pair.value
        return unsafe ExpiringReading(_overrideLifetime(value, borrowing: self), expires: pair.expires, seq: seq)
    }

    /// Visits a random key, or none if the store is empty. The result depends on the change `position`.
    package func visitRandomKey(_ visit: (Span<UInt8>) -> Void) {
        let place = ScanCursor(number: .random(in: 0...ScanCursor.largestNumber))
        if let pair = table.pair(from: place, at: time) { visit(pair.key) }
    }

    /// The newest change that a key with this hash can depend on, or 0 if everything is committed.
    func newestChange(_ hash: UInt64) -> UInt64 {
        committedSeq == newest.seq ? 0 : recent[hash]
    }

    /// Visits keys from `cursor` on; see `Table.scan`. The result depends on the change `position`.
    package func scan(
        from cursor: UInt64, count: Int, buckets: Int, visit: (Span<UInt8>) -> Void
    ) -> UInt64 {
        var place = ScanCursor(number: cursor)
        table.scan(from: &place, size: count, buckets: buckets, at: time) { pair in
            visit(pair.key)
            return 1
        }
        return place.number
    }

    /// Brings what a scan of whole buckets meets next into the processor's cache.
    package func touchKeys(at cursor: ScanCursor) { table.touchPairs(at: cursor) }

    /// As above, where `visit` returns how much a key counts, and the cursor is advanced.
    package func scan(
        from cursor: inout ScanCursor, size: Int, buckets: Int, visit: (Span<UInt8>) -> Int
    ) {
        table.scan(from: &cursor, size: size, buckets: buckets, at: time) { visit($0.key) }
    }
}
