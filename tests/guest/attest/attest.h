/* SPDX-License-Identifier: GPL-2.0-only
 * The hostile guest of `bulkhead attest` (docs/attest.md): everything within a guest's reach, tried in bulk. Each class
 * of attempts prints one line with its counts, and a line for each of the first attempts that got through. */
#ifndef BULKHEAD_TESTS_GUEST_ATTEST_H
#define BULKHEAD_TESTS_GUEST_ATTEST_H

#include "tests/guest/config/config.h"

#define ATTEST_NO_DEVICE 0xffffu

/* What the command line says. */
struct attest_options {
    uint32_t seed;
    uint64_t class_ms; /* time for each bulk class; 0: as long as it takes */
    uint64_t seconds;  /* how long to stay and look at its memory, from the start */
    uint64_t dma_from; /* PM timer ticks: when this guest's devices have their turn */
    uint64_t dma_pause_us;
    bool spoil; /* change a byte of its own pattern: the report must notice */
};

/* --- tally.c: one class of attempts */
struct attest_tally {
    const char *name;
    unsigned devfn;    /* or ATTEST_NO_DEVICE */
    uint64_t of;       /* attempts there are, for classes that may run out of time; 0: all are made */
    uint64_t attempts; /* made: each is one of the next three */
    uint64_t expected, own, escapes;
    uint64_t until; /* PM timer */
};

/* class_ms 0: no limit. */
struct attest_tally attest_begin(const char *name, unsigned devfn, uint64_t of, uint64_t class_ms);
/* Is there time for another attempt? */
bool attest_more(const struct attest_tally *t);
/* As expected; or something of this guest's own machine, which it may touch. */
void attest_expected(struct attest_tally *t);
void attest_own(struct attest_tally *t);
void attest_escape(struct attest_tally *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* expected when ok, else an escape with that text. */
#define ATTEST_JUDGE(t, ok, ...) ((ok) ? attest_expected(t) : attest_escape(t, __VA_ARGS__))
void attest_end(const struct attest_tally *t);
/* What is never tried, and why. */
void attest_not_attempted(unsigned devfn, const char *what, const char *why);
uint64_t attest_escapes(void); /* of all classes */
uint64_t attest_attempts(void);

/* Number k of a walk through 0..count-1 that meets each once, in an order that the seed decides; count: a power of two.
 */
uint32_t attest_walk(uint32_t k, uint32_t count, uint32_t seed);

/* --- classes that need no device */
void attest_ports(const struct attest_options *o);
void attest_msrs(const struct attest_options *o);
void attest_instructions(void);
void attest_ipis(void);
void attest_pages(const struct attest_options *o, const struct config_guest *guest);
void attest_config_absent(const struct attest_options *o, const struct config_guest *guest);
/* Of each device. */
void attest_config_own(const struct config_guest *guest);
void attest_devices(const struct attest_options *o, const struct config_guest *guest);

/* --- memory.c: this guest's RAM, all of which that is not in use holds a pattern */
/* Maps what lies above 4 GiB where the CPU has pages of 1 GiB. */
void attest_memory_map(void);
/* First address that this guest cannot map. */
uint64_t attest_memory_mapped(void);
bool attest_memory_is_ram(uint64_t at);
void attest_memory_fill(uint32_t seed);
/* Bytes that are not as they should be; *first: where the first one is. */
uint64_t attest_memory_changed(uint32_t seed, uint64_t *first);
uint64_t attest_memory_bytes(void);
void attest_memory_spoil(void);

/* --- interrupts.c: what arrives here */
void attest_interrupts_init(void);
uint32_t attest_interrupts_stray(void);

#endif
