// How a tool gets TLS.

import Bytes
import OpenSSL

/// The TLS of a tool's connections.
package struct BlockingSecurity: Sendable {
    package let context: TLSContext
    /// What a server's certificate must be for; nil for the host that is dialed.
    package let serverName: String?

    package init(_ context: TLSContext, serverName: String? = nil) {
        self.context = context
        self.serverName = serverName
    }

    /// Reads the files that a command line names.
    /// - Parameters:
    ///   - authorityFile: whose certificates are accepted; nil for the authorities of the operating system.
    ///   - certificateFile: the tool's own certificate; with `keyFile`.
    ///   - isVerified: whether the server's certificate is checked.
    /// - Throws: `TLSError`, which names the file.
    package init(
        authorityFile: String?, certificateFile: String?, keyFile: String?, isVerified: Bool, serverName: String?
    ) throws(TLSError) {
        var trust = ServerTrust.system
        if let authorityFile { trust = .authorities(try PEMFile(path: authorityFile)) }
        if !isVerified { trust = .unverified }
        var identity: TLSIdentity?
        if let certificateFile, let keyFile {
            identity = try TLSIdentity(certificatePath: certificateFile, keyPath: keyFile)
        }
        // Redis' name comes second: these tools speak to its servers, too.
        context = try .client(trust: trust, identity: identity, protocols: ["puffin", "redis"])
        self.serverName = serverName
    }

    /// What a server's certificate must be for.
    package func host(of endpoint: Endpoint) -> String { serverName ?? endpoint.host }
}
