// Writes the lines of a snapshot, or of a file of sorted changes, which is a snapshot whose keys may lack a value.

import Bytes
import LogFormat
import SystemPackage

/// Writes a new file of pairs, in the order in which it is given them.
package struct PairWriter: ~Copyable {
    private let file: any DiskFile
    private var buffer = ByteBuffer()
    private var chain: UInt32
    /// Bytes written and bytes synced. Syncing as it goes keeps the disk's queue short for the log, which syncs all the
    /// while.
    private(set) var size = 0
    private var syncedSize = 0
    private let syncInterval: Int
    private(set) var count = 0

    /// Bytes gathered for one write.
    private static let bufferSize = 128 << 10

    /// Makes the file, which must not be there.
    /// - Parameter syncInterval: bytes after which what is written is synced.
    package init(
        creating path: FilePath, _ header: SnapshotHeader, on disk: any Disk, syncInterval: Int = .max
    ) throws(StoreError) {
        file = try disk.create(path)
        self.syncInterval = syncInterval
        chain = buffer.append(snapshotHeader: header)
    }

    /// Appends a pair, or a key that is removed; `flushIfLarge` writes it.
    /// - Parameter isPlain: whether key and value are known to stand in JSON as they are.
    package mutating func append(_ change: borrowing Change, isPlain: Bool = false) {
        count &+= 1
        chain = buffer.append(pairLine: change, isPlain: isPlain, chain: chain)
    }

    /// Appends a pair by what stands before the checksum in a plain line of it.
    mutating func append(plainBody: Span<UInt8>) {
        count &+= 1
        chain = buffer.append(pairBody: plainBody, chain: chain)
    }

    /// Writes what was appended, once it is worth a write.
    package mutating func flushIfLarge() throws(StoreError) {
        if buffer.count >= PairWriter.bufferSize { try flush() }
    }

    /// Writes the last line.
    package mutating func end() throws(StoreError) {
        buffer.append(snapshotEnd: count, chain: chain)
        try flush()
    }

    /// Makes everything durable but the file's name.
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
