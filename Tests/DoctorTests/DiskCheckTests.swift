import Doctor
import Testing

/// That a finding warns or fails is said with what to do.
func expectAdvice(_ finding: Finding, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect((finding.verdict == .ok) == finding.advice.isEmpty, "\(finding)", sourceLocation: sourceLocation)
}

@Suite("doctor: the disk")
struct DiskCheckTests {
    private func sync(_ microseconds: UInt64, slowest: UInt64? = nil) -> Finding {
        var times = [UInt64](repeating: microseconds * 1000, count: 200)
        if let slowest { times.replaceSubrange(0..<5, with: repeatElement(slowest * 1000, count: 5)) }
        return SyncReading(appended: SyncTimes(times), filled: SyncTimes(times)).finding
    }

    @Test(
        "a median beyond 10 ms warns, beyond 100 ms fails, below 20 µs is not believed",
        arguments: [
            (19, Verdict.warning), (20, .ok), (500, .ok), (10_000, .ok), (10_001, .warning), (100_000, .warning),
            (100_001, .failure),
        ] as [(UInt64, Verdict)])
    func syncs(microseconds: UInt64, verdict: Verdict) {
        let finding = sync(microseconds)
        #expect(finding.verdict == verdict)
        expectAdvice(finding)
    }

    @Test("the report of syncs has both quantiles and the rate of one client")
    func figures() {
        let finding = sync(500, slowest: 3000)
        #expect(finding.text.hasPrefix("200 synced writes of 4 KiB: p50 500 µs, p99 3.00 ms; appended: p50 500 µs"))
        #expect(finding.text.hasSuffix("about 2,000 durable changes/s for one client"))
        #expect(finding.figures.contains(Finding.Figure("changes_per_second", 2000)))
        #expect(finding.figures.contains(Finding.Figure("filled_p99_us", 3000)))
        #expect(sync(500, slowest: 200_000).verdict == .warning)
        #expect(sync(1).advice.contains("may lie"))
        let none = SyncReading(appended: SyncTimes([]), filled: SyncTimes([]))
        #expect(none.filled.p99 == 0)
    }

    private let line = "36 35 98:0 /sub /mnt/with\\040blank rw,noatime master:1 - ext4 /dev/vdb rw,errors=remount-ro"

    @Test("a line of mountinfo is parsed, whatever optional fields it has")
    func mounts() throws {
        let mount = try #require(Mount(line: line[...]))
        #expect((mount.id, mount.place, mount.kind, mount.source) == (36, "/mnt/with blank", "ext4", "/dev/vdb"))
        #expect(mount.options == ["rw", "noatime", "rw", "errors=remount-ro"])
        let text = "1 1 0:1 / / ro - rootfs none rw\nbroken - line\n\(line)\n"
        #expect(Mount.find(id: 36, in: text) == mount)
        #expect(Mount.find(id: 1, in: text)?.kind == "rootfs")
        #expect(Mount.find(id: 2, in: text) == nil)
        #expect(Mount.id(fdinfo: "pos:\t0\nflags:\t0100000\nmnt_id:\t36\nino:\t2\n") == 36)
        #expect(Mount.id(fdinfo: "pos:\t0\n") == nil)
    }

    private func fileSystem(_ kind: String, _ options: String = "rw", remote: Bool = false) -> Finding {
        let mount = Mount(line: "36 35 98:0 / /mnt \(options) - \(kind) source rw")
        return FileSystemReading(log: mount, snapshot: mount, allowsRemote: remote).finding
    }

    @Test(
        "each kind of file system has its verdict",
        arguments: [
            ("ext4", Verdict.ok), ("xfs", .ok), ("tmpfs", .failure), ("ramfs", .failure), ("overlay", .failure),
            ("nfs4", .failure), ("cifs", .failure), ("9p", .failure), ("fuse.sshfs", .failure), ("fuseblk", .failure),
            ("btrfs", .warning), ("zfs", .warning), ("vfat", .warning), ("somefs", .warning),
        ])
    func kinds(kind: String, verdict: Verdict) {
        let finding = fileSystem(kind)
        #expect(finding.verdict == verdict, "\(kind)")
        #expect(finding.text.hasPrefix("\(kind), source on /mnt"))
        expectAdvice(finding)
    }

    @Test("what is volatile is lost, and a remote disk can be allowed")
    func allowed() {
        #expect(fileSystem("tmpfs").text.hasSuffix("is lost at a restart"))
        #expect(fileSystem("overlay").advice.contains("volume"))
        #expect(fileSystem("nfs", remote: true).verdict == .warning)
        #expect(fileSystem("tmpfs", remote: true).verdict == .failure)
    }

    @Test("options that lose data, a second file system, and one that is not known")
    func options() throws {
        #expect(fileSystem("ext4", "ro,relatime").text.contains("read-only"))
        #expect(fileSystem("ext4", "ro").verdict == .failure)
        for option in ["barrier=0", "nobarrier"] {
            #expect(fileSystem("ext4", "rw,\(option)").text.contains(option))
            #expect(fileSystem("ext4", "rw,\(option)").verdict == .warning)
        }
        // What a file system does on errors is no mount that is read-only.
        #expect(fileSystem("ext4", "rw,errors=remount-ro").verdict == .ok)
        let (one, other) = (Mount(line: line[...]), Mount(line: "37 35 98:1 / /log rw - xfs /dev/vdc rw"))
        let apart = FileSystemReading(log: one, snapshot: other, allowsRemote: false).finding
        #expect(apart.verdict == .warning && apart.text.contains("the snapshot is on another: xfs, /dev/vdc on /log"))
        #expect(FileSystemReading(log: nil, snapshot: nil, allowsRemote: false).finding.verdict == .warning)
    }

    private func space(available: Int, files: Int = .max, held: Bool = false) -> Finding {
        SpaceReading(
            available: available << 20, total: 1 << 30, files: files, used: 5 << 20, segment: 64 << 20,
            reserve: held ? 0 : 8 << 20, nextSnapshot: 4 << 20
        ).finding
    }

    @Test("space for two segments, the reserve and a snapshot is enough; where changes would be refused it fails")
    func spaces() {
        #expect(space(available: 140).verdict == .ok)
        #expect(space(available: 139).verdict == .warning)
        #expect(space(available: 139).text.contains("needed are 140.0 MiB"))
        #expect(space(available: 12).verdict == .warning)
        #expect(space(available: 11).verdict == .failure)
        #expect(space(available: 11, held: true).verdict == .warning)
        #expect(space(available: 500, files: 999).verdict == .warning)
        #expect(space(available: 500, files: 9).verdict == .failure)
        #expect(space(available: 500, files: 9).text.contains("inodes"))
    }

    private func folder(
        _ mode: UInt32, isLog: Bool = true, user: UInt32 = 7, isWritable: Bool = true
    ) -> Finding {
        FolderReading(path: "p.log", isLog: isLog, owner: 7, mode: mode, user: user, isWritable: isWritable).finding
    }

    @Test("a folder is the server's alone")
    func folders() {
        #expect(folder(0o700).verdict == .ok)
        #expect(folder(0o750).verdict == .warning)
        #expect(folder(0o750).advice == "chmod 700 p.log")
        #expect(folder(0o755, isLog: false).verdict == .ok)
        #expect(folder(0o777, isLog: false).verdict == .warning)
        #expect(folder(0o1777, isLog: false).verdict == .ok)
        let refused = folder(0o700, user: 8, isWritable: false)
        #expect(refused.verdict == .failure)
        #expect(refused.text == "p.log belongs to uid 7 with mode 700: uid 8 cannot make files there")
        #expect(folder(0o700, user: 0).text.contains("uid 7 cannot read"))
    }
}
