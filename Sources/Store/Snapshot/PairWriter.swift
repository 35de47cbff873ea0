// Writes the lines of a snapshot, or of a file of sorted changes, which is a snapshot whose keys may lack a value.

import Bytes
import LogFormat
import SystemPackage

/// Writes a new file of pairs, in the order of the calls.
package struct PairWriter: ~Copyable {
    private let file: any DiskFile
    private var buffer = ByteBuffer()
    private var chain: UInt32
    /// Bytes written and bytes synced. Syncing along the way keeps the disk's queue short for the log, which syncs all
    /// the time.
    private(set) var size = 0
    private var syncedSize = 0
    private let syncInterval: Int
    private(set) var count = 0

    /// The size of a write.
    private static let bufferSize = 128 << 10

    /// Creates the file, which must not exist.
    /// - Parameter syncInterval: bytes between syncs.
    package init(
        creating path: FilePath, _ header: SnapshotHeader, on disk: any Disk, syncInterval: Int = .max
    ) throws(StoreError) {
        file = try disk.create(path)
        self.syncInterval = syncInterval
        chain = buffer.append(snapshotHeader: header)
    }

    /// Appends a pair, or a removed key; `flushIfLarge` writes it.
    /// - Parameter isPlain: whether key and value are known to need no escapes in JSON.
    package mutating func append(_ change: borrowing Change, isPlain: Bool = false) {
        count &+= 1
        chain = buffer.append(pairLine: change, isPlain: isPlain, chain: chain)
    }

    /// Appends a pair from the body of another plain line of it.
    mutating func append(plainBody: Span<UInt8>) {
        count &+= 1
        chain = buffer.append(pairBody: plainBody, chain: chain)
    }

    /// Writes the buffer, once it is large enough.
    package mutating func flushIfLarge() throws(StoreError) {
        if buffer.count >= PairWriter.bufferSize { try flush() }
    }

    /// Writes the last line.
    package mutating func end() throws(StoreError) {
        buffer.append(snapshotEnd: count, chain: chain)
        try flush()
    }

    /// Makes everything durable except the file's name.
    package func sync() throws(StoreError) { try file.sync() }

    private mutating func flush() throws(StoreError) {
        assert(syncedSize <= size, "more is synced than is written")
        try file.write(buffer.bytes, Span(), at: size)
        size += buffer.count
        buffer.removeAll()
        buffer.trim(above: 2 * PairWriter.bufferSize)
        if size - syncedSize >= syncInterval {
            try file.sync()
            syncedSize = size
        }
    }
}
