// The certificate of a server, for commands that connect as it would.

import OpenSSL
import Server

extension TLSSettings {
    /// Reads the certificate and its key.
    /// - Throws: `TLSError`, also if one of the two is not set.
    func identity() throws(TLSError) -> TLSIdentity {
        guard let certificateFile, let keyFile else {
            throw TLSError(.invalidSettings, file: "", "tls.cert_file and tls.key_file must be set together")
        }
        return try TLSIdentity(certificatePath: certificateFile, keyPath: keyFile, keyPassword: keyPassword?.bytes)
    }
}
