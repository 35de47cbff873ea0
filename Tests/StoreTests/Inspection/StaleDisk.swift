// A disk whose first read of one file is not atomic: its middle is as before the last writes, line feeds, and is
// followed by what they have written.

import Bytes
import Store
import Synchronization
import SystemPackage
import TestSupport

/// The disk of this machine, with one stale read.
final class StaleDisk: ForwardingDisk {
    let base = LocalDisk()
    private let segment: String
    private let random: Mutex<SeededRandom>
    private let stale = Mutex(false)

    /// - Parameter segment: the name of the file.
    init(segment: String, seed: UInt64) {
        self.segment = segment
        random = Mutex(SeededRandom(seed: seed))
    }

    var wasStale: Bool { stale.withLock { $0 } }

    func pass(_ operation: DiskOperation, _ path: FilePath) throws(StoreError) {}

    func wrap(_ file: any DiskFile) -> any DiskFile {
        file.path.lastComponent?.string == segment ? StaleFile(file, self) : file
    }

    /// A copy of what was read, with a part of it as it was before; only once.
    fileprivate func aged(_ bytes: [UInt8]) -> [UInt8] {
        let isFirst = stale.withLock { stale in
            defer { stale = true }
            return !stale
        }
        let lines = bytes.split(separator: 0x0a)
        guard isFirst, lines.count > 3 else { return bytes }
        return random.withLock { random in
            var bytes = bytes
            let start = lines[1].startIndex + random.below(lines[lines.count - 2].startIndex - lines[1].startIndex)
            let end = start + 1 + random.below(bytes.count - start - 1)
            for index in start..<end { bytes[index] = 0x0a }
            return bytes
        }
    }
}

private final class StaleFile: ForwardingFile {
    let base: any DiskFile
    let disk: StaleDisk

    init(_ base: any DiskFile, _ disk: StaleDisk) {
        self.base = base
        self.disk = disk
    }

    func attemptRead(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(StoreError) -> Int {
        var read = ByteBuffer()
        let count = try base.attemptRead(size, at: offset, into: &read)
        let bytes = offset == 0 ? disk.aged(Array(read.bytes)) : Array(read.bytes)
        buffer.append(bytes.span)
        return count
    }
}
