/* SPDX-License-Identifier: GPL-2.0-only
 * A dump's text as plain facts, without judging them (docs/dump-format.md). Any bytes may come in. */
#ifndef BULKHEAD_TOOLS_DUMP_TEXT_H
#define BULKHEAD_TOOLS_DUMP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/pci.h"
#include "kernel/core/mtrr.h"
#include "kernel/lib/memory_map.h"

#define DUMP_TEXT_NAME_MAX 31
#define DUMP_TEXT_LINE_MAX 127
#define DUMP_TEXT_TABLES_MAX 64
#define DUMP_TEXT_FUNCTIONS_MAX 65536
#define DUMP_TEXT_CPUS_MAX 4096
#define DUMP_TEXT_UNITS_MAX 256
#define DUMP_TEXT_WHY_SIZE 256

/* Linux's domain may be above 0xffff: such a function is behind an Intel VMD endpoint. */
struct dump_address {
    uint32_t domain;
    uint16_t rid;
};

struct dump_table {
    char signature[5];
    uint8_t *bytes;
    size_t length;
};

struct dump_unit {
    uint64_t address, cap, ecap;
};

struct dump_cpu {
    uint32_t number, apic_id, package, core;
};

struct dump_function {
    struct dump_address at;
    uint8_t *config; /* 64, 256 or 4096 bytes */
    size_t length;
    uint64_t sizes[PCI_BARS + 1]; /* of BARs, by the register they start at, and of the ROM; 0: none */
    uint64_t vf_sizes[PCI_BARS];  /* likewise of the BARs of all of its VFs together, by VF BAR */
    bool grouped;
    uint32_t group;                 /* Linux's number, when grouped */
    uint32_t irq;                   /* the line Linux hears it on; 0: not known */
    bool is_vf;                     /* made by Linux: after a reboot it is not there */
    bool is_behind;                 /* a VMD endpoint */
    struct dump_address pf, behind; /* when it is */
    char driver[DUMP_TEXT_NAME_MAX + 1];
};

struct dump_mtrr {
    uint64_t base, bytes; /* a power of two from 4 KiB on, and base a multiple of it */
    enum mtrr_type type;
};

struct dump_text {
    char vendor[DUMP_TEXT_LINE_MAX + 1], product[DUMP_TEXT_LINE_MAX + 1];
    struct memory_map memory; /* count 0: not known */
    bool memory_is_odd;       /* a range was left out: empty, or one too many */
    struct dump_table *tables;
    size_t table_count;
    struct dump_unit *units;
    size_t unit_count;
    struct dump_cpu *cpus;
    size_t cpu_count;
    unsigned thread_bits;
    uint32_t cpu_signature;
    struct dump_function *functions; /* sorted by domain and address, each once */
    size_t function_count;
    struct dump_mtrr mtrrs[MTRR_VARIABLE_MAX];
    size_t mtrr_count;
    bool has_vmx;      /* the CPUs' */
    bool knows_mp;     /* the dump says which MP table there is, or that there is none */
    uint8_t *mp_table; /* or NULL */
    size_t mp_length;
    char **missing; /* the lines "missing ...", without that word */
    size_t missing_count;
};

/* False: out is empty, and why holds "line 12: ..." (DUMP_TEXT_WHY_SIZE bytes). Unknown words at a line's start are no
 * error: a later tool may have written them. */
bool dump_text_parse(const char *text, size_t length, struct dump_text *out, char *why);
void dump_text_free(struct dump_text *dump);

#endif
