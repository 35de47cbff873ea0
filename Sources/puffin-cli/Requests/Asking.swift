// Single small requests go through the client library, as any program would send them. The library's time limit covers
// a whole request, and a large value on a slow line is not silence; so requests that may be large use a `ServerLink`,
// as do streams and requests that must share a connection.

import ArgumentParser
import BlockingClient
import Commands
import PuffinClient
import Shell
import Wire

extension ServerOptions {
    /// Sends requests together, in order, and waits for their replies. If the first is answered and later ones are not,
    /// those count as `null`: what is done is done.
    /// - Parameter extra: how much longer than usual the server may take.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func ask(_ requests: [[[UInt8]]], allowing extra: Duration = .zero) async throws -> [Reply] {
        let isSmall = requests.allSatisfy { request in
            guard let spec = Catalog.find(request) else { return false }
            return spec.hasShortReply(to: request) && spec.isShareable && request.reduce(0) { $0 + $1.count } < 1 << 20
        }
        return isSmall ? try await askLibrary(requests, extra) : try askLink(requests, extra)
    }

    private func askLibrary(_ requests: [[[UInt8]]], _ extra: Duration) async throws -> [Reply] {
        let endpoint = try endpoint()
        var options = Client.Options()
        options.poolSize = 1
        options.connectTimeout = limit
        options.requestTimeout = limit + extra
        options.readsYourWrites = false
        options.credentials = try login.libraryCredentials()
        options.security = try security.librarySecurity()
        let client = Client(ServerAddress(host: endpoint.host, port: endpoint.port), options: options)
        defer { client.close() }
        var batch = Batch()
        for request in requests { batch.execute(request) }
        do throws(PuffinError) {
            let results = try await client.pipeline(batch)
            return try [Reply(results[0])] + results.dropFirst().map { (try? Reply($0)) ?? .null }
        } catch {
            throw failed(error.advice)
        }
    }

    private func askLink(_ requests: [[[UInt8]]], _ extra: Duration) throws -> [Reply] {
        let link = try connect(allowing: extra)
        return try orExit { () throws(ClientError) in
            for request in requests { link.put(request) }
            try link.flush()
            return try [link.receive()] + requests.dropFirst().map { _ in (try? link.receive()) ?? .null }
        }
    }

    /// Sends one request.
    /// - Returns: its reply, which is not an error.
    /// - Throws: an `ExitCode`, after the reason has been printed.
    func ask(_ words: String...) async throws -> Reply {
        let request = words.map { Array($0.utf8) }
        let reply = try await ask([request])[0]
        guard case .error = reply else { return reply }
        throw serverError(Outcome(reply, spec: nil, arguments: request).errorText ?? "")
    }
}

extension PuffinError {
    /// One line, with what to do about it.
    fileprivate var advice: String {
        if case .cannotConnect(_, let reason) = self {
            return "\(self)" + ClientError.connectingAdvice(for: reason)
        }
        return "\(self)"
    }
}

extension Reply {
    /// A request's reply; an error reply of the server is a reply here.
    /// - Throws: why there is none.
    fileprivate init(_ result: Result<RESPValue, PuffinError>) throws(PuffinError) {
        do throws(PuffinError) {
            self.init(try result.get())
        } catch .server(let code, let message) {
            self = .error(code: code, message: message)
        } catch .readOnly(_, _, let message) {
            self = .error(code: ErrorCode.readOnly.rawValue, message: message)
        } catch .unacknowledged(let message) {
            self = .error(code: ErrorCode.unacknowledged.rawValue, message: message)
        } catch .outcomeUnknown(_, .server(let code, let message)) {
            self = .error(code: code, message: message)
        }
    }

    private init(_ value: RESPValue) {
        self =
            switch value {
            case .status(let text): .simple(text)
            case .error(let code, let message): .error(code: code, message: message)
            case .integer(let number): .integer(number)
            case .bytes(let bytes): .bulk(bytes)
            case .null: .null
            case .array(let items): .array(items.map { Reply($0) })
            case .map(let entries): .map(entries.map { Entry(key: Reply($0.key), value: Reply($0.value)) })
            case .boolean(let isTrue): .boolean(isTrue)
            case .double(let number): .double(number)
            case .bigNumber(let digits): .bigNumber(digits)
            case .set(let items): .set(items.map { Reply($0) })
            }
    }
}
