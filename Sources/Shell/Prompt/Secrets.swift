// Which lines of the prompt are not written down.

/// Whether a line may have a secret in it, and therefore is not kept in the history: it names a password, a secret or a token,
/// has the word AUTH, or begins with a blank, by which whoever types it says so.
package func isSecret(_ line: String) -> Bool {
    if line.first == " " { return true }
    let text = line.lowercased()
    if ["passw", "secret", "token", "requirepass", "masterauth", "credential"].contains(where: text.contains) {
        return true
    }
    return text.split(whereSeparator: { !$0.isLetter }).contains("auth")
}
