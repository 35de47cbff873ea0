// Whether the server may use the data's folder, and whether others may not.

/// The folder of the log, or the one in which it will be.
package struct FolderReading: Sendable {
    package let path: String
    /// Whether it is the log's own folder.
    package let isLog: Bool
    package let owner: UInt32
    /// The permission bits.
    package let mode: UInt32
    /// Who runs the doctor.
    package let user: UInt32
    /// Whether that user can make files there.
    package let isWritable: Bool

    package init(path: String, isLog: Bool, owner: UInt32, mode: UInt32, user: UInt32, isWritable: Bool) {
        (self.path, self.isLog, self.owner, self.mode) = (path, isLog, owner, mode)
        (self.user, self.isWritable) = (user, isWritable)
    }

    package var finding: Finding {
        let text = "\(path) belongs to uid \(owner) with mode \(String(mode, radix: 8))"
        guard isWritable else {
            return Finding(
                "folder", failure: "\(text): uid \(user) cannot make files there",
                advice: "run the server as uid \(owner), or give uid \(user) that folder (chown)")
        }
        if isLog && mode & 0o077 != 0 {
            return Finding(
                "folder", warning: "\(text): other users can read the data, or change it",
                advice: "chmod 700 \(path)")
        }
        if !isLog && mode & 0o022 != 0 && mode & 0o1000 == 0 {
            return Finding(
                "folder", warning: "\(text): other users can put another data set in its place",
                advice: "chmod go-w \(path)")
        }
        if user != owner && user == 0 {
            return Finding(
                "folder", ok: "\(text); a server that root starts would make files that uid \(owner) cannot read")
        }
        return Finding("folder", ok: text)
    }
}
