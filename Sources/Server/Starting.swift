// The parts of a server that can refuse a start.

import Audit
import AuditDisk
import Bytes
import Logging
import OpenSSL
import Reactor
import Store
import SystemPackage

extension Server {
    /// - Parameter time: in seconds since 1970.
    /// - Returns: nil without a certificate.
    static func makeTLS(
        of configuration: Configuration, bell: Wakeup.Bell, time: Int, log: Logger
    ) throws(StartError) -> TLSService? {
        guard configuration.tls.effectiveMode != .off else { return nil }
        do throws(TLSError) {
            return try TLSService(configuration.tls, bell: bell, time: time, log: log)
        } catch {
            throw .tls(error)
        }
    }

    /// Warns or refuses where the settings leave the server open.
    static func makeAuthentication(
        of configuration: Configuration, addresses: [Address], bell: Wakeup.Bell, log: Logger
    ) throws(StartError) -> Authentication {
        let thread: PasswordThread
        do throws(StartFailure) {
            thread = try PasswordThread(bell: bell)
        } catch {
            throw .store(.noThread(errno: Errno(rawValue: error.errno)))
        }
        let trustsCertificates = configuration.tls.requiresCertificates
        let made = Authentication(
            configuration.auth, trustsCertificates: trustsCertificates, addresses: addresses, thread: thread, log: log)
        if let exposed = made.exposed, made.isOpenToAll {
            log.warning("Everyone who reaches \(exposed) can read and change everything, because auth.mode is open")
        }
        let links = configuration.replication
        if made.isRequired, made.lacksProof(links, hasFollowers: !links.followers.isEmpty) { throw .noSecret }
        return made
    }

    /// Descriptors needed beside those of clients and the HTTP service: log, lock, listeners, epoll, signals, the next segment.
    package static let ownDescriptorCount = 64

    /// The limits that the system allows.
    /// - Parameter others: descriptors needed beside those of clients and the data set.
    static func attainable(_ wanted: Limits, others: Int, log: Logger) -> Limits {
        // Newcomers use these if no others are left.
        let others = ownDescriptorCount + others
        let descriptors = Descriptors.raiseLimit(to: wanted.clientCount + others + Newcomers.descriptorCount)
        var limits = wanted
        if descriptors < wanted.clientCount + others {
            limits.clientCount = max(descriptors - others, 1)
            log.warning(
                "At most \(limits.clientCount) clients: the system allows \(descriptors) open files (ulimit -n)")
        }
        return limits
    }

    /// Opens the audit. The data set's lock guards its folder, so the store must have been opened.
    /// - Parameters:
    ///   - node: this server's address.
    ///   - now: Unix milliseconds.
    /// - Returns: nil where it is not enabled.
    static func makeAudit(
        of configuration: Configuration, node: String, on disk: any Disk, bell: Wakeup.Bell, at now: UInt64, log: Logger
    ) throws(StartError) -> AuditTrail? {
        let settings = configuration.audit
        guard settings.isEnabled else { return nil }
        guard settings.keyForm != .hashed || !settings.keySecret.isEmpty else { throw .noAuditSecret }
        let path = settings.folder.map { FilePath($0) } ?? DiskAuditFolder.path(for: configuration.data)
        var options = AuditOptions(node: node, history: "")
        (options.segmentSize, options.retainSize) = (settings.segmentSize, settings.retainSize)
        options.retainAge = settings.retainAge
        let worker: any Worker
        do throws(StartFailure) {
            worker = try Threads().start("audit")
        } catch {
            throw .store(.noThread(errno: Errno(rawValue: error.errno)))
        }
        do throws(AuditError) {
            let thread = try AuditThread(
                DiskAuditFolder(path, on: disk), options, isLenient: settings.onFailure == .continue, worker: worker,
                bell: bell, at: now, log: log)
            return AuditTrail(settings, thread)
        } catch {
            throw .audit(error)
        }
    }
}
