// PEM texts (RFC 7468) and the names of the files that they come from.
//
// Unsafe code: read(2) is lent an array for the length of one call and fills no more than it holds; a stat structure is filled by
// fstat(2); OpenSSL is lent the text's bytes while `withBIO` runs, and the BIO that reads them is freed there.

import COpenSSL
import Glibc

/// The content of a PEM file.
package struct PEMFile: Sendable {
    /// The file's path, for messages.
    package let name: String
    /// The content. May hold a private key.
    package var bytes: [UInt8]
    /// Whether every user of this machine can read the file. Only known of files that were read by path.
    package let isReadableByOthers: Bool

    /// The largest file, in bytes: an authority file of a whole operating system has a quarter.
    package static let largestSize = 1 << 20

    /// A text that is already in memory.
    package init(_ bytes: [UInt8], name: String) {
        self.name = name
        self.bytes = bytes
        isReadableByOthers = false
    }

    /// Reads a file whole. May wait for the disk.
    package init(path: String) throws(TLSError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw PEMFile.failure(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw PEMFile.failure(path, errno) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(max(Int(status.st_size), 0), PEMFile.largestSize))
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        defer { chunk.cleanse() }
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw PEMFile.failure(path, errno)
            }
            if count == 0 { break }
            bytes += chunk[..<count]
            guard bytes.count <= PEMFile.largestSize else {
                throw TLSError(.unreadable, file: path, "it is larger than \(PEMFile.largestSize) bytes")
            }
        }
        name = path
        self.bytes = bytes
        isReadableByOthers = status.st_mode & 0o004 != 0
    }

    private static func failure(_ path: String, _ number: Int32) -> TLSError {
        let reason = unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
        return TLSError(.unreadable, file: path, "it cannot be read: \(reason)")
    }

    /// Lends OpenSSL a reader of the content.
    func withBIO<Result: ~Copyable>(_ body: (OpaquePointer) throws(TLSError) -> Result) throws(TLSError) -> Result {
        Library.setUp()
        guard !bytes.isEmpty else { throw TLSError(.invalidFile, file: name, "it is empty") }
        let bio = unsafe bytes.withUnsafeBytes { bytes in
            // The copy is OpenSSL's own and is cleansed with it.
            unsafe PEMFile.copyingBIO(bytes)
        }
        defer { unsafe BIO_free(bio) }
        return unsafe try body(bio)
    }

    private static func copyingBIO(_ bytes: UnsafeRawBufferPointer) -> OpaquePointer {
        guard let bio = unsafe BIO_new(BIO_s_secmem()),
            unsafe BIO_write(bio, bytes.baseAddress, Int32(bytes.count)) == Int32(bytes.count)
        else { fatalError("OpenSSL: no memory") }
        return unsafe bio
    }
}
