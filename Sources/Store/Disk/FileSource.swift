// Connects LogFormat, which knows no disk, with the files of a disk.

import Bytes
import LogFormat

/// A file as a source for the readers of segments and snapshots.
package struct FileSource: ByteSource {
    package let file: any DiskFile

    package var path: String { file.path.string }
    package func size() throws(StoreError) -> Int { try file.size() }

    package func read(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(StoreError) -> Int {
        try file.read(size, at: offset, into: &buffer)
    }
}

extension StoreError: ReadFailure {
    package var damage: Damage? { if case .corruption(let damage) = self { damage } else { nil } }
    package var otherVersion: String? { if case .unknownVersion(_, let found) = self { found } else { nil } }
}

extension DiskFile {
    package var source: FileSource { FileSource(file: self) }
}

extension SegmentReader where Source == FileSource {
    package var file: any DiskFile { source.file }
}
