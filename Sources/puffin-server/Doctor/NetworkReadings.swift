// The network, read for the doctor: ports, who may log in, the certificate, followers.

import BlockingClient
import Bytes
import Doctor
import OpenSSL
import Reactor
import Server
import Store

extension Examination {
    // MARK: Ports

    /// The addresses that the server would listen on, with their purposes.
    private var places: [(purpose: String, flag: String, host: String, port: UInt16)] {
        let http = configuration.http
        let clients = configuration.hosts.map { ("clients", "--port", $0, configuration.port) }
        return clients + (http.isEnabled ? [("HTTP", "--http-port", http.host, http.port)] : [])
    }

    /// Each address, free or taken. Port 0 is any free one.
    func ports(_ holder: Int?) -> [Finding] {
        var findings: [Finding] = []
        for place in places where place.port != 0 {
            do throws(ReactorError) {
                for address in try Address.resolve(host: place.host, port: place.port) {
                    findings.append(port(address, place.purpose, place.flag, holder))
                }
            } catch {
                findings.append(
                    PortReading(
                        purpose: place.purpose, flag: place.flag, address: place.host, problem: error.reason,
                        isTaken: false,
                        owner: nil, holder: holder
                    ).finding)
            }
        }
        return findings
    }

    private func port(_ address: Address, _ purpose: String, _ flag: String, _ holder: Int?) -> Finding {
        var problem: ReactorError?
        do throws(ReactorError) {
            try PortTrial.bind(address)
        } catch {
            problem = error
        }
        let isTaken = problem?.isAddressInUse ?? false
        return PortReading(
            purpose: purpose, flag: flag, address: "\(address)", problem: problem?.reason, isTaken: isTaken,
            owner: isTaken ? owner(of: address.port, holder) : nil, holder: holder
        ).finding
    }

    /// The process that listens on a port. The system says it of this user's processes, and to root of all.
    private func owner(of port: UInt16, _ holder: Int?) -> (process: Int, program: String?)? {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"].compactMap { SystemText.read($0) }
        let links = Set(tables.flatMap { PortReading.listeners(on: port, in: $0) }.map { "socket:[\($0)]" })
        guard !links.isEmpty else { return nil }
        let processes = ((try? disk.names(in: "/proc")) ?? []).compactMap { Int($0) }
        for process in [holder].compactMap({ $0 }) + processes {
            let folder = "/proc/\(process)/fd"
            let descriptors = (try? disk.names(in: .init(folder))) ?? []
            if descriptors.contains(where: { SystemText.link("\(folder)/\($0)").map(links.contains) ?? false }) {
                return (process, program(process))
            }
        }
        return nil
    }

    // MARK: Access

    /// Who may log in, and from where.
    func access(_ role: RoleReading, _ content: ContentReading) -> AccessReading {
        let addresses = places.flatMap { place in (try? Address.resolve(host: place.host, port: place.port)) ?? [] }
        let (auth, tls) = (configuration.auth, configuration.tls)
        var reading = AccessReading()
        reading.exposed = addresses.first { !$0.isLocal }.map { "\($0)" }
        reading.mode =
            switch auth.mode {
            case .auto: .auto
            case .open: .open
            case .required: .required
            }
        reading.hasPassword = auth.password != nil
        reading.trustsCertificates = tls.requiresCertificates
        reading.allowsPlain = tls.effectiveMode == .off || tls.effectiveMode == .optional
        (reading.hasFollowers, reading.hasSecret) = (
            !role.followers.isEmpty, !configuration.replication.secrets.isEmpty
        )
        // Reading them takes longer than everything else.
        let matters = reading.exposed != nil || auth.mode == .required || reading.hasFollowers
        if matters, !reading.hasPassword, !reading.trustsCertificates { reading.hasUsers = content.hasUsers }
        return reading
    }

    // MARK: TLS

    /// The server's certificate; nil if there is none.
    func certificate() -> CertificateReading? {
        let tls = configuration.tls
        guard let file = tls.certificateFile else {
            guard tls.keyFile != nil else { return nil }
            return unusable("tls.key_file", "tls.cert_file and tls.key_file must be set together")
        }
        guard tls.effectiveMode != .off else { return nil }
        guard tls.keyFile != nil else { return unusable(file, "tls.cert_file and tls.key_file must be set together") }
        do throws(TLSError) {
            let context = try TLSContext.server(
                try tls.identity(), clientCertificates: tls.clientCertificates == .off ? .off : .optional,
                authorities: try pem(tls.clientCAFile), revocations: try pem(tls.revocationFile))
            return CertificateReading(
                file: file, problem: nil, notAfter: context.certificate?.notAfter ?? .max,
                warnings: context.warnings.map { "\($0)" }, now: Int(WallClock.milliseconds / 1000))
        } catch {
            return unusable(file, "\(error)")
        }
    }

    private func unusable(_ file: String, _ problem: String) -> CertificateReading {
        CertificateReading(file: file, problem: problem, notAfter: 0, warnings: [], now: 0)
    }

    private func pem(_ path: String?) throws(TLSError) -> PEMFile? {
        guard let path else { return nil }
        return try PEMFile(path: path)
    }

    // MARK: Followers

    /// How long a follower may take to answer.
    private static let patience = Duration.seconds(2)

    /// Asks each follower of a leader for a PONG.
    func followers(_ role: RoleReading) -> [Finding] {
        role.isFollower ? [] : role.followers.map { follower($0).finding }
    }

    private func follower(_ endpoint: Endpoint) -> FollowerReading {
        let address = "\(endpoint)"
        let security: BlockingSecurity?
        do throws(TLSError) {
            security = try linkSecurity()
        } catch {
            return FollowerReading(address: address, problem: "\(error)", isReached: true)
        }
        do throws(ClientError) {
            var connection = try Connection(to: endpoint, timeLimit: Examination.patience, security: security)
            // An error reply, such as that a login is needed, is an answer too.
            _ = try connection.execute([Array("PING".utf8)])
            return FollowerReading(address: address, problem: nil, isReached: true)
        } catch .cannotConnect(_, let reason) {
            return FollowerReading(address: address, problem: reason, isReached: false)
        } catch {
            return FollowerReading(address: address, problem: "\(error)", isReached: true)
        }
    }

    /// The TLS with which a leader dials its followers; nil for plain connections.
    private func linkSecurity() throws(TLSError) -> BlockingSecurity? {
        let tls = configuration.tls
        guard tls.effectiveMode != .off, tls.dialsSecurely else { return nil }
        let authorities = try pem(tls.clientCAFile)
        return BlockingSecurity(
            try .client(
                trust: authorities.map { .authorities($0) } ?? .system, identity: try tls.identity(),
                protocols: ["puffin"]))
    }
}
