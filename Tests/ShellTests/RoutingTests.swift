import Commands
import Shell
import Testing

/// What happens to a command line before the argument parser sees it.
struct RoutingTests {
    private let routing = Routing(
        commands: ["get", "set", "help"], valued: ["addr", "cmd", "key", "value"], actions: ["cmd", "file"],
        disguise: { "~" + $0.dropFirst() })

    @Test(
        "the first word that is not an option is the command, and an unknown one is sent",
        arguments: [
            (["get", "k"], ["get", "k"]), (["GET", "K"], ["get", "K"]),
            (["-addr", "get", "set", "k", "v"], ["-addr", "get", "set", "k", "v"]),
            (["--addr=x:1", "incr", "n"], ["--addr=x:1", "send", "incr", "n"]),
            (["INCRBY", "n", "-5", "-addr", "x"], ["send", "INCRBY", "n", "~5", "-addr", "x"]),
            (["set", "t", "-5"], ["set", "t", "~5"]), (["set", "t", "-.5"], ["set", "t", "~.5"]),
            (["set", "k", "-"], ["set", "k", "-"]), (["set", "k", "--", "-"], ["set", "k", "--", "~"]),
            (["set", "k", "--", "-5"], ["set", "k", "--", "-5"]), (["--", "get"], ["send", "--", "get"]),
            (["-cmd", "set", "-key", "k"], ["-cmd", "set", "-key", "k"]), ([], []),
            (["help", "SET"], ["help", "set"]),
            (["--generate-completion-script", "bash"], ["--generate-completion-script", "bash"]),
            (["---completion", "frob"], ["---completion", "frob"]),
        ])
    func routes(typed: [String], routed: [String]) throws {
        #expect(try routing.routed(typed) == routed)
    }

    @Test("an option that is a request excludes a command, and help reports unknown topics")
    func errors() {
        #expect(throws: RoutingError.self) { try routing.routed(["-cmd", "set", "get", "k"]) }
        #expect(throws: RoutingError.self) { try routing.routed(["-file", "get"]) }
        let error = #expect(throws: RoutingError.self) { try routing.routed(["help", "gte"]) }
        #expect(error?.description.hasSuffix("did you mean get?") == true)
    }

    @Test(
        "a suggestion is near enough to be plausible",
        arguments: [
            ("gte", "GET"), ("delte", "DELETE"), ("flusall", "FLUSHALL"), ("MGETT", "MGET"), ("expier", "EXPIRE"),
            ("lpush", nil),
            ("frobnicate", nil), ("handovr", "HANDOVER"), ("statss", "STATS"),
        ] as [(String, String?)])
    func suggestions(word: String, match: String?) {
        #expect(nearest(to: word, among: Catalog.commands.map(\.name)) == match)
    }
}
