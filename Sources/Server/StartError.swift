// Errors that end a server, with their exit codes.

import Reactor
import Store

/// An error that prevents a start or ends the server: one line with the cause and the remedy, and an exit code.
package enum StartError: Error, CustomStringConvertible {
    case network(ReactorError)
    /// The port for metrics.
    case metrics(ReactorError)
    case store(StoreError)

    package var description: String {
        switch self {
        case .network(let error) where error.isAddressInUse:
            "Cannot \(error.operation): another program uses this port; stop it, or choose another with --port"
        case .network(let error):
            "Cannot \(error.operation): \(error.reason); check --bind and --port"
        case .metrics(let error) where error.isAddressInUse:
            "Cannot \(error.operation) for metrics: another program uses this port; stop it, or choose another with --metrics-port"
        case .metrics(let error):
            "Cannot \(error.operation) for metrics: \(error.reason); check --metrics-bind and --metrics-port"
        case .store(let error):
            error.description
        }
    }

    /// The process's exit code. 2 means invalid options.
    package var exitCode: Int32 {
        switch self {
        case .network, .metrics: 3
        case .store(.disk), .store(.notWritable), .store(.displaced): 4
        case .store(.wrongKind), .store(.noThread), .store(.fileSizeLimit): 4
        case .store(.unknownVersion): 5
        case .store(.corruption), .store(.emptied), .store(.damagedRole), .store(.altered): 6
        case .store(.locked): 7
        }
    }
}
