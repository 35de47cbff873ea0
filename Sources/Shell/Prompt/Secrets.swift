// Which lines of the prompt are kept out of the history.

/// Whether a line may contain a secret, and is therefore not kept: it names a password, a secret or a token, contains
/// the word AUTH, or begins with a space, which is how a user marks it.
package func isSecret(_ line: String) -> Bool {
    if line.first == " " { return true }
    let text = line.lowercased()
    if ["passw", "secret", "token", "requirepass", "masterauth", "credential"].contains(where: text.contains) {
        return true
    }
    return text.split(whereSeparator: { !$0.isLetter }).contains("auth")
}
