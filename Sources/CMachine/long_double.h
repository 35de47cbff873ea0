// Sums of C's `long double`, for INCRBYFLOAT: Redis adds in it, and Swift has the type on x86 only. Header only.
//
// The programs never call setlocale, so numbers are written and read as in the C locale.
#pragma once

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Bytes that a text of a long double has at most: 4933 digits and 17 decimals, and some to spare. Redis has the same limit.
enum { long_double_text_size = 5 << 10 };

enum { long_double_malformed = -1, long_double_not_finite = -2 };

// Reads what strtold reads, hexadecimal digits and exponents too, but no blanks, no NaN, and nothing that is out of range.
// Returns 0 where the bytes are no such number.
static inline int long_double_parse(const uint8_t *bytes, size_t size, long double *value) {
    char text[long_double_text_size];
    if (size == 0 || size >= sizeof text || isspace(bytes[0])) return 0;
    memcpy(text, bytes, size);
    text[size] = 0;
    char *end;
    errno = 0;
    *value = strtold(text, &end);
    if (end != text + size || errno == EINVAL || isnan(*value)) return 0;
    return !(errno == ERANGE && (isinf(*value) || fpclassify(*value) == FP_ZERO));
}

// Writes a finite number with up to 17 decimals, zeros at the end left out, to `long_double_text_size` bytes.
// Returns the text's size, or `long_double_not_finite`.
static inline int long_double_print(long double value, uint8_t *bytes) {
    if (!isfinite(value)) return long_double_not_finite;
    char *text = (char *)bytes;
    int size = snprintf(text, long_double_text_size, "%.17Lf", value);
    if (memchr(text, '.', (size_t)size)) {
        while (text[size - 1] == '0') size--;
        if (text[size - 1] == '.') size--;
    }
    if (size == 2 && text[0] == '-' && text[1] == '0') {
        text[0] = '0';
        size = 1;
    }
    return size;
}

// Adds two numbers in decimal. `sum` has `long_double_text_size` bytes.
// Returns the size of the sum's text, `long_double_malformed` or `long_double_not_finite`.
static inline int long_double_add(
    const uint8_t *left, size_t left_size, const uint8_t *right, size_t right_size, uint8_t *sum
) {
    long double one, other;
    if (!long_double_parse(left, left_size, &one)) return long_double_malformed;
    if (!long_double_parse(right, right_size, &other)) return long_double_malformed;
    return long_double_print(one + other, sum);
}
