// What a server answers, as the client's side of RESP2 and RESP3 sees it. The cases are those of the protocol, not of
// Puffin's commands: a client has to understand whatever a server may send.

/// One reply. Bytes of values are what the server sent; texts are UTF-8, with what is not valid replaced.
package enum Reply: Equatable, Sendable {
    /// `+`: a fixed word, such as `OK`.
    case simple(String)
    /// `-` or `!`: the code is the first word when that is upper case (`ERR`, `WRONGTYPE`), empty otherwise.
    case error(code: String, message: String)
    case integer(Int)
    /// `$`: the bytes of a value or of a key.
    case bulk([UInt8])
    /// `_`, `$-1` or `*-1`.
    case null
    case array([Reply])
    /// `%`: pairs in the order they were sent.
    case map([Entry])
    case boolean(Bool)
    case double(Double)
    /// `(`: an integer of any size, as a sign where there was one and ASCII digits.
    case bigNumber([UInt8])
    /// `=`: a text and the three bytes that say how it is written, such as `txt` or `mkd`.
    case verbatim(format: [UInt8], text: [UInt8])
    case set([Reply])
    /// `>`: not the answer to a request; the server sends it whenever it likes.
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
