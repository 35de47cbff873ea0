// The scripts that clients have sent, by the SHA-1 digests of their texts, for EVALSHA.

import Bytes
import OpenSSL

/// The known scripts that clients have sent since the start. Texts that differ in blanks have different digests, so only the last ones
/// are kept: a client whose script is gone sends it again, as after a restart.
package final class LoadedScripts {
    /// How many are kept.
    package static let limit = 1024
    /// The number of digits of a digest.
    package static let digestSize = 40

    /// By the digest in lower-case hexadecimal digits.
    private var scripts: [String: KnownScript] = [:]
    /// In the order in which they came; a ring once there are `limit`.
    private var digests: [String] = []
    private var oldest = 0

    package init() {}

    package var count: Int { scripts.count }

    /// The script with a digest, which is given by hexadecimal digits of any case; nil if there is none.
    package subscript(digest: Span<UInt8>) -> KnownScript? {
        digest.count == LoadedScripts.digestSize ? scripts[String(digest).lowercased()] : nil
    }

    /// Keeps a script.
    /// - Returns: it and its digest; nil if it is not known.
    package func load(_ text: Span<UInt8>) -> (script: KnownScript, digest: String)? {
        guard text.count <= ScriptLexer.sizeLimit else { return nil }
        let digest = Digests.hexadecimal(Digests.sha1(text))
        if let script = scripts[digest] { return (script, digest) }
        guard let script = KnownScript(text) else { return nil }
        if digests.count < LoadedScripts.limit {
            digests.append(digest)
        } else {
            scripts[digests[oldest]] = nil
            digests[oldest] = digest
            oldest = (oldest + 1) % LoadedScripts.limit
        }
        scripts[digest] = script
        return (script, digest)
    }

    package func removeAll() { (scripts, digests, oldest) = ([:], [], 0) }
}
