// A server's TLS: its contexts, which follow the files, and the handshakes.

import Bytes
import Logging
import OpenSSL
import Reactor
import Synchronization

/// The TLS of a server that has a certificate. Used on the loop's thread; files are read on another one.
final class TLSService {
    private(set) var settings: TLSSettings
    private(set) var contexts: TLSContexts
    let handshakes: HandshakeThread
    private let log: Logger
    private let worker: any Worker
    private let loaded = Loaded()
    /// When the files are looked at next, and the certificate's age is, in seconds of uptime.
    private var nextLook = TLSService.interval
    private var warnedDays = Int.max
    /// The last error of a reload; nil while the newest files are in use.
    private(set) var failure: String?
    private(set) var counts = Counts()

    /// What has become of handshakes.
    struct Counts {
        var done = 0
        var resumed = 0
        var failed = 0
        /// Plain connections that were let in, and that were not.
        var plain = 0
        var plainRefused = 0
    }

    /// What another thread has loaded.
    private final class Loaded: Sendable {
        let result = Mutex<Result<TLSContexts?, TLSError>?>(nil)
    }

    /// How often the files are looked at, in seconds.
    private static let interval = 10
    /// How many days before its end a certificate is warned of.
    private static let warnings = [30, 7, 1]

    /// Loads the files.
    /// - Parameter time: in seconds since 1970.
    /// - Throws: `TLSError`.
    init(_ settings: TLSSettings, bell: Wakeup.Bell, time: Int, log: Logger) throws(TLSError) {
        self.settings = settings
        self.log = log
        guard let contexts = try TLSContexts.load(settings, unlike: nil) else {
            preconditionFailure("files that were never loaded have not changed")
        }
        self.contexts = contexts
        do throws(StartFailure) {
            handshakes = try HandshakeThread(bell: bell)
            worker = try Threads().start("certificates")
        } catch {
            throw TLSError(.refused, file: "", "the system has no thread left for TLS")
        }
        tell(at: time)
    }

    /// Takes other settings. The files are read on another thread; until then, and if they are wrong, the old contexts stay.
    func change(to fresh: TLSSettings) {
        guard settings.certificateFile != nil, fresh.certificateFile != nil else { return }
        settings = fresh
        load()
    }

    private func load() {
        worker.submit { [settings, contexts, loaded] in
            let result: Result<TLSContexts?, TLSError>
            do throws(TLSError) {
                result = .success(try TLSContexts.load(settings, unlike: contexts))
            } catch {
                result = .failure(error)
            }
            loaded.result.withLock { $0 = result }
        }
    }

    /// Upkeep, once a second.
    /// - Parameter time: in seconds since 1970.
    func tick(time: Int) {
        take(loaded.result.withLock { $0.take() }, at: time)
        nextLook -= 1
        guard nextLook <= 0 else { return }
        nextLook = TLSService.interval
        load()
        warn(at: time)
    }

    private func take(_ result: Result<TLSContexts?, TLSError>?, at time: Int) {
        switch result {
        case nil: break
        case .success(let fresh)?:
            failure = nil
            guard let fresh else { return }
            contexts = fresh
            warnedDays = .max
            tell(at: time)
        case .failure(let error)?:
            // A certificate that is written before its key is looked at again.
            if failure != "\(error)" {
                log.error("Certificates not reloaded, the old ones stay in use: \(error)")
            }
            failure = "\(error)"
        }
    }

    private func tell(at time: Int) {
        if let certificate = contexts.clients.certificate {
            let days = max(secondsLeft(at: time), 0) / 86_400
            let mode = settings.effectiveMode.rawValue
            log.info("TLS \(mode) with the certificate of \(certificate.subject), good for \(days) days")
        }
        for warning in contexts.clients.warnings { log.warning("\(warning)") }
    }

    /// Seconds until the certificate ends; negative once it has.
    func secondsLeft(at time: Int) -> Int { (contexts.clients.certificate?.notAfter ?? time) - time }

    private func warn(at time: Int) {
        let left = secondsLeft(at: time)
        guard let days = TLSService.warnings.last(where: { left < $0 * 86_400 }), days < warnedDays else { return }
        warnedDays = days
        let file = settings.certificateFile ?? ""
        log.warning(
            left < 0
                ? "\(file): the certificate has ended; clients refuse this server. Renew it"
                : "\(file): the certificate ends within \(days == 1 ? "a day" : "\(days) days"); renew it")
    }

    // MARK: Counts

    func noteDone(_ channel: Channel) {
        counts.done += 1
        if channel.isResumed { counts.resumed += 1 }
    }

    func noteFailed(_ failure: TLSFailure, from peer: Address) {
        counts.failed += 1
        log.warning("TLS handshake failed: \(failure)", metadata: ["address": "\(peer)"])
    }

    func notePlain(isRefused: Bool) {
        if isRefused { counts.plainRefused += 1 } else { counts.plain += 1 }
    }

    /// Ends the threads.
    func close() {
        handshakes.close()
        worker.finish()
    }
}

extension Server {
    /// How this server dials another; nil for a plain connection.
    func security(towards endpoint: Endpoint) -> TLSTarget? {
        guard let tls, tls.settings.dialsSecurely else { return nil }
        return TLSTarget(tls.contexts.links, host: endpoint.host)
    }
}
