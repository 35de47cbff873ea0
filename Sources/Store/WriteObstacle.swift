import Bytes

/// Why a change may not be made now, though nothing has failed. It passes by itself once its cause does.
package enum WriteObstacle: Equatable, Sendable, CustomStringConvertible {
    /// Bytes that are free in the log's folder, and that it takes to go on.
    case diskFull(folder: String, available: Int, needed: Int)
    case displaced(path: String)
    /// The newest change's number is so large that the next ones could not be read back.
    case numbersUsedUp(seq: UInt64)

    package var description: String {
        switch self {
        case .diskFull(let folder, let available, let needed):
            "Disk full: \(folder) has \(available) bytes free, \(needed) are needed; free space there, or delete keys and "
                + "COMPACT; reads go on"
        case .displaced(let path):
            "Data folder gone: \(path) was moved or removed; put it back; reads go on"
        case .numbersUsedUp(let seq):
            "Change numbers used up: the newest change is \(seq), numbers end at \(Number.largest); export the pairs and import them "
                + "into a new data set; reads go on"
        }
    }
}
