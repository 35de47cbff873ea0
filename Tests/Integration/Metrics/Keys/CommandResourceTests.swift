import Foundation
import TestSupport
import Testing

/// Commands and batches over HTTP.
@Suite("Commands over HTTP")
struct CommandResourceTests {
    private func withServer(_ options: [String] = [], _ body: (WatchedServer, HTTPClient) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let server = try WatchedServer(data: folder + "/puffin.json", options)
            try body(server, try HTTPClient(port: server.metricsPort))
        }
    }

    @Test("a command's reply is JSON; its error is a problem")
    func one() throws {
        try withServer { server, client in
            for (request, reply) in [
                (#"["SET","a","1"]"#, #""OK""#), (#"["INCRBY","a",5]"#, "6"), (#"["GET","a"]"#, #""6""#),
                (#"["get","none"]"#, "null"), (#"["MSET","b","x","c",{"base64":"/wA="}]"#, #""OK""#),
                (#"["MGET","b","c","none"]"#, #"["x",{"base64":"/wA="},null]"#), (#"["KEYS","b*"]"#, #"["b"]"#),
                (#"["SCAN","0","MATCH","b","COUNT","100"]"#, #"["0",["b"]]"#), (#"["EXISTS","a","b"]"#, "2"),
                (#"["PING"]"#, #""PONG""#), (#"["ECHO","grüße \"x\""]"#, #""grüße \"x\"""#),
                (#"["CONFIG","GET","maxmemory-policy"]"#, #"{"maxmemory-policy":"noeviction"}"#),
                (#"["SET","k 1","v"]"#, #""OK""#),
            ] {
                let answer = try client.post("/v1/commands", request)
                #expect(answer.status == 200 && answer.body == reply + "\n", "\(request): \(answer.body)")
                #expect(answer.headers["content-type"] == "application/json")
            }
            #expect(try client.post("/v1/commands", #"["SET","s","1"]"#).headers["puffin-seq"] == "5")
            #expect(try server.server.connect().ask("GET \"k 1\"") == "v")
            for (request, status, code) in [
                (#"["INCR","b"]"#, 400, "ERR"), (#"["NONSENSE"]"#, 400, "ERR"), (#"["GET"]"#, 400, "ERR"),
                (#"["EVALSHA","0000000000000000000000000000000000000000","0"]"#, 400, "NOSCRIPT"),
                (#"["AUTH","x"]"#, 400, "ERR"), (#"["MULTI"]"#, 400, "ERR"), (#"["WATCH","a"]"#, 400, "ERR"),
                (#"["CHANGES","0-0"]"#, 400, "ERR"), (#"["CLIENT","SETNAME","x"]"#, 400, "ERR"),
                (#"["AFTER","1","GET","a"]"#, 400, "ERR"), (#"["HELLO","3"]"#, 400, "ERR"), (#"["QUIT"]"#, 400, "ERR"),
                (#"["DEBUG","SLEEP","0"]"#, 400, "ERR"),
            ] {
                let answer = try client.post("/v1/commands", request)
                #expect(
                    answer.status == status && answer.body.contains("\"code\":\"\(code)\""),
                    "\(request): \(answer.body)")
                #expect(answer.headers["content-type"] == "application/problem+json")
            }
        }
    }

    @Test("a command that is answered later: its reply is JSON all the same")
    func later() throws {
        try withServer { server, client in
            #expect(try client.post("/v1/commands", #"["SET","a","1"]"#).status == 200)
            let user = try client.post("/v1/commands", #"["ACL","SETUSER","ana","on",">a long password","+@all","~*"]"#)
            #expect(user.status == 200 && user.body == "\"OK\"\n", "\(user.body)")
            let login = "Authorization: Basic \(Data("ana:a long password".utf8).base64EncodedString())"
            // A refusal that needs no body ends its connection.
            let stranger = try HTTPClient(port: server.metricsPort)
            #expect(try stranger.post("/v1/commands", #"["GET","a"]"#).status == 401)
            let value = try client.post("/v1/commands", #"["GET","a"]"#, [login])
            #expect(value.body == "\"1\"\n", "\(value.body)")
            let saved = try client.post("/v1/commands", #"["SAVE"]"#, [login])
            #expect(saved.status == 200 && saved.body == "\"OK\"\n", "\(saved.body)")
            // Each request logs in anew.
            #expect(try client.post("/v1/commands", #"["GET","a"]"#).status == 401)
        }
    }

    @Test("a pipeline: a reply each, errors among them")
    func pipeline() throws {
        try withServer { _, client in
            let answer = try client.post(
                "/v1/commands", #"[["SET","a","x"],["INCR","a"],["GET","a"],["SAVE"],["MULTI"]]"#)
            #expect(answer.status == 200)
            #expect(
                answer.body.hasPrefix(
                    #"["OK",{"error":{"code":"ERR","message":"value is not an integer or out of range"}},"x",{"error":"#
                ),
                "\(answer.body)")
            #expect(answer.body.components(separatedBy: "\"error\"").count == 4)
            #expect(try client.post("/v1/commands", "[[\"PING\"]]").body == "[\"PONG\"]\n")
            let many = "[" + Array(repeating: #"["PING"]"#, count: 1000).joined(separator: ",") + "]"
            #expect(try client.post("/v1/commands", many).status == 200)
            #expect(try client.post("/v1/commands", many.dropLast() + #",["PING"]]"#).status == 400)
        }
    }

    @Test("bodies that are not valid, of another type, or too large")
    func bodies() throws {
        try withServer { server, client in
            for body in [
                "", "{}", "[]", "[[]]", "[1", "[null]", "[true]", #"[{"base64":1}]"#, #"[{"base64":"x"}]"#,
                #"["GET","a"] 1"#,
                #"[["GET","a"],1]"#, #"["GET",["a"]]"#, #"[{"b":"x"}]"#, "\"GET\"", "[[[[[[[[[[1]]]]]]]]]]",
            ] {
                let answer = try client.post("/v1/commands", body)
                #expect(answer.status == 400, "\(body): \(answer.status) \(answer.body)")
            }
            let body = #"["PING"]"#
            for type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
                // The head is refused, and the connection ends.
                let answer = try HTTPClient(port: server.metricsPort).ask(
                    "/v1/commands", method: "POST", headers: ["Content-Type: \(type)", "Content-Length: 8"], body: body)
                #expect(answer.status == 415, "\(type)")
            }
            #expect(
                try client.ask(
                    "/v1/commands", method: "POST",
                    headers: ["Content-Type: Application/JSON; charset=utf-8", "Content-Length: 8"], body: body
                ).status == 200)
            let large = try HTTPClient(port: server.metricsPort)
            try large.connection.send(
                "POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 16777217\r\n\r\n"
            )
            #expect(try large.answer().status == 413)
        }
    }

    @Test("a batch: all conditions first, then one record; a result each")
    func batch() throws {
        try withServer { server, client in
            let line = try server.server.connect()
            let first = try client.post(
                "/v1/batch",
                #"{"operations":[{"op":"set","key":"a","value":"1","if_none_match":"*"},{"op":"set","key64":"/w==","value64":"/w==","ttl":"1h"},{"op":"set","key":"a","value":"2"},{"op":"set","key":"gone","value":""}]}"#
            )
            #expect(first.status == 200, "\(first.body)")
            #expect(first.headers["puffin-seq"] == "1" && first.body.hasSuffix("\"seq\":1}\n"))
            #expect(first.body.contains(#"[{"status":201,"etag":""#) && first.body.contains(#"{"status":204,"etag":""#))
            #expect(try line.ask("GET a") == "2" && line.ask("SEQ") == "1")
            let tag = try #require(try client.ask("/v1/keys/a").headers["etag"]).replacingOccurrences(
                of: "\"", with: "\\\"")
            let second = try client.post(
                "/v1/batch",
                #"{"operations":[{"op":"get","key":"a"},{"op":"set","key":"a","value":"3","if_match":"\#(tag)"},{"op":"delete","key":"gone"},{"op":"get","key":"a"}]}"#
            )
            #expect(second.status == 200 && second.headers["puffin-seq"] == "2", "\(second.body)")
            #expect(second.body.contains(#""value":"2"}"#) && second.body.contains(#""value":"3"}"#))
            for (body, status, index) in [
                (
                    #"{"op":"set","key":"b","value":"1"},{"op":"set","key":"a","value":"4","if_match":"\#(tag)"}"#, 412,
                    1
                ),
                (#"{"op":"set","key":"b","value":"1","if_match":"*"}"#, 412, 0),
                (#"{"op":"set","key":"b","value":"1"},{"op":"set","key":"a","value":"1","if_none_match":"*"}"#, 412, 1),
                (#"{"op":"set","key":"b","value":"1"},{"op":"get","key":"none"}"#, 404, 1),
                (#"{"op":"set","key":"b","value":"1"},{"op":"delete","key":"gone"}"#, 404, 1),
                (#"{"op":"set","key":"b","value":"1"},{"op":"drop","key":"b"}"#, 400, 1),
                (#"{"op":"set","key":"b"}"#, 400, 0), (#"{"op":"get","key":"a","value":"b"}"#, 400, 0),
                (#"{"op":"get","key":"a","key64":"YQ=="}"#, 400, 0), (#"{"op":"get"}"#, 400, 0),
                (#"{"key":"a"}"#, 400, 0),
                (#"{"op":"set","key":"b","value":"1","ttl":"never"}"#, 400, 0),
                (#"{"op":"get","key":"a","ttl":"1s"}"#, 400, 0), (#"{"op":"get","key":"a","key":"a"}"#, 400, 0),
                (#"{"op":"get","key":"a","if_match":"x"}"#, 400, 0), (#"{"op":"get","key":"a","other":1}"#, 400, 0),
            ] {
                let refused = try client.post("/v1/batch", #"{"operations":[\#(body)]}"#)
                #expect(refused.status == status, "\(body): \(refused.body)")
                #expect(refused.body.contains("\"index\":\(index)"), "\(body): \(refused.body)")
            }
            #expect(try line.ask("SEQ") == "2" && line.ask("EXISTS b") == "0")
            #expect(try client.post("/v1/batch", #"{"operations":[]}"#).body == #"{"results":[],"seq":2}"# + "\n")
            for body in ["[]", "{}", #"{"ops":[]}"#, #"{"operations":{}}"#, #"{"operations":[],"x":1}"#] {
                #expect(try client.post("/v1/batch", body).status == 400, "\(body)")
            }
        }
    }

    @Test("rights hold for each command of a pipeline and each operation of a batch")
    func rights() throws {
        try withServer { server, client in
            #expect(try server.server.connect().ask("ACL SETUSER root on \">a long password\" +@all ~*") == "OK")
            let line = try server.server.connect()
            #expect(try line.ask("AUTH root \"a long password\"") == "OK")
            #expect(try line.ask("ACL SETUSER writer on \">another password\" +@write +@read %W~in:* ~both:*") == "OK")
            let login = "Authorization: Basic \(Data("writer:another password".utf8).base64EncodedString())"
            let answer = try client.post(
                "/v1/commands",
                #"[["SET","in:1","a"],["GET","in:1"],["SET","out","a"],["ACL","LIST"],["GET","both:1"]]"#, [login])
            #expect(
                answer.status == 200 && answer.body.hasPrefix("[\"OK\",{\"error\":{\"code\":\"NOPERM\""),
                "\(answer.body)")
            #expect(answer.body.components(separatedBy: "NOPERM").count == 4 && answer.body.hasSuffix(",null]\n"))
            #expect(try client.post("/v1/commands", #"["GET","in:1"]"#, [login]).status == 403)
            let operation = #"{"op":"set","key":"in:2","value":"v"}"#
            #expect(try client.post("/v1/batch", #"{"operations":[\#(operation)]}"#, [login]).status == 200)
            for (other, status) in [
                (#"{"op":"set","key":"out","value":"v"}"#, 403), (#"{"op":"get","key":"in:1"}"#, 403),
                // Comparing a value is reading it.
                (#"{"op":"set","key":"in:1","value":"v","if_match":"\"0123456789abcdef\""}"#, 403),
                (#"{"op":"delete","key":"in:1","if_match":"\"0123456789abcdef\""}"#, 403),
                (#"{"op":"set","key":"both:1","value":"v","if_none_match":"\"0123456789abcdef\""}"#, 200),
                (#"{"op":"set","key":"in:3","value":"v","if_none_match":"*"}"#, 200),
            ] {
                let answer = try client.post("/v1/batch", #"{"operations":[\#(operation),\#(other)]}"#, [login])
                #expect(answer.status == status, "\(other): \(answer.body)")
            }
            #expect(try client.put("/v1/keys/in:1", "v", [login, "If-Match: \"0123456789abcdef\""]).status == 403)
            #expect(try client.put("/v1/keys/in:1", "v", [login]).status == 204)
            #expect(
                try client.ask("/v1/keys/in:1", method: "DELETE", headers: [login, "If-Match: \"x\""]).status == 403)
            #expect(try client.put("/v1/keys/both:1", "v", [login, "If-Match: \"0123456789abcdef\""]).status == 412)
        }
    }
}

extension HTTPClient {
    func post(_ path: String, _ body: String, _ headers: [String] = []) throws -> HTTPAnswer {
        let length = "Content-Length: \(body.utf8.count)"
        return try ask(
            path, method: "POST", headers: headers + ["Content-Type: application/json", length], body: body)
    }
}
