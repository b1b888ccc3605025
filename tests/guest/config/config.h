/* SPDX-License-Identifier: GPL-2.0-only
 * A hostile guest for configuration space: its functions, both ways to reach their registers, and the parts of the
 * attack. What is expected is written here anew, from docs/config-space.md, not taken from the hypervisor's tables. */
#ifndef BULKHEAD_TESTS_GUEST_CONFIG_H
#define BULKHEAD_TESTS_GUEST_CONFIG_H

#include "kernel/lib/types.h"

#define CONFIG_BARS 6u
#define CONFIG_FUNCTIONS 32u
#define CONFIG_BYTES 4096u
#define CONFIG_LEGACY 256u
#define CONFIG_ONES UINT32_MAX

/* Ways to configuration space: ports 0xCF8 and 0xCFC, or the memory window. */
enum config_way { CONFIG_PORTS, CONFIG_ECAM, CONFIG_WAYS };

/* A register of a known device that keeps what is written: it shows whether the device answers, and whether it was
 * reset. Its BAR is BAR 0. */
struct config_probe {
    uint32_t id; /* device in 31:16, vendor in 15:0 */
    uint32_t offset, mark;
    uint32_t flip; /* it reads back as written XOR this */
};

struct config_function {
    unsigned devfn;
    uint32_t id;
    const struct config_probe *probe; /* NULL: not known */
    uint64_t size[CONFIG_BARS];       /* 0: no memory BAR starts at this register */
    uint64_t at[CONFIG_BARS];
    bool wide[CONFIG_BARS];              /* of 64 bits */
    uint32_t writable[CONFIG_BYTES / 4]; /* bits that may take a write */
    uint32_t known[CONFIG_BYTES / 4];    /* bits that may read as something else than 0 */
};

struct config_guest {
    struct config_function functions[CONFIG_FUNCTIONS];
    unsigned count;
};

const char *config_way_name(enum config_way way);
unsigned config_way_bytes(enum config_way way);
uint32_t config_read(enum config_way way, unsigned devfn, unsigned offset, unsigned width);
void config_write(enum config_way way, unsigned devfn, unsigned offset, unsigned width, uint32_t value);
/* Any bus, by the ports. */
uint32_t config_read_bus(unsigned bus, unsigned devfn, unsigned offset);
void config_write_bus(unsigned bus, unsigned devfn, unsigned offset, uint32_t value);

/* Find the functions of bus 0, their BARs, and what of their registers may be written. */
void config_find(struct config_guest *guest);

/* Where a BAR's register says it is; the same, and write it (memory decode stays as it is). */
uint64_t config_bar(const struct config_function *f, unsigned bar);
void config_bar_move(const struct config_function *f, unsigned bar, uint64_t to);

/* The device's own register, wherever BAR 0 is now. Only with f->probe. */
void config_mark(const struct config_function *f, uint64_t base, uint32_t value);
bool config_has_mark(const struct config_function *f, uint64_t base, uint32_t value);

/* The parts; each prints its lines. */
void config_shown(const struct config_guest *guest);
void config_absent(const struct config_guest *guest);
void config_sweep(const struct config_guest *guest, enum config_way way);
void config_bars(const struct config_guest *guest);
void config_power(const struct config_guest *guest);
void config_messages(const struct config_guest *guest);

#endif
