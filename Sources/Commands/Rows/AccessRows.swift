// Commands about users, roles and rights.

extension Catalog {
    static let access: [CommandSpec] = [
        CommandSpec(
            .acl, "ACL", nil, 1...CommandSpec.any, needs: "a subcommand",
            "Shows or changes users, roles and their rights.", .server, traits: [.effect, .later, .noMulti],
            categories: [.slow], since: "0.1.0"),
        CommandSpec(
            .aclWhoAmI, "WHOAMI", of: .acl, "Returns the name of the user that the connection has logged in as.",
            .server,
            traits: .connection, categories: [.slow],
            replies: "The name.", since: "0.1.0"),
        CommandSpec(
            .aclList, "LIST", of: .acl, "Lists the users, each in the words that SETUSER takes; hashes are not shown.",
            .server,
            traits: [], categories: [.admin, .slow, .dangerous, .users, .audit], replyBound: .data,
            complexity: "O(N) for N users",
            replies: "A list of lines.", since: "0.1.0"),
        CommandSpec(
            .aclUsers, "USERS", of: .acl, "Lists the names of the users.", .server,
            traits: [], categories: [.admin, .slow, .dangerous, .users, .audit], replyBound: .data,
            complexity: "O(N) for N users",
            replies: "A list of names.", since: "0.1.0"),
        CommandSpec(
            .aclGetUser, "GETUSER", of: .acl, "<user>", 1...1, needs: "a user",
            "Shows a user: flags, passwords, rules, roles, certificates.", .server,
            traits: [], categories: [.admin, .slow, .dangerous, .users, .audit], answer: .pairs,
            replyBound: .bytes(128 << 10),
            replies: "A map; null (a line: `ERROR: User not found`) if there is no such user.", since: "0.1.0"),
        CommandSpec(
            .aclSetUser, "SETUSER", of: .acl, "<user> [<word> …]", 1...CommandSpec.any,
            needs: "a user, and words that change it",
            "Makes a user or changes one, by Redis' words and role:, cert:, until: and needs:; all words or none.",
            .server,
            traits: [.effect, .later, .noMulti], categories: [.admin, .slow, .dangerous, .users],
            complexity: "O(N) for N words, some 300 ms by a worker for each password",
            replies: "`OK`, once the change is as safe as any.",
            errors:
                "`ERR Error in ACL SETUSER modifier '…': …` with the reason; a change that would leave nobody who may change users.",
            since: "0.1.0"),
        CommandSpec(
            .aclDelUser, "DELUSER", of: .acl, "<user> …", 1...CommandSpec.any, needs: "one or more users",
            "Removes users, and closes their connections.", .server,
            traits: [.effect, .later, .noMulti], categories: [.admin, .slow, .dangerous, .users],
            complexity: "O(N) for N users",
            replies: "The number of users that existed.",
            errors:
                "`ERR The 'default' user cannot be removed`; a change that would leave nobody who may change users.",
            since: "0.1.0"),
        CommandSpec(
            .aclRole, "ROLE", of: .acl, "SET <role> [<word> …]|DEL <role>|GET <role>|LIST", 1...CommandSpec.any,
            needs: "SET, DEL or GET and a role, or LIST",
            "Makes, changes, removes or shows roles, which are rules that users share.", .server,
            traits: [.effect, .later, .noMulti], categories: [.admin, .slow, .dangerous, .users], replyBound: .data,
            complexity: "O(N) for N words or roles",
            replies: "`OK`; `GET` the rules as a text, `LIST` a list of names.",
            errors: "A role that users have cannot be removed, and one that is built in not be changed.", since: "0.1.0"
        ),
        CommandSpec(
            .aclToken, "TOKEN", of: .acl, "<user> [<seconds>]", 1...2,
            needs: "a user, and how many seconds the token is good for or nothing",
            "Makes a token of a user, which logs in like a password; it is shown only now.", .server,
            traits: [.effect, .later, .noMulti], categories: [.admin, .slow, .dangerous, .users],
            replies: "The token.", errors: "A user that does not exist, or has 16 secrets.", since: "0.1.0"),
        CommandSpec(
            .aclCat, "CAT", of: .acl, "[<category>]", 0...1, needs: "a category or nothing",
            "Lists the categories of commands, or the commands of one.", .server,
            traits: [], categories: [.slow, .users], replyBound: .bytes(16 << 10), complexity: "O(N) for N commands",
            replies: "A list of names.", errors: "`ERR Unknown category '…'`.", since: "0.1.0"),
        CommandSpec(
            .aclDryRun, "DRYRUN", of: .acl, "<user> <request>", 2...CommandSpec.any, needs: "a user and a request",
            "Tells whether a user may run a request, without running it.", .server,
            traits: [], categories: [.admin, .slow, .dangerous, .users, .audit], replyBound: .request,
            complexity: "O(N) for N keys",
            replies: "`OK`, or a text that says what the user has no right to.",
            errors: "`ERR User '…' not found`; `ERR Command '…' not found`; a wrong number of arguments.",
            since: "0.1.0"),
        CommandSpec(
            .aclGenPass, "GENPASS", of: .acl, "[<bits>]", 0...1, needs: "a number of bits or nothing",
            "Returns a random password, of 256 bits if none are given.", .server,
            traits: [], categories: [.slow, .users], replyBound: .bytes(2048),
            replies: "Hexadecimal digits.", errors: "A number that is not from 1 to 4096.", since: "0.1.0"),
        CommandSpec(
            .aclLog, "LOG", of: .acl, "[<count>|RESET]", 0...1, needs: "a number, RESET or nothing",
            "Lists the latest requests that were refused, and logins that failed; RESET forgets them.", .server,
            traits: [.effect], categories: [.admin, .slow, .dangerous, .users, .audit], replyBound: .data,
            complexity: "O(N) for N entries",
            replies: "A list of maps, the newest first; `RESET` answers `OK`.", since: "0.1.0"),
        CommandSpec(
            .aclSave, "SAVE", of: .acl, "Does nothing, for Redis tools: users are saved.", .server,
            traits: [], categories: [.admin, .slow, .dangerous, .users],
            replies: "`OK`.", since: "0.1.0"),
        CommandSpec(
            .aclLoad, "LOAD", of: .acl, "Is refused, for Redis tools: users are in the log, not in a file.", .server,
            traits: .hidden, categories: [.admin, .slow, .dangerous, .users],
            replies: "Always an error.", errors: "There is no file to load.", since: "0.1.0"),
        CommandSpec(
            .aclHelp, "HELP", of: .acl, "Shows the usage of ACL.", .server,
            traits: .hidden, categories: [.slow, .users], replyBound: .bytes(4096),
            replies: "A list of lines.", since: "0.1.0"),
    ]
}
