// An examination: readings of the machine, in the order in which their findings are printed.

import Bytes
import Doctor
import Inspection
import Program
import Reactor
import Server
import ServerConfiguration
import Settings
import Store
import SystemPackage

/// What is examined.
struct Examination {
    let configuration: Configuration
    /// Where the settings come from, for people.
    let source: String
    /// Whether every line of the files is read.
    let isDeep: Bool
    let allowsRemoteDisk: Bool
    let disk = LocalDisk()
    let files: DataFiles

    init(_ configuration: Configuration, source: String, isDeep: Bool, allowsRemoteDisk: Bool) {
        (self.configuration, self.source) = (configuration, source)
        (self.isDeep, self.allowsRemoteDisk) = (isDeep, allowsRemoteDisk)
        files = DataFiles(data: configuration.data)
    }

    /// Reads everything.
    /// - Throws: `ExitCode` if a signal ends it.
    func run() throws -> [Finding] {
        let holder = holder()
        let role = RoleReading(files, on: disk, configuration)
        let content = ContentReading(files, on: disk, isDeep: isDeep)
        var findings = [
            VersionReading(
                program: puffinVersion, libevent: LibraryVersion.libevent,
                kernel: SystemText.read("/proc/sys/kernel/osrelease").map { String($0.prefix { $0 != "\n" }) }
            ).finding
        ]
        findings += settings(role).findings
        findings += try disk(content)
        findings += [holder.finding, content.finding(isInUse: holder.process != nil), aside().finding]
        findings += process(holder.process, content)
        findings.append(clock(content))
        findings += ports(holder.process)
        findings.append(access(role, content).finding)
        if let certificate = certificate() { findings.append(certificate.finding) }
        findings += followers(role)
        return findings
    }

    // MARK: Settings

    private func settings(_ role: RoleReading) -> SettingsReading {
        var reading = SettingsReading()
        reading.source = source
        reading.durability = configuration.store.durability.rawValue
        (reading.followers, reading.isFollower) = (role.followers.count, role.isFollower)
        reading.timeout = configuration.replication.ackTimeout
        switch configuration.replication.acks {
        case .local: reading.acknowledgements = 0
        case .followers(let count): reading.acknowledgements = count
        case .all: reading.acknowledgements = nil
        }
        if let problem = role.problem { reading.refusals.append(problem) }
        let audit = configuration.audit
        if audit.isEnabled, audit.keyForm == .hashed, audit.keySecret.isEmpty {
            reading.refusals.append("\(StartError.noAuditSecret)")
        }
        return reading
    }

    // MARK: The clock

    private func clock(_ content: ContentReading) -> Finding {
        let state = ClockState.now
        return ClockReading(
            isSynchronised: state?.isSynchronised, error: state?.largestError, now: WallClock.milliseconds,
            newest: content.newestTime
        ).finding
    }
}

extension Settings {
    /// Where the values come from, for people.
    var source: String {
        file.map { "\($0), \(counted(countFromFile, "setting"))" }
            ?? "no configuration file; flags, environment and defaults"
    }
}

/// A server's part in replication, as it would start.
struct RoleReading {
    let isFollower: Bool
    let followers: [Endpoint]
    /// Why the role is not known.
    let problem: String?

    init(_ files: DataFiles, on disk: LocalDisk, _ configuration: Configuration) {
        var (isFollower, followers) = (configuration.replication.isFollower, configuration.replication.followers)
        var problem: String?
        do throws(StoreError) {
            if let note = try RoleFile(files, on: disk, in: Threads()).read() {
                isFollower = note.isFollower
                // Commands have added these to the settings' followers, or have made one of those the leader.
                let leader = note.leader.flatMap { try? Endpoint(parsing: $0) }
                followers += note.followers.compactMap { try? Endpoint(parsing: $0) }.filter { !followers.contains($0) }
                followers.removeAll { $0 == leader }
            }
        } catch {
            // What cannot be opened is reported with the files.
            if case .damagedRole = error { problem = "\(error)" }
        }
        (self.isFollower, self.followers, self.problem) = (isFollower, followers, problem)
    }
}
