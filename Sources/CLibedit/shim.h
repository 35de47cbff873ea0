// What the prompt of puffin-cli uses of libedit. Most of its settings are made by functions with varying arguments, which
// Swift cannot call: each has a function of its own here.
#pragma once

// First, so that nothing below changes what Swift's Glibc module has seen.
#include <features.h>

#include <histedit.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>

typedef char *(*puffin_prompt)(EditLine *);
typedef unsigned char (*puffin_function)(EditLine *, int);

static inline EditLine *puffin_open(const char *program) { return el_init(program, stdin, stdout, stderr); }

static inline void puffin_set_data(EditLine *editor, void *data) { el_set(editor, EL_CLIENTDATA, data); }

static inline void *puffin_data(EditLine *editor) {
    void *data = NULL;
    el_get(editor, EL_CLIENTDATA, &data);
    return data;
}

// What stands between two bytes 1 in a prompt takes no room on the screen.
static inline void puffin_set_prompt(EditLine *editor, puffin_prompt prompt) {
    el_set(editor, EL_PROMPT_ESC, prompt, '\1');
}

static inline void puffin_set_editor(EditLine *editor, const char *name) { el_set(editor, EL_EDITOR, name); }

static inline void puffin_set_edit_mode(EditLine *editor, int is_on) { el_set(editor, EL_EDITMODE, is_on); }

// libedit puts the terminal right before a signal has its way.
static inline void puffin_handle_signals(EditLine *editor) { el_set(editor, EL_SIGNAL, 1); }

static inline void puffin_set_history(EditLine *editor, History *kept) { el_set(editor, EL_HIST, history, kept); }

static inline void puffin_add_function(
    EditLine *editor, const char *name, const char *help, puffin_function function) {
    el_set(editor, EL_ADDFN, name, help, function);
}

static inline void puffin_bind(EditLine *editor, const char *key, const char *name) {
    el_set(editor, EL_BIND, key, name, NULL);
}

// While a line is edited the keys that interrupt and suspend are keys like any other.
static inline void puffin_free_signal_keys(EditLine *editor) { el_set(editor, EL_SETTY, "-d", "-isig", NULL); }

// Makes the terminal ready for editing, or as it was.
static inline void puffin_prepare_terminal(EditLine *editor, int is_editing) {
    el_set(editor, EL_PREP_TERM, is_editing);
}

static inline void puffin_limit_history(History *kept, int size) {
    HistEvent event;
    history(kept, &event, H_SETSIZE, size);
    history(kept, &event, H_SETUNIQUE, 1);
}

static inline void puffin_enter_history(History *kept, const char *line) {
    HistEvent event;
    history(kept, &event, H_ENTER, line);
}

static inline const char *puffin_codeset(void) { return nl_langinfo(CODESET); }
