/* SPDX-License-Identifier: GPL-2.0-only
 * Remembered instructions. */
#include "guest/code_cache.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define WORD sizeof(uint64_t)

static unsigned line_of(uint64_t linear)
{
    return (unsigned)(linear ^ linear >> 5) % CODE_CACHE_LINES;
}

/* One test for all: the same answer nearly always. */
static bool same_code(const struct vcpu_code *a, const struct vcpu_code *b)
{
    return ((a->linear ^ b->linear) | (a->cr3 ^ b->cr3) | (a->cr0 ^ b->cr0) | (a->cr4 ^ b->cr4) | (a->efer ^ b->efer) |
            (a->bits ^ b->bits)) == 0;
}

/* Unaligned; the guest may change it meanwhile, so it is read once. */
static uint64_t load(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, WORD);
    return word;
}

static bool same_bytes(const struct code_cache_line *line)
{
    return ((load(line->at) ^ line->bytes[0]) & line->masks[0]) == 0 &&
           ((load(line->at + WORD) ^ line->bytes[1]) & line->masks[1]) == 0;
}

const struct decode_insn *code_cache_find(const struct code_cache *cache, const struct vcpu_code *code)
{
    const struct code_cache_line *line = &cache->lines[line_of(code->linear)];
    bool same = same_code(&line->code, code) && page_walk_trace_holds(&line->trace) && same_bytes(line);
    return same ? &line->insn : NULL;
}

void code_cache_put(struct code_cache *cache, const struct vcpu_code *code, const struct page_walk_trace *trace,
                    const uint8_t *at, const uint8_t *bytes, const struct decode_insn *insn)
{
    unsigned first = insn->length < WORD ? insn->length : WORD;
    unsigned second = insn->length - first;
    if (!trace->whole) {
        return;
    }
    cache->lines[line_of(code->linear)] = (struct code_cache_line){
        .code = *code,
        .trace = *trace,
        .at = at,
        .bytes = {load(bytes), load(bytes + WORD)},
        .masks = {MASK64(8 * first - 1, 0), second == 0 ? 0 : MASK64(8 * second - 1, 0)},
        .insn = *insn,
    };
}
