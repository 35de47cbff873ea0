// The version of OpenSSL that the program runs with, which a package's update can change.
//
// Unsafe code: OpenSSL's constant text is copied at once.

import COpenSSL

/// OpenSSL's version.
package enum OpenSSLVersion {
    /// As the library says it: `3.0.17`.
    package static var text: String { unsafe String(cString: OpenSSL_version(OPENSSL_VERSION_STRING)) }
}
