// The tokens of a script in Lua, by which scripts are compared: blanks, comments, quotes, the case of commands and the names of local
// variables make no difference.

import Bytes

/// Cuts a script into tokens (Lua 5.1 Reference Manual, 2.1). What is not needed to tell known scripts from others is refused: escape
/// sequences, long strings, tokens that Lua does not have.
package struct ScriptLexer {
    /// The largest script that is looked at, in bytes: several times the largest that is known.
    package static let sizeLimit = 4096

    /// What a token is, beside its bytes: a name is not a string.
    package struct Token: Hashable, Sendable {
        enum Kind { case name, local, number, string, symbol }
        let kind: Kind
        let text: [UInt8]

        init(_ kind: Kind, _ text: [UInt8]) { (self.kind, self.text) = (kind, text) }

        fileprivate init(_ kind: Kind, _ text: String) { self.init(kind, Array(text.utf8)) }
    }

    private let script: [UInt8]
    private var position = 0
    private var tokens: [Token] = []
    /// The local variables so far, each with the token that stands for it.
    private var locals: [[UInt8]: Token] = [:]
    private var localCount = 0
    /// How many parentheses are open since `redis.call`; 0 outside of its arguments.
    private var callDepth = 0

    private init(_ script: [UInt8]) { self.script = script }

    /// The tokens of a script.
    /// - Returns: nil if it is too large, or has something that is refused.
    package static func tokens(of script: Span<UInt8>) -> [Token]? {
        guard script.count <= sizeLimit else { return nil }
        var lexer = ScriptLexer(Array(script))
        while lexer.skipBlanks() {
            guard let token = lexer.next() else { return nil }
            lexer.append(token)
        }
        return lexer.isBroken ? nil : lexer.tokens
    }

    /// Set by a comment that does not end.
    private var isBroken = false

    private func byte(_ offset: Int = 0) -> UInt8 {
        position + offset < script.count ? script[position + offset] : 0
    }

    /// Skips blanks and comments.
    /// - Returns: whether a token follows.
    private mutating func skipBlanks() -> Bool {
        while position < script.count {
            switch byte() {
            case 0x20, 0x09...0x0d: position += 1
            case UInt8(ascii: "-") where byte(1) == UInt8(ascii: "-"):
                position += 2
                skipComment()
            default: return true
            }
        }
        return false
    }

    /// Skips the rest of a comment: to the end of the line, or `[==[ … ]==]`.
    private mutating func skipComment() {
        var level = 0
        while byte() == UInt8(ascii: "["), byte(1 + level) == UInt8(ascii: "=") { level += 1 }
        guard byte() == UInt8(ascii: "["), byte(1 + level) == UInt8(ascii: "[") else {
            while position < script.count, byte() != 0x0a, byte() != 0x0d { position += 1 }
            return
        }
        let equals = [UInt8](repeating: UInt8(ascii: "="), count: level)
        let end = [UInt8(ascii: "]")] + equals + [UInt8(ascii: "]")]
        position += level + 2
        while position + end.count <= script.count {
            if script[position..<position + end.count].elementsEqual(end) { return position += end.count }
            position += 1
        }
        (position, isBroken) = (script.count, true)
    }

    private mutating func next() -> Token? {
        let start = position
        let first = byte()
        if isNamePart(first), !isDigit(first) {
            while isNamePart(byte()) { position += 1 }
            return Token(.name, Array(script[start..<position]))
        }
        if isDigit(first) || first == UInt8(ascii: ".") && isDigit(byte(1)) {
            // Lua too takes everything that looks like a part of it for one number.
            while isNamePart(byte()) || byte() == UInt8(ascii: ".") { position += 1 }
            return Token(.number, Array(script[start..<position]))
        }
        if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") { return string(quote: first) }
        return symbol()
    }

    /// A string without escape sequences, without its quotes.
    private mutating func string(quote: UInt8) -> Token? {
        position += 1
        let start = position
        while position < script.count, byte() != quote {
            guard byte() != UInt8(ascii: "\\"), byte() != 0x0a, byte() != 0x0d else { return nil }
            position += 1
        }
        guard position < script.count else { return nil }
        position += 1
        return Token(.string, Array(script[start..<position - 1]))
    }

    private mutating func symbol() -> Token? {
        for symbol: StaticString in ["...", "..", "==", "~=", "<=", ">="] where starts(with: symbol) {
            return take(symbol.utf8CodeUnitCount)
        }
        for symbol: StaticString in [
            "+", "-", "*", "/", "%", "^", "#", "<", ">", "=", "(", ")", "{", "}", "[", "]", ";", ":", ",", ".",
        ] where starts(with: symbol) {
            return take(1)
        }
        return nil
    }

    private func starts(with symbol: StaticString) -> Bool {
        script[position...].starts(with: "\(symbol)".utf8)
    }

    private mutating func take(_ size: Int) -> Token {
        position += size
        return Token(.symbol, Array(script[position - size..<position]))
    }

    private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private func isNamePart(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte == UInt8(ascii: "_") || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(upperCased(byte))
    }

    // MARK: What makes no difference

    /// Appends a token: a command and its options in upper case, a local variable by its number.
    private mutating func append(_ token: Token) {
        switch token.kind {
        case .string where callDepth > 0: tokens.append(Token(.string, token.text.map(upperCased)))
        case .name: tokens.append(renamed(token))
        case .symbol:
            noteParenthesis(token)
            tokens.append(token)
        case .string, .number, .local: tokens.append(token)
        }
    }

    /// Notes where the arguments of `redis.call` begin and end.
    private mutating func noteParenthesis(_ token: Token) {
        if token == Token(.symbol, "("), callDepth > 0 || tokens.suffix(3) == ScriptLexer.call {
            callDepth += 1
        } else if token == Token(.symbol, ")"), callDepth > 0 {
            callDepth -= 1
        }
    }

    private static let call = [Token(.name, "redis"), Token(.symbol, "."), Token(.name, "call")][...]

    /// A name is a variable's from its declaration to the next declaration of the same name, so scripts with the same tokens do the same.
    private mutating func renamed(_ token: Token) -> Token {
        guard !ScriptLexer.keywords.contains(token.text), tokens.last != Token(.symbol, ".") else { return token }
        if tokens.last == Token(.name, "local") {
            localCount += 1
            locals[token.text] = Token(.local, "\(localCount)")
        }
        return locals[token.text] ?? token
    }

    private static let keywords = Set(
        [
            "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local", "nil",
            "not",
            "or", "repeat", "return", "then", "true", "until", "while",
        ].map { Array($0.utf8) })
}
