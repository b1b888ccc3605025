/* SPDX-License-Identifier: GPL-2.0-only
 * A unit's registers. */
#include "audit/unit.h"

#include "kernel/hw/mmio.h"
#include "kernel/lib/bits.h"

/* Offsets, VT-d 4.1 11.4. */
enum {
    REG_CAP = 0x08,
    REG_ECAP = 0x10,
    REG_GSTS = 0x1c,
    REG_RTADDR = 0x20,
    REG_IQA = 0x90,
    REG_IRTA = 0xb8,
};

#define GSTS_TES BIT32(31)
#define GSTS_RTPS BIT32(30)
#define GSTS_QIES BIT32(26)
#define GSTS_IRES BIT32(25)
#define GSTS_IRTPS BIT32(24)
#define GSTS_CFIS BIT32(23)

#define ADDRESS_MASK MASK64(63, 12)
#define LEVEL_MAX 3 /* 1 GiB leaves */
#define ECAP_QI BIT64(1)

static uint64_t too_wide(const struct audit_state *s)
{
    return MASK64(63, s->facts->address_bits);
}

static void found(struct audit_state *s, enum audit_code code, uint32_t index, uint64_t value)
{
    struct audit_finding f = audit_finding_of(code);
    f.unit = index;
    f.owner = AUDIT_HOST;
    f.value = value;
    audit_found(s, &f);
}

/* Old units have no queue; such a one cannot remap interrupts either (VT-d 4.1 6.5.2). */
static void check_status(struct audit_state *s, uint32_t index, uint32_t gsts, bool queued)
{
    const struct {
        enum audit_code code;
        bool wrong;
    } checks[] = {
        {AUDIT_TRANSLATION_OFF, (gsts & GSTS_TES) == 0},
        {AUDIT_ROOT_UNSET, (gsts & GSTS_RTPS) == 0},
        {AUDIT_QUEUE_OFF, queued && (gsts & GSTS_QIES) == 0},
        {AUDIT_REMAPPING_OFF,
         s->facts->units[index].remapping && (gsts & (GSTS_IRES | GSTS_IRTPS)) != (GSTS_IRES | GSTS_IRTPS)},
        {AUDIT_COMPATIBILITY, s->facts->units[index].remapping && (gsts & GSTS_CFIS) != 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(checks); i++) {
        if (checks[i].wrong) {
            found(s, checks[i].code, index, gsts);
        }
    }
}

/* Bits 11:10 are the table's mode: 0 is legacy; 1 scalable or 2 extended, older revisions: not read here (11.4.5). */
static uint64_t read_root(struct audit_state *s, uint32_t index, struct hpa base)
{
    uint64_t value = mmio_read64(hpa_add(base, REG_RTADDR));
    if (bits_get(value, 11, 10) != 0) {
        found(s, AUDIT_ROOT_MODE, index, value);
        return 0;
    }
    if ((value & (MASK64(9, 0) | too_wide(s))) != 0) {
        found(s, AUDIT_REGISTER_RESERVED, index, value);
        return 0;
    }
    return value & ADDRESS_MASK;
}

/* IRTA: size S in 3:0, 2^(S+1) entries; EIME 11 (11.4.23). */
static void read_interrupts(struct audit_state *s, struct audit_unit_state *u, struct hpa base)
{
    uint64_t value = mmio_read64(hpa_add(base, REG_IRTA));
    if ((value & (MASK64(10, 4) | too_wide(s))) != 0) {
        found(s, AUDIT_REGISTER_RESERVED, u->index, value);
        return;
    }
    u->interrupts = value & ADDRESS_MASK;
    u->interrupt_count = 1u << (bits_get(value, 3, 0) + 1);
    u->x2apic = (value & BIT64(11)) != 0;
}

struct audit_unit_state audit_unit_read(struct audit_state *s, uint32_t index)
{
    const struct audit_unit *unit = &s->facts->units[index];
    struct hpa base = hpa(unit->base);
    uint64_t cap = mmio_read64(hpa_add(base, REG_CAP)), ecap = mmio_read64(hpa_add(base, REG_ECAP));
    struct audit_unit_state u = {.index = index, .widths = (unsigned)bits_get(cap, 12, 8)};
    u.domains = 1u << (4 + 2 * bits_get(cap, 2, 0));
    u.caching = (cap & BIT64(7)) != 0;
    u.walker = (struct audit_walker){.format = AUDIT_SECOND_LEVEL,
                                     .address_bits = s->facts->address_bits,
                                     .max_leaf = LEVEL_MAX,
                                     .leaf2 = (cap & BIT64(34)) != 0,
                                     .leaf3 = (cap & BIT64(35)) != 0,
                                     .snoop = (ecap & BIT64(7)) != 0,
                                     .transient = (ecap & BIT64(2)) != 0};
    check_status(s, index, mmio_read32(hpa_add(base, REG_GSTS)), (ecap & ECAP_QI) != 0);
    u.root = read_root(s, index, base);
    if (unit->remapping) {
        read_interrupts(s, &u, base);
    }
    return u;
}

/* IQA: QS in 2:0, 2^QS pages, twice as many with 256-bit descriptors (DW, bit 11); 11.4.9.3. */
void audit_unit_check_queue(struct audit_state *s, uint32_t index)
{
    struct audit_finding where = audit_finding_of(AUDIT_OK);
    struct hpa base = hpa(s->facts->units[index].base);
    if ((mmio_read64(hpa_add(base, REG_ECAP)) & ECAP_QI) == 0) {
        return;
    }
    uint64_t value = mmio_read64(hpa_add(base, REG_IQA));
    uint64_t pages = UINT64_C(1) << (bits_get(value, 2, 0) + bits_get(value, 11, 11));
    where.unit = index;
    where.owner = AUDIT_HOST;
    for (uint64_t i = 0; i < pages; i++) {
        (void)audit_table(s, (value & ADDRESS_MASK) + i * PAGE_SIZE, AUDIT_USE_QUEUE, index, 0, &where);
    }
}
