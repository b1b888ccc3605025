/* SPDX-License-Identifier: GPL-2.0-only
 * Hand-made tables for the audit. */
#include "tests/fake/audit_rig.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fake/memory.h"
#include "tests/fake/mmio.h"

#define WORDS_OF_PAGE 512u
#define MEBIBYTE 0x100000u

uint64_t audit_rig_at(enum audit_rig_page page)
{
    return ARIG_BASE + (uint64_t)page * PAGE_SIZE;
}

uint64_t *audit_rig_word(enum audit_rig_page page, unsigned index)
{
    uint64_t *words = fake_memory_at(audit_rig_at(page), PAGE_SIZE);
    if (words == NULL || index >= WORDS_OF_PAGE) {
        abort();
    }
    return &words[index];
}

void audit_rig_irte(unsigned index, uint64_t low, uint64_t high)
{
    *audit_rig_word(PAGE_INTERRUPTS, 2 * index) = low;
    *audit_rig_word(PAGE_INTERRUPTS, 2 * index + 1) = high;
}

static uint64_t read_register(void *context, uint64_t offset, unsigned width)
{
    const struct audit_rig *rig = context;
    switch (offset) {
    case 0x08:
        return rig->cap;
    case 0x10:
        return rig->ecap;
    case 0x1c:
        return width == 4 ? rig->gsts : 0;
    case 0x20:
        return rig->rtaddr;
    case 0x90:
        return rig->iqa;
    case 0xb8:
        return rig->irta;
    default:
        abort(); /* nothing else is its business */
    }
}

static void write_register(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    (void)context, (void)offset, (void)width, (void)value;
    abort(); /* the audit only reads */
}

/* EPT: 7 read, write, execute; 0xb7 the same, a large leaf, write-back; 0x37 a small one; 3 and type 0: registers. */
static void make_web(void)
{
    *audit_rig_word(PAGE_WEB4, 0) = audit_rig_at(PAGE_WEB3) | 7;
    *audit_rig_word(PAGE_WEB3, 0) = audit_rig_at(PAGE_WEB2) | 7;
    *audit_rig_word(PAGE_WEB2, 0) = ARIG_WEB | 0xb7;
    *audit_rig_word(PAGE_WEB2, 1) = (ARIG_WEB + 2 * MEBIBYTE) | 0xb7;
    *audit_rig_word(PAGE_WEB3, 3) = audit_rig_at(PAGE_WEB2_BAR) | 7;
    *audit_rig_word(PAGE_WEB2_BAR, 0) = audit_rig_at(PAGE_WEB1_BAR) | 7;
    *audit_rig_word(PAGE_WEB1_BAR, 0) = ARIG_BAR | 3;
    *audit_rig_word(PAGE_WEB1_BAR, 1) = (ARIG_BAR + PAGE_SIZE) | 3;
    *audit_rig_word(PAGE_WEB_DEVICE3, 0) = audit_rig_at(PAGE_WEB_DEVICE2) | 3;
    *audit_rig_word(PAGE_WEB_DEVICE2, 0) = audit_rig_at(PAGE_WEB_DEVICE1) | 3;
    *audit_rig_word(PAGE_WEB_DEVICE2, 1) = (ARIG_WEB + 2 * MEBIBYTE) | 0x83;
    for (unsigned i = 0; i < WORDS_OF_PAGE; i++) {
        *audit_rig_word(PAGE_WEB_DEVICE1, i) = (ARIG_WEB + i * PAGE_SIZE) | 3;
    }
}

static void make_store(void)
{
    *audit_rig_word(PAGE_STORE4, 0) = audit_rig_at(PAGE_STORE3) | 7;
    *audit_rig_word(PAGE_STORE3, 0) = audit_rig_at(PAGE_STORE2) | 7;
    *audit_rig_word(PAGE_STORE2, 0) = audit_rig_at(PAGE_STORE1) | 7;
    for (unsigned i = 0; i < WORDS_OF_PAGE; i++) {
        *audit_rig_word(PAGE_STORE1, i) = (ARIG_STORE + i * PAGE_SIZE) | 0x37;
    }
}

static void make_reserved(void)
{
    *audit_rig_word(PAGE_RESERVED4, 0) = audit_rig_at(PAGE_RESERVED3) | 3;
    *audit_rig_word(PAGE_RESERVED3, 0) = audit_rig_at(PAGE_RESERVED2) | 3;
    *audit_rig_word(PAGE_RESERVED2, ARIG_RESERVED >> 21) = audit_rig_at(PAGE_RESERVED1) | 3;
    *audit_rig_word(PAGE_RESERVED1, 0) = ARIG_RESERVED | 3;
    *audit_rig_word(PAGE_RESERVED1, 1) = (ARIG_RESERVED + PAGE_SIZE) | 3;
}

/* Second word: domain id 23:8, address width 2:0 (1: three levels, 2: four). */
static void set_context(enum audit_rig_page table, unsigned devfn, enum audit_rig_page root, uint64_t second)
{
    *audit_rig_word(table, 2 * devfn) = audit_rig_at(root) | 1;
    *audit_rig_word(table, 2 * devfn + 1) = second;
}

static void make_unit(struct audit_rig *rig)
{
    rig->cap = UINT64_C(0x0000000c00000602) | 1u << 7; /* 2 MiB and 1 GiB leaves, 3 and 4 levels, caching, 256 ids */
    rig->ecap = 0x1f;
    rig->gsts = 0xc7000000; /* TES RTPS QIES IRES IRTPS */
    rig->rtaddr = audit_rig_at(PAGE_ROOT);
    rig->irta = audit_rig_at(PAGE_INTERRUPTS) | 7; /* 256 entries, 8-bit APIC ids */
    rig->iqa = audit_rig_at(PAGE_QUEUE);
    *audit_rig_word(PAGE_ROOT, 0) = audit_rig_at(PAGE_CONTEXT0) | 1;
    *audit_rig_word(PAGE_ROOT, 2) = audit_rig_at(PAGE_CONTEXT1) | 1;
    set_context(PAGE_CONTEXT0, SOURCE_WEB, PAGE_WEB_DEVICE3, 0x101);
    set_context(PAGE_CONTEXT1, SOURCE_WEB_ALIAS & 0xff, PAGE_WEB_DEVICE3, 0x101);
    set_context(PAGE_CONTEXT0, SOURCE_STORE, PAGE_STORE4, 0x202);
    set_context(PAGE_CONTEXT0, SOURCE_FIRMWARE, PAGE_RESERVED4, 0x302);
    /* Destination in 47:40, vector 23:16; SVT 19:18 and SID of the second word. */
    audit_rig_irte(IRTE_IOAPIC, 0x0000000000500001, 0x40000 | SOURCE_IOAPIC);
    audit_rig_irte(IRTE_WEB, 0x0000010000510001, 0x40000 | SOURCE_WEB);
    audit_rig_irte(IRTE_STORE, (audit_rig_at(PAGE_POSTED) & 0xffffffc0) << 32 | 0x0000000000418001,
                   0x40000 | SOURCE_STORE);
    audit_rig_irte(IRTE_STORE_BUS, 0x0000020000520001, 0x80000 | 0x0506);
    *audit_rig_word(PAGE_POSTED, 4) = UINT64_C(0x200) << 32 | 0xf2 << 16; /* NDST: APIC id 2; NV */
}

static void set_facts(struct audit_rig *rig)
{
    static const struct audit_forbidden forbidden[] = {
        {ARIG_FIRMWARE, ARIG_FIRMWARE + MEBIBYTE, "firmware"},
        {ARIG_UNIT, ARIG_UNIT + PAGE_SIZE, "remapping unit"},
        {0xfee00000, 0xfef00000, "interrupt window"},
    };
    static const struct audit_span memory[] = {{ARIG_BASE, ARIG_WEB}};
    static const struct audit_unit units[] = {{ARIG_UNIT, 0, true}};
    static const struct audit_posted posted[] = {{ARIG_BASE + PAGE_POSTED * PAGE_SIZE, OWNER_STORE}};
    static const uint32_t apic_ids[] = {0, 1, 2, 3};
    const struct audit_range ranges[] = {
        {ARIG_WEB, ARIG_STORE, OWNER_WEB, AUDIT_RAM, 7, 3},
        {ARIG_STORE, ARIG_RESERVED, OWNER_STORE, AUDIT_RAM, 7, 3},
        {ARIG_RESERVED, ARIG_RESERVED + 2 * PAGE_SIZE, OWNER_FIRMWARE, AUDIT_RESERVED, 0, 3},
        {ARIG_BAR, ARIG_BAR + 2 * PAGE_SIZE, OWNER_WEB, AUDIT_REGISTERS, 3, 3},
    };
    const struct audit_source sources[] = {
        {0, SOURCE_WEB, OWNER_WEB, false, false},
        {0, SOURCE_STORE, OWNER_STORE, false, false},
        {0, SOURCE_FIRMWARE, OWNER_FIRMWARE, false, false},
        {0, SOURCE_WEB_ALIAS, OWNER_WEB, false, false},
    };
    const struct audit_sender senders[] = {
        {0, 1, 0, SOURCE_WEB, OWNER_WEB},
        {0, 1, 0, SOURCE_STORE, OWNER_STORE},
        {0, 1, 0, SOURCE_IOAPIC, AUDIT_HOST},
        {0, 2, 0, 0x0506, OWNER_STORE},
    };
    memcpy(rig->ranges, ranges, sizeof(ranges));
    memcpy(rig->sources, sources, sizeof(sources));
    memcpy(rig->senders, senders, sizeof(senders));
    rig->facts = (struct audit_facts){.owners = rig->owners,
                                      .owner_count = OWNERS,
                                      .ranges = rig->ranges,
                                      .range_count = ARRAY_LENGTH(ranges),
                                      .forbidden = forbidden,
                                      .forbidden_count = ARRAY_LENGTH(forbidden),
                                      .memory = memory,
                                      .memory_count = 1,
                                      .units = units,
                                      .unit_count = 1,
                                      .sources = rig->sources,
                                      .source_count = ARRAY_LENGTH(sources),
                                      .senders = rig->senders,
                                      .sender_count = ARRAY_LENGTH(senders),
                                      .posted = posted,
                                      .posted_count = 1,
                                      .apic_ids = apic_ids,
                                      .cpu_count = ARRAY_LENGTH(apic_ids),
                                      .vector_first = 0x40,
                                      .vector_last = 0xdf,
                                      .address_bits = 39,
                                      .pat = UINT64_C(0x0007040600070406)};
}

void audit_rig_make(struct audit_rig *rig)
{
    audit_rig_free(rig);
    memset(rig, 0, sizeof(*rig));
    fake_memory_reset(ARIG_BASE, ARIG_END - ARIG_BASE);
    fake_mmio_reset();
    fake_mmio_add(ARIG_UNIT, PAGE_SIZE, read_register, write_register, rig);
    rig->owners[OWNER_WEB] = (struct audit_owner){"web", AUDIT_EPT, audit_rig_at(PAGE_WEB4), 4, 2, 1u << 1};
    rig->owners[OWNER_STORE] = (struct audit_owner){"store", AUDIT_EPT, audit_rig_at(PAGE_STORE4), 4, 1, 1u << 2};
    rig->owners[OWNER_FIRMWARE] = (struct audit_owner){.name = "firmware-0", .format = AUDIT_NO_TABLES};
    make_web();
    make_store();
    make_reserved();
    make_unit(rig);
    set_facts(rig);
}

void audit_rig_free(struct audit_rig *rig)
{
    free(rig->scratch);
    rig->scratch = NULL;
}

bool audit_rig_run(struct audit_rig *rig, uint32_t owner, const struct audit_writer *out)
{
    size_t bytes = audit_scratch_bytes(&rig->facts, owner);
    audit_rig_free(rig);
    rig->scratch = malloc(bytes);
    return audit_run(&rig->facts, owner, rig->scratch, bytes, out, &rig->result);
}
