// Errors that end a server, with their exit codes.

import Audit
import OpenSSL
import Reactor
import Store

/// An error that prevents a start or ends the server: one line with the cause and the remedy, and an exit code.
package enum StartError: Error, CustomStringConvertible {
    case network(ReactorError)
    /// The port for metrics.
    case http(ReactorError)
    case store(StoreError)
    /// Certificates, keys or lists.
    case tls(TLSError)
    /// The audit's folder or key, where the server must not run without an audit.
    case audit(AuditError)
    /// Keys are to be hashed in the audit, and there is no secret for it.
    case noAuditSecret
    /// Clients must log in, and followers could not tell this server from a stranger.
    case noSecret
    /// Everyone who reaches this address could do everything, and nobody has said that this is meant.
    case openToAll(Address)

    package var description: String {
        switch self {
        case .network(let error) where error.isAddressInUse:
            "Cannot \(error.operation): another program uses this port; stop it, or choose another with --port"
        case .network(let error):
            "Cannot \(error.operation): \(error.reason); check --bind and --port"
        case .http(let error) where error.isAddressInUse:
            "Cannot \(error.operation) for HTTP: another program uses this port; stop it, or choose another with --http-port"
        case .http(let error):
            "Cannot \(error.operation) for HTTP: \(error.reason); check --http-bind and --http-port"
        case .store(let error):
            error.description
        case .tls(let error): "Not started: \(error)"
        case .audit(let error):
            "Not started, because audit.on_failure is refuse and the audit cannot be written: \(error)"
        case .noAuditSecret:
            "Not started: audit.keys is hashed, which needs a secret: PUFFIN_AUDIT_KEY_SECRET_FILE=<file>, a file with a line of 16 bytes or more"
        case .noSecret:
            "Not started: where clients must log in, a leader and its followers must know each other by a secret. Give all of them PUFFIN_REPLICATION_SECRET_FILE=<file>, a file with the same line of 16 bytes or more"
        case .openToAll(let address):
            "Not started: everyone who reaches \(address) could read and change everything. One of these lines mends that:"
        }
    }

    /// What to add to the start, where there is a choice: a line each.
    package var remedies: [String] {
        guard case .openToAll = self else { return [] }
        return [
            "PUFFIN_AUTH_PASSWORD_FILE=<file>  clients log in with the password in the file",
            "--bind 127.0.0.1  only programs on this machine reach the server",
            "--auth-mode open  this is meant",
        ]
    }

    /// The process's exit code. 2 means invalid options.
    package var exitCode: Int32 {
        switch self {
        case .openToAll, .noSecret, .noAuditSecret, .tls: 2
        case .audit(let error): error.isOtherVersion ? 5 : 4
        case .network, .http: 3
        case .store(.disk), .store(.notWritable), .store(.displaced): 4
        case .store(.wrongKind), .store(.noThread), .store(.fileSizeLimit): 4
        case .store(.unknownVersion): 5
        case .store(.corruption), .store(.emptied), .store(.damagedRole), .store(.altered): 6
        case .store(.locked): 7
        }
    }
}
