// Prints replies in the requested format.

import ArgumentParser
import Bytes
import Commands
import Program
import Shell
import Wire

/// The format of replies.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
    case raw
    /// For export: requests that store the pairs.
    case resp
}

/// Writes replies.
struct ReplyPrinter {
    let output: BufferedOutput
    let format: OutputFormat
    let style: TextStyle

    init(format: OutputFormat, style: TextStyle) {
        output = BufferedOutput(isRaw: format == .raw)
        self.format = format
        self.style = Terminal.isOutput ? style.forTerminal : style
    }

    /// Prints a success, and in JSON a failure too.
    /// - Returns: what remains to be printed about a failure, on stderr.
    func print(_ outcome: Outcome, spec: CommandSpec?, _ context: ReplyContext) throws -> String? {
        if format == .json {
            try output.write { $0.append(json: outcome, spec: spec, context) }
            return nil
        }
        guard case .success(let reply) = outcome else { return outcome.errorText }
        try output.write { buffer in
            if format == .raw {
                buffer.append(raw: reply)
            } else {
                buffer.append(text: reply, spec: spec, style: style)
            }
        }
        return nil
    }
}
