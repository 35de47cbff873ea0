// Files of the host's: in a browser those that were dropped on a page, read piece by piece.

import Bytes
import LogFormat
import WasmShims

/// Why a file cannot be used.
enum HostFailure: ReadFailure {
    case corruption(Damage)
    case unknownVersion(path: String, found: String)
    /// The host could not read it.
    case unreadable(path: String)

    var damage: Damage? { if case .corruption(let damage) = self { damage } else { nil } }
    var otherVersion: String? { if case .unknownVersion(_, let found) = self { found } else { nil } }

    /// One line for a person.
    var message: String {
        switch self {
        case .corruption(let damage):
            "\(damage.path), line \(damage.line), byte \(damage.offset): expected \(damage.expected), found \(damage.found)"
        case .unknownVersion(let path, let found): "\(path) is of another version: \(found)"
        case .unreadable(let path): "\(path) cannot be read: it was moved, removed or changed since it was opened"
        }
    }
}

/// One file, which the host knows by a number.
struct HostFile: ByteSource {
    let path: String
    let number: Int32
    /// In bytes.
    let fileSize: Int

    func size() throws(HostFailure) -> Int { fileSize }

    func read(_ size: Int, at offset: Int, into buffer: inout ByteBuffer) throws(HostFailure) -> Int {
        let size = min(size, fileSize - offset)
        guard size > 0 else { return 0 }
        var count = 0
        unsafe buffer.append(upTo: size) { room in
            count = unsafe Int(host_read(number, UInt32(offset), room.baseAddress, UInt32(size)))
            return max(count, 0)
        }
        guard count >= 0 else { throw .unreadable(path: path) }
        return count
    }
}
