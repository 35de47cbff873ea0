// When a pair expires, and on what condition it is changed: options of several commands.

import ArgumentParser
import Bytes

/// A time to live on the command line: seconds, or a time with a unit.
struct ExpiryTime: ExpressibleByArgument {
    /// As the server takes it: seconds for `EX` and `EXPIRE`, milliseconds for `PX` and `PEXPIRE`.
    let number: String
    let isMilliseconds: Bool

    init?(argument: String) {
        let text = String(decoding: RawBytes(argument: argument).bytes, as: UTF8.self)
        if Int(text) != nil {
            (number, isMilliseconds) = (text, false)
        } else if let span = TimeSpan(text), span.nanoseconds >= 1_000_000 {
            (number, isMilliseconds) = (String(span.nanoseconds / 1_000_000), true)
        } else {
            return nil
        }
    }
}

/// When the pair that is set expires.
struct ExpiryOptions: ParsableArguments {
    @Option(name: "-ex --ex", help: "The pair expires after so many seconds, or a time such as 30m or 500ms.")
    var ex: ExpiryTime?
    @Option(name: "-px --px", help: "The pair expires after so many milliseconds.") var px: Int?
    @Option(name: "-exat --exat", help: "The pair expires at a Unix time in seconds.") var exat: Int?
    @Option(name: "-pxat --pxat", help: "The pair expires at a Unix time in milliseconds.") var pxat: Int?
    @Flag(name: "-keepttl --keepttl", help: "The pair expires when it would have expired before.") var keepttl = false

    func validate() throws {
        let count = [ex != nil, px != nil, exat != nil, pxat != nil, keepttl].count { $0 }
        if count > 1 { throw ValidationError("of --ex, --px, --exat, --pxat and --keepttl only one can be given") }
    }

    /// As a request has it; empty if none is given.
    var words: [[UInt8]] {
        var words: [String] = []
        if let ex { words = [ex.isMilliseconds ? "PX" : "EX", ex.number] }
        if let px { words = ["PX", String(px)] }
        if let exat { words = ["EXAT", String(exat)] }
        if let pxat { words = ["PXAT", String(pxat)] }
        if keepttl { words = ["KEEPTTL"] }
        return words.map { Array($0.utf8) }
    }
}

/// When a pair is set.
struct ConditionOptions: ParsableArguments {
    @Flag(name: "-nx --nx", help: "Only if the key does not exist.") var nx = false
    @Flag(name: "-xx --xx", help: "Only if the key exists.") var xx = false
    @Option(name: "-if-equal --if-equal", help: "Only if the key has this value.") var ifEqual: RawBytes?
    @Option(name: "-if-not-equal --if-not-equal", help: "Only if the key has another value, or does not exist.")
    var ifNotEqual: RawBytes?
    @Option(name: "-if-digest --if-digest", help: "Only if the key's value has this digest, as digest prints it.")
    var ifDigest: String?

    func validate() throws {
        let count = [nx, xx, ifEqual != nil, ifNotEqual != nil, ifDigest != nil].count { $0 }
        if count > 1 {
            throw ValidationError("of --nx, --xx, --if-equal, --if-not-equal and --if-digest only one can be given")
        }
    }

    /// As a request has it; empty if none is given.
    var words: [[UInt8]] {
        if nx { return [Array("NX".utf8)] }
        if xx { return [Array("XX".utf8)] }
        if let ifEqual { return [Array("IFEQ".utf8), ifEqual.bytes] }
        if let ifNotEqual { return [Array("IFNE".utf8), ifNotEqual.bytes] }
        if let ifDigest { return [Array("IFDEQ".utf8), Array(ifDigest.utf8)] }
        return []
    }
}
