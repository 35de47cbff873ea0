// The one BIO of a channel: OpenSSL reads from bytes that are lent to it for a call, and writes to a buffer that is lent likewise.
//
// Unsafe code: a `Loan` is in memory of its own, which its channel frees after the SSL and so after the BIO. It holds pointers only
// while `Channel.lend` runs; outside of it they are nil, and a read finds nothing, a write fails. The methods' table is made once and
// never changed or freed.

import Bytes
import COpenSSL

/// What is lent to a BIO, and what its callbacks leave.
@safe
struct Loan {
    /// Where OpenSSL reads.
    var input: UnsafePointer<UInt8>?
    /// Bytes of it that OpenSSL has not read.
    var inputSize = 0
    /// Where OpenSSL writes.
    var output: UnsafeMutablePointer<ByteBuffer>?
    /// The subject of the first certificate that was refused.
    var refusedSubject = ""

    init() {
        unsafe input = nil
        unsafe output = nil
    }

    /// The table of the BIO's functions.
    private nonisolated(unsafe) static let methods: OpaquePointer = {
        guard let methods = unsafe BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "puffin"),
            unsafe BIO_meth_set_read_ex(methods, { unsafe Loan.read($0, $1, $2, $3) }) == 1,
            unsafe BIO_meth_set_write_ex(methods, { unsafe Loan.write($0, $1, $2, $3) }) == 1,
            // What was written has arrived already, so a flush succeeds. Other questions have no answer.
            unsafe BIO_meth_set_ctrl(methods, { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }) == 1
        else { fatalError("OpenSSL: no memory") }
        return unsafe methods
    }()

    /// A BIO over a loan. It does not own the loan.
    static func makeBIO(_ loan: UnsafeMutablePointer<Loan>) -> OpaquePointer {
        guard let bio = unsafe BIO_new(methods) else { fatalError("OpenSSL: no memory") }
        unsafe BIO_set_data(bio, loan)
        unsafe BIO_set_init(bio, 1)
        return unsafe bio
    }

    private static func read(
        _ bio: OpaquePointer?, _ room: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: UnsafeMutablePointer<Int>?
    ) -> Int32 {
        unsafe BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
        guard let loan = unsafe BIO_get_data(bio)?.assumingMemoryBound(to: Loan.self), let room = unsafe room,
            let input = unsafe loan.pointee.input, unsafe loan.pointee.inputSize > 0
        else {
            unsafe BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
            return 0
        }
        let taken = unsafe min(size, loan.pointee.inputSize)
        unsafe UnsafeMutableRawPointer(room).copyMemory(from: input, byteCount: taken)
        unsafe loan.pointee.input = input + taken
        unsafe loan.pointee.inputSize -= taken
        unsafe count?.pointee = taken
        return 1
    }

    private static func write(
        _ bio: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ size: Int, _ count: UnsafeMutablePointer<Int>?
    ) -> Int32 {
        guard let loan = unsafe BIO_get_data(bio)?.assumingMemoryBound(to: Loan.self),
            let output = unsafe loan.pointee.output
        else { return 0 }
        let start = unsafe UnsafeRawPointer(bytes)?.assumingMemoryBound(to: UInt8.self)
        unsafe output.pointee.append(UnsafeBufferPointer(start: start, count: size).span)
        unsafe count?.pointee = size
        return 1
    }

    /// Notes whose certificate was refused. Called by OpenSSL while it verifies a chain.
    static func noteRefused(_ verification: OpaquePointer) {
        let index = SSL_get_ex_data_X509_STORE_CTX_idx()
        guard let ssl = unsafe X509_STORE_CTX_get_ex_data(verification, index),
            let bio = unsafe SSL_get_rbio(OpaquePointer(ssl)),
            let loan = unsafe BIO_get_data(bio)?.assumingMemoryBound(to: Loan.self),
            unsafe loan.pointee.refusedSubject.isEmpty,
            let certificate = unsafe X509_STORE_CTX_get_current_cert(verification)
        else { return }
        unsafe loan.pointee.refusedSubject = Certificate.text(of: X509_get_subject_name(certificate))
    }
}
