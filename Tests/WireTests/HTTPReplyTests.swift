import Bytes
import Foundation
import Testing
import Wire

@Suite("Answers of HTTP")
struct HTTPReplyTests {
    private static let date = HTTPDate(seconds: 784_111_777)

    private func written(_ head: HTTPReplyHead, _ body: String, size: Int?? = nil) -> String {
        var buffer = ByteBuffer()
        let bytes = body.bytes
        buffer.append(head: head, bodySize: size ?? bytes.count, date: HTTPReplyTests.date)
        buffer.append(field: "Cache-Control", "no-store")
        buffer.append(body: bytes.span, of: head)
        return String(buffer.bytes)
    }

    @Test("an answer is its head, its fields and its body, byte by byte")
    func whole() {
        let head = HTTPReplyHead(status: 200, contentType: "text/plain", persistence: .open)
        #expect(
            written(head, "hello")
                == "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/plain\r\n"
                + "Content-Length: 5\r\nCache-Control: no-store\r\n\r\nhello")
    }

    @Test(
        "what is said about the connection",
        arguments: [
            (HTTPPersistence.open, ""), (.close, "Connection: close\r\n"), (.keepAlive, "Connection: keep-alive\r\n"),
        ])
    func connection(persistence: HTTPPersistence, line: String) {
        #expect(
            written(HTTPReplyHead(status: 404, persistence: persistence), "") == "HTTP/1.1 404 Not Found\r\n"
                + "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\(line)Cache-Control: no-store\r\n\r\n")
    }

    @Test("the answer to HEAD has the head of the answer to GET, and no body")
    func head() {
        let get = HTTPReplyHead(status: 200, contentType: "a/b", persistence: .open)
        let head = HTTPReplyHead(status: 200, contentType: "a/b", persistence: .open, isForHead: true)
        #expect(written(head, "hello") + "hello" == written(get, "hello"))
    }

    @Test("204 and 304 have neither length nor type nor body", arguments: [204, 304])
    func bodiless(status: Int) {
        let head = HTTPReplyHead(status: status, contentType: "a/b", persistence: .open)
        let text = written(head, "hello")
        #expect(text == written(head, "", size: .some(nil)))
        #expect(!text.contains("Content-") && text.hasSuffix("\r\n\r\n"))
    }

    @Test("a body that ends with the connection has no length")
    func unbounded() {
        let head = HTTPReplyHead(status: 200, contentType: "text/event-stream", persistence: .close)
        let text = written(head, "", size: .some(nil))
        #expect(!text.contains("Content-Length") && text.contains("Connection: close\r\n"))
    }

    @Test("fields of numbers and of bytes; no value can begin another field")
    func fields() {
        var buffer = ByteBuffer()
        buffer.append(field: "Puffin-Seq", 42)
        let etag = "\"0011\"".bytes
        buffer.append(field: "ETag", etag.span)
        let forged = "a\r\nSet-Cookie: b\0\u{7f}\tc\u{e9}".bytes
        buffer.append(field: "X", forged.span)
        buffer.appendEndOfHead()
        #expect(
            String(buffer.bytes)
                == "Puffin-Seq: 42\r\nETag: \"0011\"\r\nX: a??Set-Cookie: b???c\u{e9}\r\n\r\n")
    }

    @Test("the answer to Expect")
    func continuing() {
        var buffer = ByteBuffer()
        buffer.appendContinue()
        #expect(Array(buffer.bytes) == "HTTP/1.1 100 Continue\r\n\r\n".bytes)
    }

    @Test(
        "every status that the server uses has its phrase",
        arguments: [
            200, 201, 204, 304, 400, 401, 403, 404, 405, 406, 408, 410, 412, 413, 414, 415, 417, 421, 431, 500, 501,
            503, 504,
            505, 507,
        ])
    func phrases(status: Int) {
        let line = written(HTTPReplyHead(status: status, persistence: .open), "").prefix { $0 != "\r\n" }
        #expect(line.hasPrefix("HTTP/1.1 \(status) ") && !line.hasSuffix("Unnamed"), "\(line)")
    }

    @Test("a status without a phrase")
    func unnamed() {
        #expect(written(HTTPReplyHead(status: 299, persistence: .open), "").hasPrefix("HTTP/1.1 299 Unnamed\r\n"))
    }
}

@Suite("Dates of HTTP")
struct HTTPDateTests {
    private func text(_ seconds: Int) -> String {
        let date = HTTPDate(seconds: seconds)
        return String(date.bytes)
    }

    @Test(
        "known moments",
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"), (-1, "Thu, 01 Jan 1970 00:00:00 GMT"),
        ])
    func known(seconds: Int, expected: String) {
        #expect(text(seconds) == expected)
    }

    @Test("every tenth day of 500 years is what Foundation writes")
    func foundation() {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        for day in stride(from: 0, to: 500 * 365, by: 10) {
            let seconds = day * 86_400 + day * 7_919 % 86_400
            let expected = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
            if text(seconds) != expected { Issue.record("\(seconds): \(text(seconds)), expected \(expected)") }
        }
    }

    @Test("a date is set again")
    func again() {
        var date = HTTPDate(seconds: 0)
        date.set(784_111_777)
        date.set(784_111_777)
        #expect(String(date.bytes) == "Sun, 06 Nov 1994 08:49:37 GMT" && date.seconds == 784_111_777)
    }
}
