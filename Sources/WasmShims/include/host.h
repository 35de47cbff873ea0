// What the module asks of the program that runs it.
#pragma once

#include <stdint.h>

// Reads up to `size` bytes of a file, from `offset` on, to `bytes`. Returns how many: 0 at the end, -1 if it cannot be read.
__attribute__((import_module("puffin"), import_name("read")))
int32_t host_read(int32_t file, uint32_t offset, void *bytes, uint32_t size);

// The number that a decimal text spells, as ECMAScript reads it.
__attribute__((import_module("puffin"), import_name("number")))
double host_number(const char *text, uint32_t size);

// 32 random bits, against keys that are chosen to collide in a hash table.
__attribute__((import_module("puffin"), import_name("random")))
uint32_t host_random(void);
