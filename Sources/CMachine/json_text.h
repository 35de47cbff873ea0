// The inside of a JSON string (RFC 8259, section 7) in one pass: what needs no escape is copied 16 bytes at a time, by the
// vector instructions that every x86-64 processor has; `"`, `\` and the controls of JSON documents are escaped eight bytes at a time
// by those that nearly every one has. Header only; inlined into Bytes. All forms write the same bytes.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// What the functions that use vectors may write beyond the end of their text.
#define JSON_TEXT_OVERRUN 16

// How many bytes json_text writes for `text`, if it is valid.
static inline size_t json_text_size_portable(const uint8_t *text, size_t count) {
    size_t size = count;
    for (size_t index = 0; index < count; index++) {
        uint8_t byte = text[index];
        if (byte == '"' || byte == '\\' || byte == 8 || byte == 9 || byte == 10 || byte == 12 || byte == 13) {
            size++;
        } else if (byte < 0x20) {
            size += 5;
        }
    }
    return size;
}

static inline size_t json_text_size(const uint8_t *text, size_t count) {
    size_t size = 0;
    size_t index = 0;
#if defined(__SSE2__)
    for (; index + 16 <= count; index += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(text + index));
        __m128i last = _mm_set1_epi8(0x1f);
        if (_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(block, last), last)) != 0) {
            size += json_text_size_portable(text + index, 16);
            continue;
        }
        __m128i escaped =
            _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('"')), _mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
        // Each is 255, which is one less than 0.
        __m128i sums = _mm_sad_epu8(_mm_sub_epi8(_mm_setzero_si128(), escaped), _mm_setzero_si128());
        size += 16 + (size_t)_mm_cvtsi128_si32(sums) + (size_t)_mm_extract_epi16(sums, 4);
    }
#endif
    return size + json_text_size_portable(text + index, count - index);
}

// The size of the UTF-8 sequence at `text` (RFC 3629), which does not begin with ASCII; 0 if it is invalid or incomplete.
static inline size_t json_text_sequence(const uint8_t *text, size_t left) {
    uint8_t lead = text[0];
    if (lead < 0xe0) {
        return lead >= 0xc2 && left >= 2 && (text[1] & 0xc0) == 0x80 ? 2 : 0;
    }
    if (lead < 0xf0) {
        if (left < 3 || (text[1] & 0xc0) != 0x80 || (text[2] & 0xc0) != 0x80) return 0;
        // Longer than needed, or a half of a surrogate pair.
        if ((lead == 0xe0 && text[1] < 0xa0) || (lead == 0xed && text[1] >= 0xa0)) return 0;
        return 3;
    }
    if (lead >= 0xf5 || left < 4) return 0;
    if ((text[1] & 0xc0) != 0x80 || (text[2] & 0xc0) != 0x80 || (text[3] & 0xc0) != 0x80) return 0;
    // Longer than needed, or beyond the last code point.
    if ((lead == 0xf0 && text[1] < 0x90) || (lead == 0xf4 && text[1] >= 0x90)) return 0;
    return 4;
}

// Writes the shortest escape of `"`, `\` or a byte below 0x20, and returns its size.
static inline size_t json_text_escape(uint8_t *target, uint8_t byte) {
    static const char shorts[32] = {[8] = 'b', [9] = 't', [10] = 'n', [12] = 'f', [13] = 'r'};
    static const char digits[] = "0123456789abcdef";
    target[0] = '\\';
    if (byte >= 0x20) {
        target[1] = byte;
        return 2;
    }
    if (shorts[byte]) {
        target[1] = (uint8_t)shorts[byte];
        return 2;
    }
    memcpy(target + 1, "u00", 3);
    target[4] = (uint8_t)digits[byte >> 4];
    target[5] = (uint8_t)digits[byte & 15];
    return 6;
}

// Writes `text` with `"`, `\` and bytes below 0x20 escaped. `target` has room for json_text_size(text, count) bytes,
// and json_text needs JSON_TEXT_OVERRUN more. With `checks_utf8` it ends before the first sequence that is invalid, or that `count` cuts off; otherwise bytes of 0x80 and above
// are copied as they are. Returns how many bytes of `text` were read, and stores how many were written.
static inline size_t json_text_portable(
    uint8_t *target, const uint8_t *text, size_t count, int checks_utf8, size_t *written) {
    uint8_t *end = target;
    size_t index = 0;
    while (index < count) {
        uint8_t byte = text[index];
        if (byte >= 0x80 && checks_utf8) {
            size_t size = json_text_sequence(text + index, count - index);
            if (size == 0) break;
            memcpy(end, text + index, size);
            end += size;
            index += size;
        } else if (byte < 0x20 || byte == '"' || byte == '\\') {
            end += json_text_escape(end, byte);
            index++;
        } else {
            *end++ = byte;
            index++;
        }
    }
    *written = (size_t)(end - target);
    return index;
}

#if defined(__SSE2__)

// The bytes of a block that cannot be copied as they are: all bits of each are set.
__attribute__((always_inline))
static inline __m128i json_text_specials(__m128i block, int checks_utf8) {
    // Signed, so bytes of 0x80 and above are below 0x20 too.
    __m128i low = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
    if (!checks_utf8) low = _mm_andnot_si128(_mm_cmplt_epi8(block, _mm_setzero_si128()), low);
    __m128i quotes = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
    __m128i backslashes = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
    return _mm_or_si128(low, _mm_or_si128(quotes, backslashes));
}

#if defined(__x86_64__)

// Where each byte of a text of eight goes if those of a mask are escaped: bytes of the text by number, 0x80 for a backslash. (Shuffles
// by a table: Langdale and Lemire, "Parsing Gigabytes of JSON per Second", 2019.)
#define JSON_TEXT_BIT(mask, i) ((mask) >> (i) & 1)
#define JSON_TEXT_STEP(mask, i, rest) \
    ((rest) << (8 + 8 * JSON_TEXT_BIT(mask, i)) | (JSON_TEXT_BIT(mask, i) ? (i) << 8 | 0x80 : (i)))
#define JSON_TEXT_HALF(mask, i, rest) \
    JSON_TEXT_STEP(mask, i, JSON_TEXT_STEP(mask, i + 1, JSON_TEXT_STEP(mask, i + 2, JSON_TEXT_STEP(mask, i + 3, rest))))
#define JSON_TEXT_ROW(mask) JSON_TEXT_HALF(mask, 0, JSON_TEXT_HALF(mask, 4, (unsigned __int128)0))
#define JSON_TEXT_ROWS_4(mask) JSON_TEXT_ROW(mask), JSON_TEXT_ROW(mask + 1), JSON_TEXT_ROW(mask + 2), JSON_TEXT_ROW(mask + 3)
#define JSON_TEXT_ROWS_16(mask) \
    JSON_TEXT_ROWS_4(mask), JSON_TEXT_ROWS_4(mask + 4), JSON_TEXT_ROWS_4(mask + 8), JSON_TEXT_ROWS_4(mask + 12)
#define JSON_TEXT_ROWS_64(mask) \
    JSON_TEXT_ROWS_16(mask), JSON_TEXT_ROWS_16(mask + 16), JSON_TEXT_ROWS_16(mask + 32), JSON_TEXT_ROWS_16(mask + 48)
static const unsigned __int128 json_text_rows[256] = {
    JSON_TEXT_ROWS_64(0), JSON_TEXT_ROWS_64(64), JSON_TEXT_ROWS_64(128), JSON_TEXT_ROWS_64(192)};

static inline int json_text_can_shuffle(void) {
    return __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("popcnt");
}

// Writes the low half of a block with a backslash before each byte of `mask`; 16 bytes are stored. Returns the size.
__attribute__((target("ssse3,popcnt"), always_inline))
static inline size_t json_text_shuffled(uint8_t *target, __m128i block, unsigned mask) {
    __m128i row = _mm_load_si128((const __m128i *)&json_text_rows[mask]);
    __m128i backslashes = _mm_and_si128(_mm_cmplt_epi8(row, _mm_setzero_si128()), _mm_set1_epi8('\\'));
    __m128i bytes = (__m128i)__builtin_ia32_pshufb128((__v16qi)block, (__v16qi)row);
    _mm_storeu_si128((__m128i *)target, _mm_or_si128(bytes, backslashes));
    return 8 + (size_t)__builtin_popcount(mask);
}

// Writes blocks whose special bytes are `"`, `\\`, tabs, line feeds and carriage returns, up to the first one that has others.
// Returns how many bytes of `text` were read, a multiple of 16, and moves `end` behind what was written. Up to
// JSON_TEXT_OVERRUN bytes more are written.
__attribute__((target("ssse3,popcnt"), noinline))
static size_t json_text_shuffled_blocks(uint8_t **end, const uint8_t *text, size_t count, int checks_utf8) {
    uint8_t *target = *end;
    size_t index = 0;
    for (; index + 16 <= count; index += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(text + index));
        // Bytes of 0x80 and above are below 0x20 too, as in json_text_specials.
        __m128i low = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
        if (!checks_utf8) low = _mm_andnot_si128(_mm_cmplt_epi8(block, _mm_setzero_si128()), low);
        __m128i quotes = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
        __m128i backslashes = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
        unsigned specials = (unsigned)_mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quotes, backslashes)));
        if (specials == 0) {
            _mm_storeu_si128((__m128i *)target, block);
            target += 16;
            continue;
        }
        unsigned controls = (unsigned)_mm_movemask_epi8(low);
        if (controls != 0) {
            __m128i tabs = _mm_cmpeq_epi8(block, _mm_set1_epi8('\t'));
            __m128i feeds = _mm_cmpeq_epi8(block, _mm_set1_epi8('\n'));
            __m128i returns = _mm_cmpeq_epi8(block, _mm_set1_epi8('\r'));
            if ((unsigned)_mm_movemask_epi8(_mm_or_si128(tabs, _mm_or_si128(feeds, returns))) != controls) break;
            block = _mm_add_epi8(block, _mm_and_si128(tabs, _mm_set1_epi8('t' - '\t')));
            block = _mm_add_epi8(block, _mm_and_si128(feeds, _mm_set1_epi8('n' - '\n')));
            block = _mm_add_epi8(block, _mm_and_si128(returns, _mm_set1_epi8('r' - '\r')));
        }
        target += json_text_shuffled(target, block, specials & 255);
        target += json_text_shuffled(target, _mm_srli_si128(block, 8), specials >> 8);
    }
    *end = target;
    return index;
}

#else

static inline int json_text_can_shuffle(void) { return 0; }

static inline size_t json_text_shuffled_blocks(uint8_t **end, const uint8_t *text, size_t count, int checks_utf8) {
    (void)end;
    (void)text;
    (void)count;
    (void)checks_utf8;
    return 0;
}

#endif

// A block is stored as a whole, and what does not belong there is written over.
__attribute__((always_inline))
static inline size_t json_text_blocks(
    uint8_t *target, const uint8_t *text, size_t count, int checks_utf8, size_t *written) {
    uint8_t *end = target;
    size_t index = 0;
    const int shuffles = json_text_can_shuffle();
    while (index + 16 <= count) {
        __m128i block = _mm_loadu_si128((const __m128i *)(text + index));
        unsigned specials = (unsigned)_mm_movemask_epi8(json_text_specials(block, checks_utf8));
        _mm_storeu_si128((__m128i *)end, block);
        if (specials == 0) {
            end += 16;
            index += 16;
            // Where one block has nothing special, more of them probably have not.
            while (index + 32 <= count) {
                __m128i first = _mm_loadu_si128((const __m128i *)(text + index));
                __m128i second = _mm_loadu_si128((const __m128i *)(text + index + 16));
                __m128i both =
                    _mm_or_si128(json_text_specials(first, checks_utf8), json_text_specials(second, checks_utf8));
                if (_mm_movemask_epi8(both) != 0) break;
                _mm_storeu_si128((__m128i *)end, first);
                _mm_storeu_si128((__m128i *)(end + 16), second);
                end += 32;
                index += 32;
            }
            continue;
        }
        size_t shuffled = shuffles ? json_text_shuffled_blocks(&end, text + index, count - index, checks_utf8) : 0;
        if (shuffled != 0) {
            index += shuffled;
            continue;
        }
        // Behind an escape 16 bytes are copied, some of them from the next block.
        if (index + 32 > count) break;
        size_t done = 0;
        size_t limit = 16;
        do {
            size_t place = (size_t)__builtin_ctz(specials);
            uint8_t byte = text[index + place];
            if (byte < 0x80) {
                end += place - done;
                end += json_text_escape(end, byte);
                done = place + 1;
                specials &= specials - 1;
                _mm_storeu_si128((__m128i *)end, _mm_loadu_si128((const __m128i *)(text + index + done)));
            } else {
                size_t size = json_text_sequence(text + index + place, count - index - place);
                if (size == 0) {
                    *written = (size_t)(end - target) + place - done;
                    return index + place;
                }
                if (place + size > 16) {
                    // The next block begins with it.
                    limit = place;
                    break;
                }
                specials &= ~0u << (place + size);
            }
        } while (specials != 0);
        end += limit - done;
        index += limit;
    }
    if (index < count && count >= 16) {
        // The last 16 bytes; some are written twice.
        __m128i block = _mm_loadu_si128((const __m128i *)(text + count - 16));
        if (index + 16 > count && _mm_movemask_epi8(json_text_specials(block, checks_utf8)) == 0) {
            _mm_storeu_si128((__m128i *)(end + (count - index) - 16), block);
            *written = (size_t)(end - target) + count - index;
            return count;
        }
    }
    size_t rest;
    index += json_text_portable(end, text + index, count - index, checks_utf8, &rest);
    *written = (size_t)(end - target) + rest;
    return index;
}

// How many bytes at the beginning of `text` are ASCII that needs no escape; a multiple of 32, at most `count`.
static inline size_t json_text_plain(const uint8_t *text, size_t count) {
    size_t index = 0;
    for (; index + 32 <= count; index += 32) {
        __m128i first = json_text_specials(_mm_loadu_si128((const __m128i *)(text + index)), 1);
        __m128i second = json_text_specials(_mm_loadu_si128((const __m128i *)(text + index + 16)), 1);
        if (_mm_movemask_epi8(_mm_or_si128(first, second)) != 0) break;
    }
    return index;
}

static inline size_t json_text(
    uint8_t *target, const uint8_t *text, size_t count, int checks_utf8, size_t *written) {
    // One copy of the loop for each.
    return checks_utf8 ? json_text_blocks(target, text, count, 1, written)
                       : json_text_blocks(target, text, count, 0, written);
}

#else

static inline size_t json_text_plain(const uint8_t *text, size_t count) {
    (void)text;
    (void)count;
    return 0;
}

static inline size_t json_text(
    uint8_t *target, const uint8_t *text, size_t count, int checks_utf8, size_t *written) {
    return json_text_portable(target, text, count, checks_utf8, written);
}

#endif

// What the second character of an escape stands for; 0 where it needs another look, as \u does.
static inline uint8_t json_text_unescaped(uint8_t byte) {
    switch (byte) {
    case '"': case '\\': case '/': return byte;
    case 'b': return 8;
    case 't': return 9;
    case 'n': return 10;
    case 'f': return 12;
    case 'r': return 13;
    default: return 0;
    }
}

// Writes what the inside of a JSON string stands for, up to its closing quote, a byte below 0x20, an escape \uXXXX or one that
// is invalid or cut off. `target` has room for `count` + JSON_TEXT_OVERRUN bytes. Returns how many bytes of `text` were read, and stores how
// many were written. Without `uses_vectors` it takes a byte at a time, with the same result.
__attribute__((always_inline))
static inline size_t json_text_read(
    uint8_t *target, const uint8_t *text, size_t count, int uses_vectors, size_t *written) {
    uint8_t *end = target;
    size_t index = 0;
    while (index < count) {
#if defined(__SSE2__)
        if (uses_vectors && index + 16 <= count) {
            __m128i block = _mm_loadu_si128((const __m128i *)(text + index));
            unsigned specials = (unsigned)_mm_movemask_epi8(json_text_specials(block, 0));
            _mm_storeu_si128((__m128i *)end, block);
            size_t clean = specials == 0 ? 16 : (size_t)__builtin_ctz(specials);
            end += clean;
            index += clean;
            if (specials == 0) continue;
        }
#endif
        uint8_t byte = text[index];
        if (byte >= 0x20 && byte != '"' && byte != '\\') {
            *end++ = byte;
            index++;
            continue;
        }
        if (byte != '\\' || index + 1 == count) break;
        byte = json_text_unescaped(text[index + 1]);
        if (byte == 0) break;
        *end++ = byte;
        index += 2;
    }
    *written = (size_t)(end - target);
    return index;
}

// The size of the escape at `text` if json_text writes it like this; 0 if it is another one, or none.
static inline size_t json_text_minimal_escape(const uint8_t *text, size_t left) {
    if (left < 2) return 0;
    uint8_t byte = json_text_unescaped(text[1]);
    if (byte != 0) return byte == '/' ? 0 : 2;
    if (left < 6) return 0;
    uint8_t low = text[5] >= 'a' ? text[5] - 'a' + 10 : text[5] - '0';
    byte = (uint8_t)((text[4] - '0') << 4 | (low & 15));
    uint8_t expected[6];
    return byte < 0x20 && json_text_escape(expected, byte) == 6 && memcmp(expected, text, 6) == 0 ? 6 : 0;
}

// The end of the JSON string whose inside begins at `text`: the offset of its closing quote, or `count` if there is none. Stores
// whether everything before it is spelled as json_text spells it. Bytes of 0x80 and above are not checked.
static inline size_t json_text_end_portable(const uint8_t *text, size_t count, int *is_minimal) {
    size_t index = 0;
    while (index < count && text[index] != '"') {
        if (text[index] == '\\') {
            size_t size = json_text_minimal_escape(text + index, count - index);
            if (size == 0) *is_minimal = 0;
            index += size == 0 ? 2 : size;
        } else {
            if (text[index] < 0x20) *is_minimal = 0;
            index++;
        }
    }
    return index < count ? index : count;
}

#if defined(__SSE2__)

// The bytes of 64 that a backslash escapes, as bits, after simdjson's json_escape_scanner (Langdale and Lemire, "Parsing
// Gigabytes of JSON per Second", 2019): a run of backslashes escapes every second byte. `carry` says whether the byte before
// escapes the first one, and then whether the last one escapes the next.
__attribute__((always_inline))
static inline uint64_t json_text_escaped(uint64_t backslashes, uint64_t *carry) {
    const uint64_t odd = 0xaaaaaaaaaaaaaaaa;
    uint64_t starts = backslashes & ~*carry;
    uint64_t series = (((starts << 1) | odd) - starts) ^ odd;
    uint64_t escaped = series ^ (backslashes | *carry);
    *carry = (series & backslashes) >> 63;
    return escaped;
}

static inline size_t json_text_end(const uint8_t *text, size_t count, int *is_minimal) {
    uint64_t carry = 0;
    size_t index = 0;
    *is_minimal = 1;
    for (; index + 64 <= count; index += 64) {
        uint64_t quotes = 0, backslashes = 0, controls = 0;
        for (int part = 0; part < 4; part++) {
            __m128i block = _mm_loadu_si128((const __m128i *)(text + index + 16 * part));
            __m128i last = _mm_set1_epi8(0x1f);
            quotes |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8('"'))) << 16 * part;
            backslashes |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8('\\'))) << 16 * part;
            controls |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(block, last), last)) << 16 * part;
        }
        uint64_t escaped = json_text_escaped(backslashes, &carry);
        uint64_t ends = quotes & ~escaped;
        uint64_t inside = ends == 0 ? ~(uint64_t)0 : (ends & -ends) - 1;
        if ((controls & inside) != 0) *is_minimal = 0;
        // What is no quote or backslash: \n, \u001f and other spellings.
        uint64_t others = escaped & ~(quotes | backslashes) & inside;
        for (; others != 0 && *is_minimal; others &= others - 1) {
            size_t place = index + (size_t)__builtin_ctzll(others);
            if (json_text_minimal_escape(text + place - 1, count - place + 1) == 0) *is_minimal = 0;
        }
        if (ends != 0) return index + (size_t)__builtin_ctzll(ends);
    }
    // The rest begins with the backslash whose escape it ends.
    index -= (size_t)carry;
    return index + json_text_end_portable(text + index, count - index, is_minimal);
}

#else

static inline size_t json_text_end(const uint8_t *text, size_t count, int *is_minimal) {
    *is_minimal = 1;
    return json_text_end_portable(text, count, is_minimal);
}

#endif
