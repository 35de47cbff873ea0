import Server
import TestSupport
import Testing

/// Which scripts are known.
@Suite("Known scripts")
struct KnownScriptTests {
    private func script(_ text: String) -> KnownScript? {
        let bytes = Array(text.utf8)
        return KnownScript(bytes.span)
    }

    @Test("the scripts of libraries are known as they are sent", arguments: LibraryScript.all)
    func libraries(library: LibraryScript) {
        #expect(script(library.text) == library.script)
    }

    @Test("blanks, comments, quotes, the case of commands and the names of local variables make no difference")
    func equivalents() {
        let known = KnownScript.deleteIfEqual(missing: -1)
        let texts = [
            #"local v=redis.call('get',KEYS[1])if v==ARGV[1]then return redis.call('Del',KEYS[1])elseif v==false then return-1 else return 0 end"#,
            """
            -- a comment
            local redis_value --[[ another
            of two lines ]] = redis . call ( "gEt" , KEYS [ 1 ] )\r
            if redis_value == ARGV[1] then --[==[ ]] ]=] ]==] return redis.call('DEL', KEYS[1])
            elseif redis_value == false then return - 1 --[ not a long one
            else return 0 end --
            """,
            // A field of the same name is not the variable.
            #"local call = redis.call("GET", KEYS[1]) if call == ARGV[1] then return redis.call("DEL", KEYS[1]) elseif call == false then return -1 else return 0 end"#,
        ]
        for text in texts { #expect(script(text) == known, "\(text)") }
    }

    @Test("what Lua would read otherwise is not known")
    func others() {
        let texts = [
            "", "return 1", "-- nothing", "\u{0}",
            // Not Lua, or not to its end.
            #"if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) else return 0 end --[["#,
            #"if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) else return 0 end ""#,
            #"if redis.call("GET', KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) else return 0 end"#,
            #"if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) else return 0end"#,
            "if redis.call(\"GE\\84\", KEYS[1]) == ARGV[1] then return redis.call(\"DEL\", KEYS[1]) else return 0 end",
            "if redis.call(\"GET\n\", KEYS[1]) == ARGV[1] then return redis.call(\"DEL\", KEYS[1]) else return 0 end",
            #"if redis.call([[GET]], KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) else return 0 end"#,
            // Names differ by case, and so do words; a keyword is no name of a variable.
            #"if redis.call("GET", keys[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) else return 0 end"#,
            #"IF redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) else return 0 end"#,
            #"local end = redis.call("GET", KEYS[1]) if not end or end ~= ARGV[1] then return 0 end redis.call("DEL", KEYS[1]) return 1"#,
            // A local variable stands before what the script uses.
            #"local KEYS = redis.call("GET", KEYS[1]) if not KEYS or KEYS ~= ARGV[1] then return 0 end redis.call("DEL", KEYS[1]) return 1"#,
            #"local redis = redis.call("GET", KEYS[1]) if not redis or redis ~= ARGV[1] then return 0 end redis.call("DEL", KEYS[1]) return 1"#,
            // Two variables, one of which is never set.
            #"local a = redis.call("GET", KEYS[1]) if not a or b ~= ARGV[1] then return 0 end redis.call("DEL", KEYS[1]) return 1"#,
            // A string where a name is, and the reverse.
            #"if "redis".call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) else return 0 end"#,
            #"if redis.call(GET, KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) else return 0 end"#,
            #"if redis.pcall("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) else return 0 end"#,
        ]
        for text in texts { #expect(script(text) == nil, "\(text)") }
        // Larger than any that is looked at.
        #expect(script(LibraryScript.all[0].text + String(repeating: " ", count: ScriptLexer.sizeLimit)) == nil)
    }

    // MARK: Seeded

    /// The words of a script without comments; found otherwise than by the lexer.
    private func words(_ text: String) -> [String] {
        text.matches(of: /"[^"]*"|[A-Za-z_]+|[0-9]+|==|~=|\S/).map { String($0.0) }
    }

    @Test(
        "1,000 near misses are all refused: a word left out, doubled, moved or replaced",
        arguments: SeededRandom.seeds(1))
    func nearMisses(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let known = KnownScript.forms.map { words($0.text) }
        let vocabulary =
            Array(Set(known.joined())).sorted() + ["2", "3", "\"SET\"", "\"GETDEL\"", "\"0\"", "nil", "true", "and"]
        var count = 0
        while count < 1000 {
            let original = known[random.below(known.count)]
            var changed = original
            let place = random.below(changed.count)
            switch random.below(4) {
            case 0: changed.remove(at: place)
            case 1: changed.insert(vocabulary[random.below(vocabulary.count)], at: place)
            case 2: changed.swapAt(place, random.below(changed.count))
            default: changed[place] = vocabulary[random.below(vocabulary.count)]
            }
            guard !known.contains(changed) else { continue }
            count += 1
            let text = changed.joined(separator: " ")
            #expect(script(text) == nil, "\(text)")
        }
    }

    @Test("every form is known however it is written", arguments: SeededRandom.seeds(1))
    func spellings(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let blanks = [" ", "\n", "\t", "\r\n", " -- no \"comment\" ' ends this\n", " --[[ if ]]", " --[=[ ]] ]=]  "]
        for _ in 0..<100 {
            for (text, script) in KnownScript.forms {
                let name = ["token", "call", "redis2", "_", "GET"][random.below(5)]
                let variables = Set(text.matches(of: /local (\w+)/).map { String($0.1) })
                var written = ""
                for var word in words(text) {
                    if let index = variables.sorted().firstIndex(of: word) {
                        word = name + String(repeating: "x", count: index)
                    }
                    if word.hasPrefix("\"") {
                        let quote = random.below(2) == 0 ? "\"" : "'"
                        let inside = word.dropFirst().dropLast()
                        word = quote + (random.below(2) == 0 ? inside.lowercased() : String(inside)) + quote
                    }
                    written += word + blanks[random.below(blanks.count)]
                }
                #expect(self.script(written) == script, "\(written)")
            }
        }
    }
}

/// Scripts by digest.
@Suite("Loaded scripts")
struct LoadedScriptsTests {
    private func load(_ text: String, _ scripts: LoadedScripts) -> String? {
        let bytes = Array(text.utf8)
        return scripts.load(bytes.span)?.digest
    }

    private func find(_ digest: String, _ scripts: LoadedScripts) -> KnownScript? {
        let bytes = Array(digest.utf8)
        return scripts[bytes.span]
    }

    @Test("a script is found by the digest that sha1sum prints, in any case, and an unknown one is not kept")
    func digests() {
        let scripts = LoadedScripts()
        let text = #"if redis.call("get",KEYS[1]) == ARGV[1] then return redis.call("del",KEYS[1]) else return 0 end"#
        let digest = "b70c2384248f88e6b75b9f89241a180f856ad852"
        #expect(load(text, scripts) == digest && load(text, scripts) == digest && scripts.count == 1)
        #expect(find(digest, scripts) == .deleteIfEqual(missing: 0))
        #expect(find(digest.uppercased(), scripts) == .deleteIfEqual(missing: 0))
        #expect(load("return 1", scripts) == nil && scripts.count == 1)
        for other in ["", String(digest.dropLast()), digest + "0", String(repeating: "x", count: 40)] {
            #expect(find(other, scripts) == nil)
        }
        scripts.removeAll()
        #expect(find(digest, scripts) == nil && scripts.count == 0)
        #expect(load(text, scripts) == digest)
    }

    @Test("as many are kept as the limit says, and the oldest goes first")
    func limit() throws {
        let scripts = LoadedScripts()
        let digests = try (0..<LoadedScripts.limit + 10).map { number in
            try #require(load(LibraryScript.all[0].text + "-- \(number)", scripts))
        }
        #expect(scripts.count == LoadedScripts.limit && Set(digests).count == digests.count)
        for (number, digest) in digests.enumerated() { #expect((find(digest, scripts) != nil) == (number >= 10)) }
    }
}
