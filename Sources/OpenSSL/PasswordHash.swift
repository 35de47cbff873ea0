// How passwords and tokens are kept: as texts that name their method, from which the secret cannot be had back.
//
// Unsafe code: libcrypto is lent the bytes of a password and a salt, and an array as large as the result, for the length of one call.

import Bytes
import COpenSSL

/// Why a text is no password hash, or none can be computed.
package enum PasswordHashError: Error, Equatable, CustomStringConvertible {
    /// It begins with no known method.
    case unknownMethod
    /// A part is missing, surplus or not in its form.
    case malformed(String)
    /// The costs are below or above what is accepted.
    case costOutOfBounds(String)
    /// There is not the memory that the method needs.
    case noMemory

    package var description: String {
        switch self {
        case .unknownMethod: "not a password hash: expected $scrypt$ln=14,r=8,p=5$salt$hash or sha256:<64 hex digits>"
        case .malformed(let what): "not a password hash: \(what)"
        case .costOutOfBounds(let what): "the cost of a password hash is out of bounds: \(what)"
        case .noMemory: "there is no memory to check a password"
        }
    }
}

/// A verifier of a secret.
package struct PasswordHash: Sendable, Equatable, CustomStringConvertible {
    /// The cost of scrypt (RFC 7914): N = 2^logN, r, p. The default takes 16 MiB and some 0.3 s.
    package struct Cost: Sendable, Equatable {
        package var logN: Int
        package var r: Int
        package var p: Int

        package init(logN: Int = 14, r: Int = 8, p: Int = 5) {
            self.logN = logN
            self.r = r
            self.p = p
        }

        /// Bytes of memory that it takes.
        package var memory: Int { ((128 * r) << logN) + 128 * r * p }

        /// The largest N · r · p: some two seconds.
        private static let mostWork = 1 << 22
        /// The most memory, in bytes: ln=17, r=8 and what is around it.
        static let mostMemory = 130 << 20

        /// Why it is not accepted. A hash that somebody else made must not be able to stop the server.
        var problem: String? {
            guard (10...20).contains(logN) else { return "ln must be from 10 to 20" }
            guard (1...32).contains(r) else { return "r must be from 1 to 32" }
            guard (1...64).contains(p) else { return "p must be from 1 to 64" }
            guard memory <= Cost.mostMemory else { return "it takes more than 128 MiB" }
            guard (r * p) << logN <= Cost.mostWork else { return "it takes too long" }
            return nil
        }
    }

    /// How the secret was hashed.
    package enum Method: Sendable, Equatable {
        /// For passwords that people choose.
        case scrypt(Cost)
        /// SHA-256 of the secret alone, as Redis' `#<hash>`. Only for secrets of 128 random bits or more: guesses are cheap.
        case sha256
    }

    package let method: Method
    private let salt: [UInt8]
    private let hash: [UInt8]

    /// Bytes of a new salt.
    private static let saltSize = 16
    /// Bytes of a new hash.
    private static let hashSize = 32

    // MARK: Making

    /// Hashes a password by scrypt. Takes as long as `cost` says; not for a loop.
    /// - Parameter salt: 8 to 64 bytes; 16 random ones if nil.
    package static func make(
        password: Span<UInt8>, salt: [UInt8]? = nil, cost: Cost = Cost()
    ) throws(PasswordHashError) -> PasswordHash {
        if let problem = cost.problem { throw .costOutOfBounds(problem) }
        let salt = salt ?? RandomBytes.make(saltSize)
        guard (8...64).contains(salt.count) else { throw .malformed("the salt must have 8 to 64 bytes") }
        let hash = try scrypt(password, salt: salt.span, cost: cost, size: hashSize)
        return PasswordHash(method: .scrypt(cost), salt: salt, hash: hash)
    }

    /// Hashes a random secret, such as a token, by SHA-256. Fast enough for a loop.
    package static func make(token: Span<UInt8>) -> PasswordHash {
        PasswordHash(method: .sha256, salt: [], hash: Digests.sha256(token))
    }

    /// A verifier that nothing matches and that takes as long as another: for users that do not exist.
    package static let dummy = PasswordHash(
        method: .scrypt(Cost()), salt: RandomBytes.make(saltSize), hash: RandomBytes.make(hashSize))

    private init(method: Method, salt: [UInt8], hash: [UInt8]) {
        self.method = method
        self.salt = salt
        self.hash = hash
    }

    // MARK: Verifying

    /// Whether this is the password. The result is compared in constant time. Takes as long as the cost says.
    package func verify(_ password: Span<UInt8>) throws(PasswordHashError) -> Bool {
        let computed =
            switch method {
            case .scrypt(let cost):
                try PasswordHash.scrypt(password, salt: salt.span, cost: cost, size: hash.count)
            case .sha256: Digests.sha256(password)
            }
        return Digests.areEqual(computed.span, hash.span)
    }

    /// scrypt (RFC 7914): `size` bytes. The cost must not take more memory than its bound.
    package static func scrypt(
        _ password: Span<UInt8>, salt: Span<UInt8>, cost: Cost, size: Int
    ) throws(PasswordHashError) -> [UInt8] {
        Library.setUp()
        var result = [UInt8](repeating: 0, count: size)
        let isDone = unsafe password.withUnsafeBytes { password in
            unsafe salt.withUnsafeBufferPointer { salt in
                unsafe result.withUnsafeMutableBufferPointer { result in
                    unsafe EVP_PBE_scrypt(
                        password.baseAddress?.assumingMemoryBound(to: CChar.self), password.count, salt.baseAddress,
                        salt.count, UInt64(1) << UInt64(cost.logN), UInt64(cost.r), UInt64(cost.p),
                        UInt64(Cost.mostMemory + (4 << 20)),
                        result.baseAddress, result.count) == 1
                }
            }
        }
        guard isDone else {
            ERR_clear_error()
            throw .noMemory
        }
        return result
    }

    // MARK: As text

    /// `$scrypt$ln=14,r=8,p=5$salt$hash`, in base64 without padding, or `sha256:<hex>`.
    package var description: String {
        switch method {
        case .scrypt(let cost):
            "$scrypt$ln=\(cost.logN),r=\(cost.r),p=\(cost.p)$\(PasswordHash.base64(salt))$\(PasswordHash.base64(hash))"
        case .sha256: "sha256:\(Digests.hexadecimal(hash))"
        }
    }

    /// Parses what `description` returns.
    package init(_ text: String) throws(PasswordHashError) {
        if text.hasPrefix("sha256:") {
            guard let hash = PasswordHash.bytes(hexadecimal: text.utf8.dropFirst(7)), hash.count == 32 else {
                throw .malformed("sha256: must be followed by 64 hexadecimal digits in lower case")
            }
            self.init(method: .sha256, salt: [], hash: hash)
            return
        }
        guard text.hasPrefix("$scrypt$") else { throw .unknownMethod }
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5 else { throw .malformed("expected $scrypt$ln=14,r=8,p=5$salt$hash") }
        let cost = try PasswordHash.cost(parts[2])
        guard let salt = PasswordHash.bytes(base64: parts[3]), (8...64).contains(salt.count) else {
            throw .malformed("the salt must be 8 to 64 bytes in base64 without padding")
        }
        guard let hash = PasswordHash.bytes(base64: parts[4]), (16...64).contains(hash.count) else {
            throw .malformed("the hash must be 16 to 64 bytes in base64 without padding")
        }
        self.init(method: .scrypt(cost), salt: salt, hash: hash)
    }

    private static func cost(_ text: Substring) throws(PasswordHashError) -> Cost {
        let values = text.split(separator: ",", omittingEmptySubsequences: false)
        guard values.count == 3, let logN = number(values[0], "ln="), let r = number(values[1], "r="),
            let p = number(values[2], "p=")
        else { throw .malformed("the cost must be written as ln=14,r=8,p=5") }
        let cost = Cost(logN: logN, r: r, p: p)
        if let problem = cost.problem { throw .costOutOfBounds(problem) }
        return cost
    }

    /// A number of at most three digits, without leading zeros, behind its name.
    private static func number(_ text: Substring, _ name: String) -> Int? {
        guard text.hasPrefix(name) else { return nil }
        let digits = text.dropFirst(name.count)
        guard (1...3).contains(digits.utf8.count), digits.utf8.first != UInt8(ascii: "0"),
            digits.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") })
        else { return nil }
        return Int(digits)
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        var text = ByteBuffer()
        text.append(base64: bytes.span)
        return String(decoding: Array(text.bytes).filter { $0 != UInt8(ascii: "=") }, as: UTF8.self)
    }

    private static func bytes(base64 text: Substring) -> [UInt8]? {
        guard text.utf8.count <= 128, !text.utf8.contains(UInt8(ascii: "=")) else { return nil }
        let padded = Array(text.utf8) + [UInt8](repeating: UInt8(ascii: "="), count: (4 - text.utf8.count % 4) % 4)
        var bytes = ByteBuffer()
        guard padded.span.isCanonicalBase64, bytes.append(decodedBase64: padded.span) else { return nil }
        return Array(bytes.bytes)
    }

    private static func bytes(hexadecimal text: Substring.UTF8View) -> [UInt8]? {
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in text {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            default: return nil
            }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return high == nil ? bytes : nil
    }
}
