/* SPDX-License-Identifier: GPL-2.0-only
 * Instructions that exited before, remembered by where they are: a loop that polls a device exits at the same few
 * places. Nothing is trusted to have stayed: the entries of the page walk and the bytes of the instruction are compared
 * at every use, so an answer is always what fetching and decoding anew would give. One a vCPU. */
#ifndef BULKHEAD_GUEST_CODE_CACHE_H
#define BULKHEAD_GUEST_CODE_CACHE_H

#include "guest/decode.h"
#include "guest/page_walk.h"
#include "kernel/core/vcpu.h"

#define CODE_CACHE_LINES 32
#define CODE_CACHE_BYTES 16 /* compared in two words; an instruction has at most 15 */

struct code_cache_line {
    struct vcpu_code code; /* bits 0: the line is free */
    struct page_walk_trace trace;
    const uint8_t *at;           /* the bytes in the guest's RAM */
    uint64_t bytes[2], masks[2]; /* what they were, and which of them belong to the instruction */
    struct decode_insn insn;
};

struct code_cache {
    struct code_cache_line lines[CODE_CACHE_LINES];
};

/* The instruction there, or NULL when it is not known, or not known to be the same still. */
const struct decode_insn *code_cache_find(const struct code_cache *cache, const struct vcpu_code *code);

/* Remember insn, whose bytes are at `at`, CODE_CACHE_BYTES readable, and were read as `bytes`; a walk that is not whole
 * is not remembered. */
void code_cache_put(struct code_cache *cache, const struct vcpu_code *code, const struct page_walk_trace *trace,
                    const uint8_t *at, const uint8_t *bytes, const struct decode_insn *insn);

#endif
