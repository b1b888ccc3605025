/* SPDX-License-Identifier: GPL-2.0-only
 * SHA-256 (FIPS 180-4 6.2). */
#include "kernel/lib/sha256.h"

#include "kernel/lib/string.h"

#define BLOCK_BYTES 64
#define LENGTH_AT 56 /* in the last block: the message's length in bits */
#define ROUNDS 64

/* FIPS 180-4 4.2.2. */
static const uint32_t round_constants[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t v, unsigned bits)
{
    return v >> bits | v << (32 - bits);
}

static void expand(uint32_t w[ROUNDS], const uint8_t *block)
{
    for (size_t i = 0; i < 16; i++) {
        const uint8_t *b = block + 4 * i;
        w[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    for (size_t i = 16; i < ROUNDS; i++) {
        uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
}

/* v[0..7] are a..h of FIPS 180-4 6.2.2. */
static void compress(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[ROUNDS];
    uint32_t v[8];
    expand(w, block);
    memcpy(v, state, sizeof(v));
    for (size_t i = 0; i < ROUNDS; i++) {
        uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
        uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        uint32_t t1 = v[7] + s1 + choice + round_constants[i] + w[i];
        uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
        uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        memmove(v + 1, v, 7 * sizeof(v[0]));
        v[4] += t1;
        v[0] = t1 + s0 + majority;
    }
    for (size_t i = 0; i < 8; i++) {
        state[i] += v[i];
    }
}

struct sha256 sha256_start(void)
{
    /* FIPS 180-4 5.3.3. */
    return (struct sha256){
        .state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void sha256_add(struct sha256 *sha, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    while (length != 0) {
        size_t held = sha->length % BLOCK_BYTES;
        size_t take = length < BLOCK_BYTES - held ? length : BLOCK_BYTES - held;
        memcpy(sha->block + held, at, take);
        sha->length += take;
        at += take;
        length -= take;
        if (sha->length % BLOCK_BYTES == 0) {
            compress(sha->state, sha->block);
        }
    }
}

void sha256_finish(struct sha256 *sha, uint8_t digest[SHA256_BYTES])
{
    static const uint8_t padding[BLOCK_BYTES] = {0x80};
    uint64_t bits = sha->length * 8;
    size_t held = sha->length % BLOCK_BYTES;
    sha256_add(sha, padding, (held < LENGTH_AT ? LENGTH_AT : LENGTH_AT + BLOCK_BYTES) - held);
    uint8_t length[8];
    for (size_t i = 0; i < 8; i++) {
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    }
    sha256_add(sha, length, sizeof(length));
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        digest[i] = (uint8_t)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
    }
}

void sha256_of(const void *bytes, size_t length, uint8_t digest[SHA256_BYTES])
{
    struct sha256 sha = sha256_start();
    sha256_add(&sha, bytes, length);
    sha256_finish(&sha, digest);
}

char *sha256_text(const uint8_t digest[SHA256_BYTES], char text[SHA256_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    text[SHA256_TEXT_SIZE - 1] = 0;
    return text;
}
