// libedit for the prompt: one line at a time, with editing, history and completion. `unsafe` is allowed here because
// `init` creates the editor and its history and `deinit` frees them, once each; every text passed lives until the call
// returns, or in `promptMemory` until the next prompt; and libedit calls back only from inside `readLine`, on the same
// thread, while `self` exists.

import CLibedit
import Glibc

/// The effect of a key press.
enum EditorAnswer {
    /// Inserts this at the cursor.
    case insert(String)
    /// Shows these lines, and then the edited line again.
    case show([String])
    case beep
}

/// The result of reading a line.
enum EditedLine {
    case line(String)
    /// Cancelled by Ctrl-C.
    case cancelled
    /// Ctrl-D on an empty line, or the end of the input.
    case end
}

/// An editor on the terminal of this process. There is one at a time.
@safe
final class LineEditor {
    private let editor: OpaquePointer
    private let history: OpaquePointer
    private let complete: (String) -> EditorAnswer
    private var promptMemory: UnsafeMutablePointer<CChar>?
    private var isCancelled = false

    /// - Parameters:
    ///   - isPlain: whether the terminal cannot move its cursor; lines are then read unedited.
    ///   - historySize: the number of lines to remember.
    ///   - complete: called with the text before the cursor when Tab is pressed.
    /// - Returns: nil if there is no terminal, or no memory.
    init?(program: String, isPlain: Bool, historySize: Int32, complete: @escaping (String) -> EditorAnswer) {
        LineEditor.useUTF8()
        guard let editor = unsafe puffin_open(program) else { return nil }
        guard let history = unsafe history_init() else {
            unsafe el_end(editor)
            return nil
        }
        unsafe (self.editor, self.history) = (editor, history)
        self.complete = complete
        unsafe puffin_set_data(editor, Unmanaged.passUnretained(self).toOpaque())
        unsafe puffin_set_prompt(editor) { editor in unsafe LineEditor.of(editor)?.promptMemory }
        unsafe puffin_limit_history(history, historySize)
        unsafe puffin_set_history(editor, history)
        unsafe puffin_set_editor(editor, "emacs")
        unsafe puffin_handle_signals(editor)
        unsafe puffin_add_function(editor, "puffin-complete", "Completes the word") { editor, _ in
            unsafe LineEditor.of(editor)?.completeWord() ?? UInt8(CC_ERROR)
        }
        unsafe puffin_add_function(editor, "puffin-cancel", "Gives the line up") { editor, _ in
            unsafe LineEditor.of(editor)?.cancel() ?? UInt8(CC_ERROR)
        }
        unsafe puffin_add_function(editor, "puffin-suspend", "Goes back to the shell for a while") { editor, _ in
            unsafe LineEditor.of(editor)?.suspend() ?? UInt8(CC_ERROR)
        }
        unsafe puffin_bind(editor, "^R", "em-inc-search-prev")
        // The user's own ~/.editrc comes first; the prompt's bindings override it.
        unsafe el_source(editor, nil)
        unsafe puffin_bind(editor, "^I", "puffin-complete")
        unsafe puffin_bind(editor, "^C", "puffin-cancel")
        unsafe puffin_bind(editor, "^Z", "puffin-suspend")
        unsafe puffin_free_signal_keys(editor)
        if isPlain { unsafe puffin_set_edit_mode(editor, 0) }
    }

    deinit {
        unsafe el_end(editor)
        unsafe history_end(history)
        unsafe free(promptMemory)
    }

    /// Reads a line.
    /// - Parameter prompt: the prompt's text; runs between two bytes 1 take no room on the screen.
    func readLine(prompt: String) -> EditedLine {
        unsafe free(promptMemory)
        unsafe promptMemory = strdup(prompt)
        isCancelled = false
        var size: Int32 = 0
        guard let text = unsafe el_gets(editor, &size), size > 0 else { return .end }
        if isCancelled { return .cancelled }
        let bytes = unsafe UnsafeRawBufferPointer(start: text, count: strlen(text))
        return unsafe .line(String(decoding: bytes, as: UTF8.self))
    }

    /// Adds a line to the history.
    func remember(_ line: String) { unsafe puffin_enter_history(history, line) }

    private static func of(_ editor: OpaquePointer?) -> LineEditor? {
        guard let data = unsafe puffin_data(editor) else { return nil }
        return unsafe Unmanaged<LineEditor>.fromOpaque(data).takeUnretainedValue()
    }

    private func completeWord() -> UInt8 {
        guard let info = unsafe el_line(editor) else { return UInt8(CC_ERROR) }
        let start = unsafe info.pointee.buffer
        let before = unsafe UnsafeRawBufferPointer(start: start, count: info.pointee.cursor - info.pointee.buffer)
        switch complete(unsafe String(decoding: before, as: UTF8.self)) {
        case .insert(let text):
            return unsafe el_insertstr(editor, text) == 0 ? UInt8(CC_REFRESH) : UInt8(CC_ERROR)
        case .show(let lines):
            writeText("\n" + lines.map { $0 + "\n" }.joined())
            return UInt8(CC_REDISPLAY)
        case .beep:
            return UInt8(CC_REFRESH_BEEP)
        }
    }

    private func cancel() -> UInt8 {
        isCancelled = true
        writeText("^C\n")
        return UInt8(CC_NEWLINE)
    }

    private func suspend() -> UInt8 {
        unsafe puffin_prepare_terminal(editor, 0)
        _ = kill(0, SIGTSTP)
        unsafe puffin_prepare_terminal(editor, 1)
        return UInt8(CC_REDISPLAY)
    }

    /// libedit writes to the same terminal by stdio, whose buffer is empty between two keys.
    private func writeText(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = unsafe write(1, bytes.baseAddress.unsafelyUnwrapped + sent, bytes.count - sent)
                guard count > 0 else { return }
                sent += count
            }
        }
    }

    /// Texts are UTF-8, whatever locale the environment names.
    private static func useUTF8() {
        _ = unsafe setlocale(LC_CTYPE, "")
        let name = unsafe puffin_codeset().map { unsafe String(cString: $0) }
        if name != "UTF-8" { _ = unsafe setlocale(LC_CTYPE, "C.UTF-8") }
    }
}
