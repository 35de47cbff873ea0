// Programs that use the client library, one function each; the library's articles show them. Run one with a server's
// address: swift run puffin-client-examples getting-started localhost:8080

import Program
import PuffinClient

@main
enum Examples {
    static func main() async throws {
        let arguments = Program.beginWithTexts("puffin-client-examples")[...]
        let address = arguments.dropFirst().first ?? "localhost:8080"
        switch arguments.first {
        case "getting-started": try await getStarted(address)
        case "pipelining": try await pipeline(address)
        case "transactions": try await changeTogether(address)
        case "failures": try await countVisit(address)
        case "followers": try await readFromFollowers(address, followers: Array(arguments.dropFirst(2)))
        case "changes": try await followChanges(address)
        case "security" where arguments.count == 4:
            let rest = Array(arguments.suffix(2))
            try await greetSecurely(address, authorities: rest[0], password: rest[1])
        default:
            print(
                "usage: puffin-client-examples getting-started|pipelining|transactions|failures|followers|changes|security "
                    + "[host:port] [follower … | authorities password]")
        }
    }
}
