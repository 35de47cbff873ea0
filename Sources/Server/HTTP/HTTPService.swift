// The HTTP service: its port, its connections, what it serves to whom, and what it has answered.

import Bytes
import Logging
import Reactor
import Wire

/// A server's HTTP service. Used on the loop's thread.
final class HTTPService {
    private let listeners: Listeners
    private let settings: HTTPSettings
    private var connections: HTTPConnections?
    /// Whether only programs on this machine reach it.
    private let isLocal: Bool
    private let hosts: Set<String>
    /// The time for answers.
    var date = HTTPDate(seconds: 0)
    /// Answers since the start, by route, method and status: see `count`.
    private var answers: [Int: Int] = [:]

    /// The port that was bound.
    var port: UInt16 { listeners.port }

    var addresses: [Address] { listeners.addresses }

    /// The number of descriptors it may use.
    var descriptorCount: Int { listeners.descriptorCount + HTTPConnections.limit }

    /// Binds every address. Requests wait until `start`.
    /// - Throws: `ReactorError` if the name is unknown, or an address is in use or not permitted.
    init(_ loop: EventLoop, _ settings: HTTPSettings) throws(ReactorError) {
        listeners = try Listeners(loop, hosts: [settings.host], port: settings.port)
        self.settings = settings
        isLocal = listeners.addresses.allSatisfy(\.isLocal)
        hosts = Set((settings.hosts + [settings.host, "localhost"]).map { $0.lowercased() })
    }

    /// Begins to answer for a server, which must outlive this object.
    func start(_ server: Server) {
        let connections = HTTPConnections(server, settings)
        self.connections = connections
        listeners.start(log: server.log) { [unowned server] in
            server.accept(Stream(server.loop, $0), isHTTP: true)
        }
        let scheme = server.tls == nil ? "http" : "https"
        for address in listeners.addresses { server.log.info("Metrics on \(scheme)://\(address)/metrics") }
    }

    /// Logs what it serves. Once the data is loaded: only then it is known whether there are users.
    func announceParts(_ server: Server) {
        let parts = HTTPPart.allCases.filter(\.isThere)
        let off = parts.filter { !serves($0, server) }.map(\.rawValue)
        let on = parts.filter { serves($0, server) }.map(\.rawValue).joined(separator: ", ")
        guard !off.isEmpty else { return server.log.info("HTTP serves \(on)") }
        let reason =
            settings.serves.contains(.auto)
            ? "others than this machine reach the port and no login is needed" : "http.serve does not name them"
        server.log.info("HTTP serves \(on); not \(off.joined(separator: ", ")), because \(reason)")
    }

    /// Gives a connection a session; nil before the start.
    func admit(_ stream: Stream) -> Session? { connections?.admit(stream) }

    /// Upkeep, once a second.
    func tick(at now: Int) {
        connections?.tick(at: now)
        listeners.resume()
    }

    // MARK: Whom it serves

    /// Whether a part is served.
    func serves(_ part: HTTPPart, _ server: Server) -> Bool {
        if settings.serves.contains(part) { return true }
        guard settings.serves.contains(.auto) else { return false }
        return isLocal || part == .metrics || part == .health || server.authentication.isRequired
    }

    /// The refusal of a request for a part that is not served.
    func notServed(_ part: HTTPPart) -> HTTPRefusal {
        let reason =
            settings.serves.contains(.auto)
            ? "with http.serve at auto, that takes users, or a port that only this machine reaches"
            : "http.serve does not name it"
        return HTTPRefusal(.notServed, "This server does not serve \(part.rawValue): \(reason)")
    }

    /// Whether a name is one of this server's: an address, `localhost`, the host that it listens on, or one of
    /// `http.hosts`. A page that has made another name point here must not read what this server answers.
    func isOwn(host: String) -> Bool {
        let name = host.lowercased()
        if hosts.contains(name) { return true }
        let isAddress = name.contains(":") || name.utf8.allSatisfy { $0 < UInt8(ascii: "A") && $0 != UInt8(ascii: "-") }
        return isAddress && HostName.problem(name) == nil
    }

    /// Checks the origin of a page.
    /// - Returns: the origin if its pages may read the answer although it is foreign; nil if it is this server's.
    func admit(origin: Span<UInt8>, _ head: HTTPHead, on server: Server) throws(HTTPRefusal) -> String? {
        let text = String(origin)
        let name = text.lowercased()
        if settings.origins.contains(where: { $0.lowercased() == name }) { return text }
        let scheme = server.tls == nil ? "http://" : "https://"
        if let authority = head.authority, name == scheme + String(authority).lowercased() { return nil }
        throw HTTPRefusal(
            .foreignOrigin, "Pages of \"\(text)\" may not use this server; http.origins has those that may")
    }

    // MARK: What it has answered

    /// Counts an answer.
    func count(_ status: Int, _ form: HTTPForm) {
        answers[((form.route + 1) * HTTPMethod.allCases.count + form.method.rawValue) * 1000 + status, default: 0] += 1
    }

    /// The answers so far: the path as the API's description has it, empty for none that there is.
    var counts: [(route: String, method: String, status: Int, count: Int)] {
        let methods = HTTPMethod.allCases
        return answers.sorted { $0.key < $1.key }.map { key, count in
            let place = key / 1000 / methods.count - 1
            let route = place < 0 ? "" : HTTPRoutes.all[place].template
            return (route, methods[key / 1000 % methods.count].name, key % 1000, count)
        }
    }
}

extension ByteBuffer {
    /// Appends the fields that let pages of a foreign origin read an answer (https://fetch.spec.whatwg.org, section 3.2).
    mutating func append(allowing origin: String) {
        let value = Array(origin.utf8)
        append(field: "Access-Control-Allow-Origin", value.span)
        append("Vary: Origin\r\nAccess-Control-Expose-Headers: ETag, Puffin-Seq, Puffin-Expires, Puffin-Next\r\n")
    }
}
