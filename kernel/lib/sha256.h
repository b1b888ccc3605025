/* SPDX-License-Identifier: GPL-2.0-only
 * SHA-256 (FIPS 180-4 6.2): names tables in the tool's output and pins images. */
#ifndef BULKHEAD_LIB_SHA256_H
#define BULKHEAD_LIB_SHA256_H

#include "kernel/lib/types.h"

#define SHA256_BYTES 32
#define SHA256_TEXT_SIZE (2 * SHA256_BYTES + 1)

struct sha256 {
    uint32_t state[8];
    uint64_t length;   /* bytes taken so far */
    uint8_t block[64]; /* the last length % 64 of them */
};

struct sha256 sha256_start(void);
void sha256_add(struct sha256 *sha, const void *bytes, size_t length);
/* Ends the computation; sha must not be used after it. */
void sha256_finish(struct sha256 *sha, uint8_t digest[SHA256_BYTES]);

/* All at once. */
void sha256_of(const void *bytes, size_t length, uint8_t digest[SHA256_BYTES]);

/* 64 lower-case hex digits and a NUL into text; returns text. */
char *sha256_text(const uint8_t digest[SHA256_BYTES], char text[SHA256_TEXT_SIZE]);

#endif
