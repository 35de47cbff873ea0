// Whether the data is on a file system that keeps it.

/// The file systems of a data set.
package struct FileSystemReading: Sendable {
    /// That of the log's folder, or of the folder in which it will be; nil if the system does not say.
    package let log: Mount?
    /// That of the snapshot.
    package let snapshot: Mount?
    /// Whether a file system over a network, or in a program, is meant.
    package let allowsRemote: Bool

    package init(log: Mount?, snapshot: Mount?, allowsRemote: Bool) {
        (self.log, self.snapshot, self.allowsRemote) = (log, snapshot, allowsRemote)
    }

    /// What becomes of files.
    package enum Class: Equatable, Sendable {
        /// Kept, and written in place.
        case lasting
        /// Gone after a restart of the machine or the container.
        case volatile
        /// On another machine, whose caches and locks are its own.
        case network
        /// In a program (FUSE), which decides what a sync means.
        case program
        /// Never written in place.
        case copying
        /// Without a journal.
        case fragile
        case unknown
    }

    package static func classify(_ kind: String) -> Class {
        switch kind {
        case "ext3", "ext4", "xfs", "f2fs", "jfs": .lasting
        case "tmpfs", "ramfs", "devtmpfs", "overlay", "aufs", "rootfs": .volatile
        case "nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "afs", "lustre", "glusterfs", "virtiofs", "vboxsf", "beegfs":
            .network
        case "fuse", "fuseblk": .program
        case _ where kind.hasPrefix("fuse."): .program
        case "btrfs", "zfs", "bcachefs": .copying
        case "ext2", "vfat", "exfat", "msdos", "hfs", "hfsplus": .fragile
        default: .unknown
        }
    }

    package var finding: Finding {
        guard let log else {
            return Finding(
                "file system", warning: "the system does not say which file system has the log",
                advice: "see findmnt --target, and keep the data on ext4 or xfs")
        }
        let name = "\(log.kind), \(log.source) on \(log.place)"
        if log.options.contains("ro") {
            return Finding(
                "file system", failure: "\(name): mounted read-only",
                advice: "see the system's log for why, then mount it read-write")
        }
        if let finding = kindFinding(log, name) { return finding }
        if let option = log.options.first(where: FileSystemReading.dropsFlushes) {
            return Finding(
                "file system", warning: "\(name): mounted with \(option), so a sync does not empty the disk's cache",
                advice: "mount it without that option, unless the cache survives a power cut")
        }
        if let snapshot, snapshot.id != log.id {
            return Finding(
                "file system",
                warning:
                    "\(name); the snapshot is on another: \(snapshot.kind), \(snapshot.source) on \(snapshot.place)",
                advice: "keep both on one file system, so that one copy or one image has both")
        }
        return Finding("file system", ok: name)
    }

    private func kindFinding(_ log: Mount, _ name: String) -> Finding? {
        switch FileSystemReading.classify(log.kind) {
        case .lasting: return nil
        case .volatile:
            return Finding(
                "file system", failure: "\(name): what is written there is lost at a restart",
                advice: log.kind == "overlay" || log.kind == "aufs"
                    ? "mount a volume where the data is" : "name a data file on a disk with --data")
        case .network, .program:
            let text = "\(name): another machine or program decides what a sync and a lock mean there"
            let advice = "keep the data on a local disk, or on a block device of the network"
            return allowsRemote
                ? Finding("file system", warning: text, advice: advice)
                : Finding("file system", failure: text, advice: advice + "; --allow-remote-disk makes this a warning")
        case .copying:
            return Finding(
                "file system", warning: "\(name): it never writes in place, so filling the log ahead does not help",
                advice: "expect slower syncs than on ext4 or xfs")
        case .fragile:
            return Finding(
                "file system", warning: "\(name): it has no journal, so a crash can damage it",
                advice: "keep the data on ext4 or xfs")
        case .unknown:
            return Finding(
                "file system", warning: "\(name): a kind that Puffin was never tried on",
                advice: "keep the data on ext4 or xfs")
        }
    }

    /// Whether a mount option makes syncs leave data in the disk's cache.
    private static func dropsFlushes(_ option: String) -> Bool {
        ["barrier=0", "nobarrier", "fsync_mode=nobarrier"].contains(option)
    }
}
