// A password typed at a terminal, which does not show it.
//
// Unsafe code: termios is lent to the system's calls, one call each.

import Glibc

/// Asks for a password at the process's terminal, whatever standard input and output are.
/// - Returns: what was typed, without its end; nil where there is no terminal, or it ends first.
package func askPassword(_ question: String) -> [UInt8]? {
    let terminal = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC)
    guard terminal >= 0 else { return nil }
    defer { close(terminal) }
    var before = termios()
    guard unsafe tcgetattr(terminal, &before) == 0 else { return nil }
    var silent = before
    silent.c_lflag &= ~tcflag_t(ECHO)
    guard unsafe tcsetattr(terminal, TCSAFLUSH, &silent) == 0 else { return nil }
    defer {
        unsafe _ = tcsetattr(terminal, TCSAFLUSH, &before)
        say("\n", to: terminal)
    }
    say(question, to: terminal)
    var password: [UInt8] = []
    var byte: UInt8 = 0
    while password.count < 1024 {
        guard unsafe read(terminal, &byte, 1) == 1 else { return nil }
        if byte == UInt8(ascii: "\n") { break }
        password.append(byte)
    }
    return password
}

private func say(_ text: String, to terminal: Int32) {
    let bytes = Array(text.utf8)
    unsafe _ = write(terminal, bytes, bytes.count)
}
