/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupt entries against senders, CPUs, vectors and posted-interrupt descriptors. */
#include "audit/irte.h"

#include "audit/lookup.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"

#define WORDS 2u /* of an entry */
#define ENTRIES_OF_PAGE 256u

#define PRESENT BIT64(0)
#define LOGICAL BIT64(2)
#define POSTED BIT64(15)
#define REMAPPED_RESERVED_LOW (MASK64(31, 24) | MASK64(14, 12))
#define POSTED_RESERVED_LOW (MASK64(37, 24) | MASK64(13, 12) | MASK64(7, 2))
#define REMAPPED_RESERVED_HIGH MASK64(63, 20)
#define POSTED_RESERVED_HIGH MASK64(31, 20)
#define XAPIC_RESERVED (MASK64(63, 48) | MASK64(39, 32)) /* of the destination */

#define VECTOR_MIN 16 /* below are exceptions (SDM 3A 11.5.2) */
#define LOWEST_PRIORITY 1

struct irte {
    uint64_t low, high;
    uint32_t index;
    const struct audit_unit_state *u;
    uint32_t owner;
};

static void found(struct audit_state *s, const struct irte *e, enum audit_code code, uint32_t other, uint64_t value)
{
    struct audit_finding f = audit_finding_of(code);
    f.unit = e->u->index;
    f.owner = e->owner;
    f.other = other;
    f.has_source = true;
    f.source = (uint16_t)bits_get(e->high, 15, 0);
    f.address = e->index;
    f.value = value;
    audit_found(s, &f);
}

/* The number of the host CPU with that APIC id, or cpu_count. */
static size_t cpu_of(const struct audit_facts *facts, uint32_t apic_id)
{
    size_t cpu = 0;
    while (cpu < facts->cpu_count && facts->apic_ids[cpu] != apic_id) {
        cpu++;
    }
    return cpu;
}

static bool may_interrupt(const struct audit_facts *facts, uint32_t owner, size_t cpu)
{
    return cpu < facts->cpu_count && (owner == AUDIT_HOST || (facts->owners[owner].cpus >> cpu & 1) != 0);
}

/* A destination: 32 bits in x2APIC mode, else bits 15:8 (9.9, DST). */
static uint32_t apic_id_of(const struct audit_unit_state *u, uint32_t field)
{
    return u->x2apic ? field : field >> 8 & 0xff;
}

/* Two owners with one vector on one CPU could not be told apart when it comes. */
static void check_vector(struct audit_state *s, const struct irte *e, size_t cpu, uint8_t vector)
{
    bool fresh = false;
    uint64_t *owner = audit_map_at(&s->map, (uint64_t)cpu << 16 | (uint64_t)vector << 4 | AUDIT_TAG_VECTOR, &fresh);
    if (owner == NULL) {
        found(s, e, AUDIT_SCRATCH, AUDIT_NOBODY, vector);
        return;
    }
    *owner = fresh ? e->owner : *owner;
    if (vector < s->facts->vector_first || vector > s->facts->vector_last || *owner != e->owner) {
        found(s, e, AUDIT_IRTE_VECTOR, (uint32_t)*owner, vector);
    }
}

static void print(const struct audit_state *s, const struct irte *e, const char *how, uint64_t where)
{
    if (s->out == NULL) {
        return;
    }
    uint16_t sid = (uint16_t)bits_get(e->high, 15, 0);
    const struct audit_unit *unit = &s->facts->units[e->u->index];
    audit_line(
        s->out, "audit: interrupt=%u unit=0x%llx source=%04x:%02x:%02x.%x svt=%u sq=%u guest=%s %s=0x%llx vector=0x%x",
        e->index, (unsigned long long)unit->base, unit->segment, sid >> 8, sid >> 3 & 0x1f, sid & 7,
        (unsigned)bits_get(e->high, 19, 18), (unsigned)bits_get(e->high, 17, 16), audit_owner_text(s->facts, e->owner),
        how, (unsigned long long)where, (unsigned)bits_get(e->low, 23, 16));
}

static void check_remapped(struct audit_state *s, const struct irte *e)
{
    uint64_t reserved = REMAPPED_RESERVED_LOW | (e->u->x2apic ? 0 : XAPIC_RESERVED);
    if ((e->low & reserved) != 0 || (e->high & REMAPPED_RESERVED_HIGH) != 0) {
        found(s, e, AUDIT_IRTE_RESERVED, AUDIT_NOBODY, e->low);
    }
    if ((e->low & LOGICAL) != 0 || bits_get(e->low, 7, 5) > LOWEST_PRIORITY) {
        found(s, e, AUDIT_IRTE_DELIVERY, AUDIT_NOBODY, e->low);
        return;
    }
    uint32_t apic_id = apic_id_of(e->u, (uint32_t)bits_get(e->low, 63, 32));
    size_t cpu = cpu_of(s->facts, apic_id);
    if (!may_interrupt(s->facts, e->owner, cpu)) {
        found(s, e, AUDIT_IRTE_CPU, AUDIT_NOBODY, apic_id);
        return;
    }
    check_vector(s, e, cpu, (uint8_t)bits_get(e->low, 23, 16));
    print(s, e, "cpu", cpu);
}

/* NDST, bits 319:288 of the descriptor: whom it notifies (9.11). */
static void check_descriptor(struct audit_state *s, const struct irte *e, uint64_t at)
{
    const uint64_t *words = phys_view(hpa(at), 64);
    if (words == NULL) {
        found(s, e, AUDIT_IRTE_POSTED, AUDIT_NOBODY, at);
        return;
    }
    uint32_t apic_id = apic_id_of(e->u, (uint32_t)bits_get(audit_word(&words[4]), 63, 32));
    if (!may_interrupt(s->facts, e->owner, cpu_of(s->facts, apic_id))) {
        found(s, e, AUDIT_IRTE_NOTIFY, AUDIT_NOBODY, apic_id);
    }
}

static void check_posted(struct audit_state *s, const struct irte *e)
{
    uint64_t at = bits_get(e->low, 63, 38) << 6 | bits_get(e->high, 63, 32) << 32;
    if ((e->low & POSTED_RESERVED_LOW) != 0 || (e->high & POSTED_RESERVED_HIGH) != 0) {
        found(s, e, AUDIT_IRTE_RESERVED, AUDIT_NOBODY, e->low);
    }
    uint32_t owner = audit_posted_owner(s->facts, at);
    if (owner == AUDIT_NOBODY || owner != e->owner) {
        found(s, e, AUDIT_IRTE_POSTED, owner, at);
        return;
    }
    if (bits_get(e->low, 23, 16) < VECTOR_MIN) {
        found(s, e, AUDIT_IRTE_VECTOR, AUDIT_NOBODY, bits_get(e->low, 23, 16));
    }
    check_descriptor(s, e, at);
    print(s, e, "posted", at);
}

static void check_entry(struct audit_state *s, struct irte *e)
{
    uint8_t svt = (uint8_t)bits_get(e->high, 19, 18), sq = (uint8_t)bits_get(e->high, 17, 16);
    const struct audit_sender *sender =
        audit_sender_of(s->facts, e->u->index, svt, sq, (uint16_t)bits_get(e->high, 15, 0));
    e->owner = sender == NULL ? AUDIT_NOBODY : sender->owner;
    if (s->scope != AUDIT_ALL && s->scope != e->owner) {
        return;
    }
    s->result->entries++;
    if (sender == NULL) {
        found(s, e, svt == 0 || svt == 3 ? AUDIT_IRTE_UNVALIDATED : AUDIT_IRTE_SOURCE, AUDIT_NOBODY, e->high);
        return;
    }
    if ((e->low & POSTED) != 0) {
        check_posted(s, e);
    } else {
        check_remapped(s, e);
    }
}

static void check_page(struct audit_state *s, const struct audit_unit_state *u, uint32_t first, uint32_t count)
{
    struct audit_finding where = audit_finding_of(AUDIT_OK);
    where.unit = u->index;
    where.owner = AUDIT_HOST;
    uint64_t page = u->interrupts + (uint64_t)first / ENTRIES_OF_PAGE * PAGE_SIZE;
    const uint64_t *table = audit_table(s, page, AUDIT_USE_INTERRUPT, u->index, 1, &where);
    for (uint32_t i = 0; i < count && table != NULL; i++) {
        uint64_t low = audit_word(&table[i * WORDS]);
        if ((low & PRESENT) != 0) {
            struct irte e = {.low = low, .high = audit_word(&table[i * WORDS + 1]), .index = first + i, .u = u};
            check_entry(s, &e);
        }
    }
}

void audit_irte_check(struct audit_state *s, const struct audit_unit_state *u)
{
    uint32_t count = u->interrupts == 0 ? 0 : u->interrupt_count;
    for (uint32_t first = 0; first < count; first += ENTRIES_OF_PAGE) {
        uint32_t left = count - first;
        check_page(s, u, first, left < ENTRIES_OF_PAGE ? left : ENTRIES_OF_PAGE);
    }
}
