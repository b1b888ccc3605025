/* SPDX-License-Identifier: GPL-2.0-only
 * Machines that nobody built: random PCI trees, remapping units, reserved regions and memory for tests of properties
 * that hold for all of them. One seed gives one machine, on every host. */
#ifndef BULKHEAD_TESTS_FAKE_RANDOM_MACHINE_H
#define BULKHEAD_TESTS_FAKE_RANDOM_MACHINE_H

#include "plan/plan.h"

struct random_shape {
    uint64_t seed;      /* of the machine */
    uint64_t order;     /* of the order in which its tables list things; changes nothing else */
    size_t functions;   /* at most, in all */
    unsigned segments;  /* 1 or more */
    unsigned units;     /* at most, besides the INCLUDE_ALL ones */
    unsigned reserved;  /* reserved regions at most */
    bool tidy;          /* every port isolates, every BAR is sound: what can be given away, can */
    unsigned cpu_count; /* CPUs; two threads a core */
};

struct random_machine {
    struct machine machine; /* ACS as after pci_acs_predict, groups made */
    struct memory_map memory;
    struct plan_cpu *cpus;
    struct plan_block free[8];
    struct plan_facts facts;
    struct arena arena;
    void *space;
};

/* Make one; ends the program when there is no memory. Free it by random_machine_free. */
struct random_machine *random_machine_make(const struct random_shape *shape);
void random_machine_free(struct random_machine *m);

/* The next number of that state, never 0 (Marsaglia's xorshift64*). */
uint64_t random_next(uint64_t *state);
/* One of 0 .. below-1. */
unsigned random_below(uint64_t *state, unsigned below);

/* A configuration for m as text, for config_parse: `guests` guests, which name devices so that about `order_percent` of
 * them are groups named as a whole, the others random functions. Returns its length. */
size_t random_config(const struct random_machine *m, uint64_t seed, unsigned guests, unsigned order_percent, char *text,
                     size_t size);

#endif
