// Notes and authors in feeds of changes: neither is shown.

import Bytes
import LogFormat
import Server
import Store
import TestSupport
import Testing

extension ChangeHubTests {
    @Test("no feed shows a note or an author, and tokens move on behind the record of a note")
    func notes() throws {
        var text = ByteBuffer()
        var encoder = RecordEncoder()
        var position = ChainPosition.start
        text.append(header: LogHeader(history: "0123456789ab", firstSeq: 1, chain: 0, needs: .notes))
        let (key, note, value) = (Array("user/1".utf8), Array("user/alice".utf8), Array("{}".utf8))
        encoder.author.append(",\"by\":\"alice\"")
        position = encoder.append(.set(key: key.span, value: value.span), after: position, timestamp: 5, to: &text)
        for _ in 0..<2 {
            position = encoder.append(
                .note(path: note.span, value: value.span), after: position, timestamp: 5, to: &text)
        }
        position = encoder.append(.delete(key: key.span), after: position, timestamp: 5, to: &text)
        position = encoder.append(.note(path: note.span, value: Span()), after: position, timestamp: 5, to: &text)
        let disk = MemoryDisk(["data/puffin.json.log/00000000000000000001.jsonl": Array(text.bytes)])
        let stepped = try SteppedServer(disk: disk)
        let (line, resp) = (try SteppedClient(stepped), try SteppedClient(stepped))
        try line.send("CHANGES user FROM 0 LIMIT 9\n")
        try resp.send(TestSupport.resp("CHANGES", "", "FROM", "1", "LIMIT", "9"))
        settle(stepped)
        #expect(
            take(line) == """
                {"next":"5-CRC"}
                {"seq":1,"ts":TS,"op":"set","key":"user/1","value":"{}","token":"1-CRC"}
                {"seq":4,"ts":TS,"op":"delete","key":"user/1","token":"4-CRC"}
                END

                """)
        #expect(
            take(resp)
                == "*2\r\n$10\r\n5-CRC\r\n*1\r\n*3\r\n$10\r\n4-CRC\r\n:5\r\n*1\r\n*4\r\n$6\r\ndelete\r\n$6\r\nuser/1\r\n$-1\r\n$-1\r\n"
        )
        stepped.stop()
    }
}
