/* SPDX-License-Identifier: GPL-2.0-only
 * The memory and string functions that a freestanding compiler expects; on the host, libc's own serve. */
#ifndef BULKHEAD_LIB_STRING_H
#define BULKHEAD_LIB_STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);

/* A freestanding compiler calls these even for eight bytes unless it is told that they are the well-known ones. */
#ifndef memcpy
#define memcpy(to, from, bytes) __builtin_memcpy(to, from, bytes)
#define memset(to, value, bytes) __builtin_memset(to, value, bytes)
#endif

#endif
