// The files of one data set, and their names.
//
//     puffin.json                                  the snapshot
//     puffin.json.log/00000000000000000001.jsonl   segments, named by the number of their first record
//     puffin.json.log/LOCK                         held by the running server

import SystemPackage

/// Where a data set keeps its files.
package struct LogFolder: Sendable {
    package let snapshot: FilePath
    package let folder: FilePath

    /// - Parameter data: the path that names the data set: its snapshot's.
    package init(data: FilePath) {
        snapshot = data
        folder = FilePath(data.string + ".log")
    }

    var lock: FilePath { folder.appending("LOCK") }

    func segment(firstSeq: UInt64) -> FilePath {
        let digits = String(firstSeq)
        return folder.appending(String(repeating: "0", count: 20 - digits.count) + digits + ".jsonl")
    }

    /// The first numbers of the segments that are there, in order, and the files that are none of ours.
    func contents(on disk: any Disk) throws(StoreError) -> (segments: [UInt64], unknown: [String]) {
        var segments: [UInt64] = []
        var unknown: [String] = []
        for name in try disk.names(in: folder) {
            if let seq = UInt64(name.prefix(20)), segment(firstSeq: seq).lastComponent?.string == name {
                segments.append(seq)
            } else if name != "LOCK" && !name.contains(".jsonl.torn-") {
                unknown.append(name)
            }
        }
        return (segments.sorted(), unknown.sorted())
    }
}
