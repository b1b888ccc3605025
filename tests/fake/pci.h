/* SPDX-License-Identifier: GPL-2.0-only
 * A pretended PCI machine behind kernel/hw/pci_config.h: functions with 4 KiB of configuration space, write masks,
 * BARs that size, bridges that route by their bus numbers, resets.
 * Stricter than hardware. These fail the test: misaligned or oversized accesses; writing a BAR while its decoder is on
 * (unless the value stays); touching a function before the time it must be left alone after a reset has passed. */
#ifndef BULKHEAD_FAKE_PCI_H
#define BULKHEAD_FAKE_PCI_H

#include "kernel/lib/sbdf.h"
#include "kernel/lib/types.h"

struct fake_pci_function;
/* Called after a write took effect; may change the function's bytes as firmware or the device would. */
typedef void fake_pci_hook(struct fake_pci_function *f, uint16_t offset, unsigned width);

struct fake_pci_function {
    struct sbdf at;
    uint8_t bytes[4096];
    uint8_t writable[4096];          /* bits that software can change */
    uint8_t clear_by_1[4096];        /* bits that a written 1 clears */
    uint8_t sticky[4096];            /* writable bits that survive a reset */
    bool gone;                       /* reads all ones, writes vanish: unplugged, or dead */
    struct fake_pci_function *vf_of; /* there only while that one's VF Enable is set (tests/fake/sriov.h) */
    fake_pci_hook *hook;
    void *context; /* for the hook */
    /* resets */
    unsigned flrs, af_flrs, power_resets, bus_resets;
    bool ignores_reset;      /* a reset changes nothing */
    uint64_t busy_us;        /* after a reset it reads all ones for so long, beyond the mandatory wait */
    uint64_t retry_us;       /* then it answers with retries for so long: vendor id 0x0001, all ones elsewhere */
    bool stuck_power;        /* its power state does not change */
    uint64_t untouchable_ns; /* accesses before this time fail the test */
    uint64_t busy_until_ns, retry_until_ns;
    /* private */
    uint16_t last_cap, next_free, last_ext, next_ext;
    bool held_in_reset; /* a bridge whose secondary bus is in reset */
};

/* Forget everything: no function, root bus 0000:00, no ECAM windows (legacy ports only). */
void fake_pci_reset(void);
/* A further root bus (pxb, second socket). */
void fake_pci_add_root(uint16_t segment, uint8_t bus);

/* A function with header 0, command register writable in its defined bits. */
struct fake_pci_function *fake_pci_add(struct sbdf at, uint16_t vendor, uint16_t device, uint32_t class_code);
/* A PCI-to-PCI bridge with header 1; bus numbers writable, primary as its bus. */
struct fake_pci_function *fake_pci_add_bridge(struct sbdf at, uint8_t secondary, uint8_t subordinate);
struct fake_pci_function *fake_pci_find(struct sbdf at);

/* Append a capability of `bytes` bytes (id and next included), zeroed and read-only; returns its offset. */
uint16_t fake_pci_add_cap(struct fake_pci_function *f, uint8_t id, unsigned bytes);
uint16_t fake_pci_add_ext_cap(struct fake_pci_function *f, uint16_t id, unsigned bytes);
/* The same with the registers filled in and writable as the specification says. type: enum pci_express_type. */
uint16_t fake_pci_add_express(struct fake_pci_function *f, unsigned type, bool flr);
uint16_t fake_pci_add_pm(struct fake_pci_function *f, bool no_soft_reset);
uint16_t fake_pci_add_af(struct fake_pci_function *f);
uint16_t fake_pci_add_msi(struct fake_pci_function *f, bool wide, bool masking);
uint16_t fake_pci_add_msix(struct fake_pci_function *f, unsigned entries, uint32_t table, uint32_t pba);

enum fake_bar {
    FAKE_BAR_MEM32 = 0x0,
    FAKE_BAR_IO = 0x1,
    FAKE_BAR_MEM64 = 0x4,
    FAKE_BAR_MEM64_PREFETCHABLE = 0xc,
};
void fake_pci_add_bar(struct fake_pci_function *f, unsigned index, enum fake_bar type, uint64_t address, uint64_t size);
void fake_pci_add_rom(struct fake_pci_function *f, uint32_t address, uint32_t size);

/* A model that answers for functions of its own, past the list above; writes are logged as ever. It must live on. */
struct fake_pci_foreign {
    void *context;
    bool (*takes)(void *context, struct sbdf at);
    uint32_t (*read)(void *context, struct sbdf at, uint16_t offset, unsigned width);
    void (*write)(void *context, struct sbdf at, uint16_t offset, unsigned width, uint32_t value);
};
/* One at a time; forgotten by the reset. */
void fake_pci_add_foreign(const struct fake_pci_foreign *foreign);

/* Look at or set the bytes behind the register interface; no checks, no log. */
uint32_t fake_pci_get(const struct fake_pci_function *f, uint16_t offset, unsigned width);
void fake_pci_set(struct fake_pci_function *f, uint16_t offset, unsigned width, uint32_t value);
void fake_pci_make_writable(struct fake_pci_function *f, uint16_t offset, unsigned width, uint32_t mask);

/* Every configuration write since the reset, in order. */
struct fake_pci_write {
    struct sbdf at;
    uint16_t offset;
    uint8_t width;
    uint32_t value;
    uint32_t before; /* the register's value before and after */
    uint32_t after;
    bool lost;      /* nothing answered */
    bool read_only; /* no bit of the register is writable */
};
const struct fake_pci_write *fake_pci_writes(size_t *count);
/* Position in that log of the first write, from position `from` on, to that register with (value & mask) == value_is;
 * SIZE_MAX when there is none. */
size_t fake_pci_written(size_t from, struct sbdf at, uint16_t offset, uint32_t mask, uint32_t value_is);
/* Forget the log, keep the machine. */
void fake_pci_forget_writes(void);
/* Reads and writes since the reset. */
uint64_t fake_pci_accesses(void);
/* True after pci_config_break_lock(). */
bool fake_pci_lock_broken(void);

#endif
