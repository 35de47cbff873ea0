// The password of who logs in: in a file, because every user of a machine can read the arguments of its processes.

import Reactor

/// Reads passwords.
package enum PasswordFile {
    /// The first line feed at the end is not part of the password.
    /// - Throws: `LoadError`, which names the file.
    package static func read(_ path: String) throws(LoadError) -> [UInt8] {
        guard let text = SystemText.read(path) else {
            throw LoadError(description: "cannot read \(path); --password-file names the file that has the password")
        }
        var password = Array(text.utf8)
        if password.last == UInt8(ascii: "\n") { password.removeLast() }
        guard !password.isEmpty else {
            throw LoadError(description: "\(path) is empty; it should have a password")
        }
        return password
    }
}
