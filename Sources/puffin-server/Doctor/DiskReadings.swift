// The disk of the data set, read for the doctor: its kind, its folder, how fast it syncs, and its space.

import ArgumentParser
import Doctor
import Glibc
import Reactor
import Store
import SystemPackage

extension Examination {
    /// The log's folder; before the first start, the folder in which it will be.
    private var folder: (path: FilePath, isLog: Bool) {
        let isLog = (try? files.folder.stat())?.type == .directory
        return isLog ? (files.folder, true) : (files.snapshot.folder, false)
    }

    /// What the disk is, and what was measured on it.
    /// - Throws: `ExitCode` if a signal ends it.
    func disk(_ content: ContentReading) throws -> [Finding] {
        let (path, isLog) = folder
        guard let status = try? path.stat(), status.type == .directory else {
            return [
                Finding(
                    "folder", failure: "\(path) is no folder, so no data set can be made there",
                    advice: "create it first (mkdir), or name another data file with --data")
            ]
        }
        let log = mount(of: path)
        let kind = FileSystemReading(
            log: log, snapshot: mount(of: files.snapshot.folder), allowsRemote: allowsRemoteDisk)
        var findings = [kind.finding]
        let times = SyncTrial(in: path, on: disk).times()
        if SyncTrial.isInterrupted { throw ExitCode(130) }
        var isWritable = true
        switch times {
        case .success(let reading): findings.append(reading.finding)
        // The space is too little then, which has a check of its own.
        case .failure(let error) where error.isDiskFull: break
        case .failure(.disk(_, _, .fileTooLarge)): break
        case .failure(.notWritable): isWritable = log?.options.contains("ro") ?? false
        case .failure(let error):
            findings.append(
                Finding("sync", failure: "\(error)", advice: "see what is wrong with the disk before a server uses it"))
        }
        findings.append(
            FolderReading(
                path: path.string, isLog: isLog, owner: status.userID.rawValue, mode: status.permissions.rawValue,
                user: geteuid(), isWritable: isWritable
            ).finding)
        return findings + [space(at: path, content)].compactMap { $0 }
    }

    private func space(at path: FilePath, _ content: ContentReading) -> Finding? {
        guard let space = try? disk.space(at: path) else { return nil }
        let layout: LogLayout
        do throws(StoreError) {
            layout = try configuration.store.layout.fitted(to: space)
        } catch {
            return Finding("space", failure: "\(error)", advice: "raise the limit on file sizes (ulimit -f)")
        }
        let held = (try? disk.status(of: files.reserve))?.size ?? 0
        return SpaceReading(
            available: space.available, total: space.total, files: space.files, used: content.size,
            segment: layout.segmentSize, reserve: max(layout.reserve - held, 0),
            nextSnapshot: content.snapshotSize + content.unmergedSize
        ).finding
    }

    private func mount(of folder: FilePath) -> Mount? {
        // O_PATH, which Glibc's module lacks: the folder may be one that this user cannot list.
        let path = FileDescriptor.OpenOptions(rawValue: 0o10_000_000)
        guard let descriptor = try? FileDescriptor.open(folder, .readOnly, options: [.closeOnExec, path]) else {
            return nil
        }
        defer { try? descriptor.close() }
        let text = SystemText.read("/proc/self/fdinfo/\(descriptor.rawValue)")
        guard let id = text.flatMap({ Mount.id(fdinfo: $0) }) else { return nil }
        return SystemText.read("/proc/self/mountinfo").flatMap { Mount.find(id: id, in: $0) }
    }

    /// What was set aside beside the data and in the log's folder.
    func aside() -> AsideReading {
        let base = files.snapshot.lastComponent?.string ?? ""
        let beside = names(in: files.snapshot.folder).filter { $0.lastComponent?.string.hasPrefix(base + ".") == true }
        let found = (beside + names(in: files.folder)).filter { path in
            AsideFile.reason(path.lastComponent?.string ?? "") != nil
        }
        return AsideReading(
            found.sorted { $0.string < $1.string }.map { path in
                AsideFile(path: path.string, size: (try? disk.status(of: path))?.size ?? 0)
            })
    }

    private func names(in folder: FilePath) -> [FilePath] {
        ((try? disk.names(in: folder)) ?? []).map { name in folder == "." ? FilePath(name) : folder.appending(name) }
    }
}
