/* SPDX-License-Identifier: GPL-2.0-only
 * A unit driven by hand, without the driver: plain numbers from VT-d 4.1 chapters 9 and 11, for tests of the model
 * itself and for the seeded bugs. */
#ifndef BULKHEAD_FAKE_VTD_RAW_H
#define BULKHEAD_FAKE_VTD_RAW_H

#include "tests/fake/vtd_machine.h"

enum vtd_raw_place {
    RAW_REGISTERS = 0xfed90000,
    RAW_MEMORY = 0x1000000, /* 4 MiB */
    RAW_MEMORY_SIZE = 0x400000,
    RAW_ROOT = 0x1000000,
    RAW_CONTEXTS = 0x1001000, /* of bus 0 */
    RAW_TOP = 0x1002000,      /* second-level tables, level 3 (the top with 39 bits) */
    RAW_MIDDLE = 0x1003000,   /* level 2 */
    RAW_BOTTOM = 0x1004000,   /* level 1 */
    RAW_QUEUE = 0x1005000,
    RAW_STATUS = 0x1006000,
    RAW_INTERRUPTS = 0x1007000, /* 256 entries */
    RAW_PAGES = 0x1010000,      /* free for data */
    RAW_UPPER = 0x1008000,      /* level 4 (48 bits) */
    RAW_DEVICE = 0x0018,        /* 00:03.0 */
    RAW_DOMAIN = 5,
};

/* Register offsets, from the manual's list. */
enum vtd_raw_register {
    RAW_GCMD = 0x18,
    RAW_GSTS = 0x1c,
    RAW_RTADDR = 0x20,
    RAW_CCMD = 0x28,
    RAW_FSTS = 0x34,
    RAW_FECTL = 0x38,
    RAW_FEDATA = 0x3c,
    RAW_FEADDR = 0x40,
    RAW_FEUADDR = 0x44,
    RAW_PMEN = 0x64,
    RAW_PLMBASE = 0x68,
    RAW_PLMLIMIT = 0x6c,
    RAW_PHMBASE = 0x70,
    RAW_PHMLIMIT = 0x78,
    RAW_IQH = 0x80,
    RAW_IQT = 0x88,
    RAW_IQA = 0x90,
    RAW_IQERCD = 0xb0,
    RAW_IRTA = 0xb8,
};

/* A machine with one unit. */
struct vtd_model *vtd_raw_start(struct vtd_machine *mc, const struct vtd_model_config *config);

uint64_t vtd_raw_read(struct vtd_machine *mc, unsigned offset, unsigned width);
void vtd_raw_write(struct vtd_machine *mc, unsigned offset, unsigned width, uint64_t value);
/* GCMD as it should be written: the enables that are on, plus or minus one bit; then wait. */
void vtd_raw_on(struct vtd_machine *mc, uint32_t bit);
void vtd_raw_off(struct vtd_machine *mc, uint32_t bit);

/* Tables: RAW_DEVICE in RAW_DOMAIN, its address 0x2000 leads to RAW_PAGES, readable and writable; 3 or 4 levels. */
void vtd_raw_tables(struct vtd_machine *mc);
/* One second-level leaf of 4 KiB below RAW_BOTTOM. */
void vtd_raw_leaf(struct vtd_machine *mc, uint64_t address, uint64_t entry);

/* Queue on. */
void vtd_raw_queue(struct vtd_machine *mc);
/* Submit one descriptor, wait until the head reaches the tail; false when it does not. */
bool vtd_raw_submit(struct vtd_machine *mc, uint64_t low, uint64_t high);
/* Global invalidations, by queue when it is on, else by register. */
void vtd_raw_invalidate(struct vtd_machine *mc);

/* Everything: tables, queue where there is one, root pointer, invalidations, TE. */
void vtd_raw_translate(struct vtd_machine *mc);
/* Interrupt remapping too: 256 entries, all absent; eime. */
void vtd_raw_interrupts(struct vtd_machine *mc, bool extended);
void vtd_raw_irte(struct vtd_machine *mc, unsigned index, uint64_t low, uint64_t high);

#endif
