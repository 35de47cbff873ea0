// The versions of the program and its libraries, and whether one is known to be bad.

/// The versions in use.
package struct VersionReading: Sendable {
    /// Puffin's.
    package let program: String
    /// libevent's, as the library itself says: `2.1.12-stable`.
    package let libevent: String
    package let kernel: String?

    package init(program: String, libevent: String, kernel: String?) {
        (self.program, self.libevent, self.kernel) = (program, libevent, kernel)
    }

    /// The first version without the overflows of buffers and addresses (CVE-2014-6272, CVE-2016-10195 to 10197).
    private static let firstGood = [2, 1, 6]

    /// The numbers of a version.
    package static func numbers(_ version: String) -> [Int] {
        version.prefix { $0 == "." || $0.isASCII && $0.isNumber }.split(separator: ".").compactMap { Int($0) }
    }

    package var finding: Finding {
        let text = "puffin-server \(program), libevent \(libevent)" + (kernel.map { ", Linux \($0)" } ?? "")
        let numbers = VersionReading.numbers(libevent)
        if numbers.lexicographicallyPrecedes(VersionReading.firstGood) {
            return Finding(
                "version", warning: "\(text): this libevent has known holes (CVE-2014-6272, CVE-2016-10195)",
                advice: "install libevent 2.1.12 or later")
        }
        if libevent.contains("alpha") || libevent.contains("beta") {
            return Finding(
                "version", warning: "\(text): this libevent is a trial version", advice: "install a stable libevent")
        }
        return Finding("version", ok: text)
    }
}
