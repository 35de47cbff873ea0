// Whether a program talks to a person or to another program.

import Glibc

/// Which standard streams are terminals. Text for one must pass `terminalSafe` first.
package enum Terminal {
    package static var isInput: Bool { isatty(STDIN_FILENO) == 1 }
    package static var isOutput: Bool { isatty(STDOUT_FILENO) == 1 }
    package static var isError: Bool { isatty(STDERR_FILENO) == 1 }
}
