// A server's reply, as a client of RESP2 and RESP3 sees it. The cases are those of the protocol, not of Puffin's
// commands: a client must understand whatever a server may send.

/// The integers of RESP have 64 bits. An `Int` of WebAssembly has 32.
#if _pointerBitWidth(_64)
    package typealias ReplyInteger = Int
#else
    package typealias ReplyInteger = Int64
#endif

/// One reply. Values are the bytes that the server sent; texts are UTF-8, invalid bytes replaced.
package enum Reply: Equatable, Sendable {
    /// `+`: a fixed word, such as `OK`.
    case simple(String)
    /// `-` or `!`: the code is the first word if that is upper case (`ERR`, `WRONGTYPE`), otherwise empty.
    case error(code: String, message: String)
    case integer(ReplyInteger)
    /// `$`: the bytes of a value or of a key.
    case bulk([UInt8])
    /// `_`, `$-1` or `*-1`.
    case null
    case array([Reply])
    /// `%`: pairs in the order in which they were sent.
    case map([Entry])
    case boolean(Bool)
    case double(Double)
    /// `(`: an integer of any size, as an optional sign and ASCII digits.
    case bigNumber([UInt8])
    /// `=`: a text and the three bytes of its format, such as `txt` or `mkd`.
    case verbatim(format: [UInt8], text: [UInt8])
    case set([Reply])
    /// `>`: not an answer to a request; the server sends it at any time.
    case push([Reply])

    /// One pair of a map.
    package struct Entry: Equatable, Sendable {
        package let key: Reply
        package let value: Reply

        package init(key: Reply, value: Reply) {
            self.key = key
            self.value = value
        }
    }
}
