// The part of a request that is kept in case it is slow: its command, and the beginning of its key. Its size is fixed, so
// keeping it allocates nothing. It is parsed only when it is shown.

import Bytes
import Wire

/// The beginnings of a request's name and first argument, which is the key if the command has one.
struct RequestExcerpt {
    private var nameSize = 0
    private var argumentSize = 0
    private var name = InlineArray<2, UInt64>(repeating: 0)
    private var argument = InlineArray<8, UInt64>(repeating: 0)

    /// The kept size of a key, in bytes.
    static let shownSize = 64
    /// The kept size of a name, in bytes. No command has a longer name.
    private static let nameLimit = 16

    /// An empty excerpt.
    init() {}

    /// The excerpt of a request.
    @inline(__always)
    init(_ arguments: Arguments) {
        guard arguments.count > 0 else { return }
        let name = arguments[0]
        nameSize = name.count
        if nameSize < 8 {
            self.name[0] = name.lastWord(at: 0)
        } else if nameSize <= RequestExcerpt.nameLimit {
            self.name[0] = UInt64(littleEndian: name.word(at: 0))
            self.name[1] = nameSize == 16 ? UInt64(littleEndian: name.word(at: 8)) : name.lastWord(at: 8)
        }
        guard arguments.count > 1 else { return }
        let argument = arguments[1]
        argumentSize = argument.count
        let size = min(argumentSize, RequestExcerpt.shownSize)
        var (word, offset) = (0, 0)
        while offset &+ 8 <= size {
            self.argument[word] = UInt64(littleEndian: argument.word(at: offset))
            word &+= 1
            offset &+= 8
        }
        if offset < size { self.argument[word] = argument.lastWord(at: offset) }
    }

    // MARK: Parsing

    /// The command and the key. A first argument that is not a key may be a value, so it is not shown.
    func command(in table: CommandTable) -> (name: String, key: [UInt8], keySize: Int) {
        guard nameSize > 0, nameSize <= RequestExcerpt.nameLimit else { return ("?", [], 0) }
        let bytes = RequestExcerpt.bytes(nameSize) { name[$0] }
        guard let index = table.index(of: bytes.span) else { return ("?", [], 0) }
        let command = table.spec(index)
        guard command.keys.first == 1, argumentSize > 0 else { return (command.name, [], 0) }
        return (
            command.name, RequestExcerpt.bytes(min(argumentSize, RequestExcerpt.shownSize)) { argument[$0] },
            argumentSize
        )
    }

    private static func bytes(_ size: Int, _ word: (Int) -> UInt64) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: word($0 / 8) &>> UInt64($0 % 8 * 8)) }
    }
}
