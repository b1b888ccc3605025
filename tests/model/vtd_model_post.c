/* SPDX-License-Identifier: GPL-2.0-only
 * Posted interrupts of the model: the descriptor in memory (VT-d 4.1 5.2, 9.11, 9.12). */
#include "tests/model/vtd_model_internal.h"

#define WORDS 8
#define CONTROL 4
#define ON BIT64(0)
#define SN BIT64(1)
#define LEGAL_VECTOR 16

/* In xAPIC mode NDST holds the id in its bits 15:8 alone. */
static bool is_reserved(const uint64_t *word, bool extended)
{
    uint64_t reserved = MASK64(15, 2) | MASK64(31, 24) | (extended ? 0 : MASK64(63, 48) | MASK64(39, 32));
    return (word[CONTROL] & reserved) != 0 || (word[5] | word[6] | word[7]) != 0;
}

/* The notification is an interrupt of the unit itself, fixed, edge, physical, not remapped. */
static void notify(struct vtd_model *m, uint64_t control, bool extended)
{
    uint64_t dest = extended ? bits_get(control, 63, 32) : bits_get(control, 47, 40);
    uint64_t address = (dest >> 8) << 40 | INTERRUPT_FIRST | (dest & 0xff) << 12;
    m->interrupts_sent++;
    if (m->io.interrupt != NULL) {
        m->io.interrupt(m->io.context, address, (uint32_t)bits_get(control, 23, 16));
    }
}

static bool store(struct vtd_model *m, uint64_t descriptor, unsigned word, uint64_t value)
{
    return m->io.write(m->io.context, descriptor + (uint64_t)word * 8, &value, sizeof(value));
}

static unsigned refuse(struct vtd_model *m, uint64_t at, unsigned reason, const char *what)
{
    model_violation(m, "posted descriptor at 0x%llx: %s", (unsigned long long)at, what);
    return reason;
}

/* One step for everybody else: nothing runs between the read and the writes. */
static unsigned update(struct vtd_model *m, struct vtd_model_message *message, uint64_t *word, bool extended)
{
    unsigned pir = message->vector / 64;
    bool wanted = (word[CONTROL] & ON) == 0 && ((word[CONTROL] & SN) == 0 || message->urgent);
    word[pir] |= BIT64(message->vector % 64);
    word[CONTROL] |= wanted ? ON : 0;
    if (!store(m, message->descriptor, pir, word[pir]) || !store(m, message->descriptor, CONTROL, word[CONTROL])) {
        return refuse(m, message->descriptor, FAULT_POST_ACCESS, "cannot be written");
    }
    m->posted++;
    message->notified = wanted;
    if (wanted) {
        notify(m, word[CONTROL], extended);
    }
    return 0;
}

unsigned model_post(struct vtd_model *m, struct vtd_model_message *message, bool extended)
{
    uint64_t word[WORDS];
    uint64_t at = message->descriptor;
    if ((at & ~model_host_limit(m)) != 0 || !m->io.read(m->io.context, at, word, sizeof(word), VTD_MODEL_DESCRIPTOR)) {
        return refuse(m, at, FAULT_POST_ACCESS, "outside memory");
    }
    if (is_reserved(word, extended)) {
        return refuse(m, at, FAULT_POST_RESERVED, "reserved bits set");
    }
    if (bits_get(word[CONTROL], 23, 16) < LEGAL_VECTOR) {
        return refuse(m, at, FAULT_POST_RESERVED, "notification vector below 16");
    }
    if (message->vector < LEGAL_VECTOR) {
        model_violation(m, "posted interrupt with vector %u", message->vector);
    }
    return update(m, message, word, extended);
}

static bool posts_into(struct vtd_model_pair e, uint64_t at, uint64_t bytes)
{
    uint64_t descriptor = bits_get(e.high, 63, 32) << 32 | bits_get(e.low, 63, 38) << 6;
    bool posted = (e.low & 1) != 0 && bits_get(e.low, 15, 15) != 0;
    return posted && descriptor < at + bytes && at < descriptor + WORDS * 8;
}

static void reused_by(struct vtd_model *m, unsigned index, const char *where)
{
    model_violation(m, "memory reused while interrupt entry %u %s posts into it", index, where);
}

void vtd_model_reused(struct vtd_model *m, uint64_t at, uint64_t bytes)
{
    for (unsigned i = 0; i < VTD_MODEL_IRTES; i++) {
        if (m->irtes[i].valid && posts_into(m->irtes[i].entry, at, bytes)) {
            reused_by(m, m->irtes[i].index, "in the cache");
        }
    }
    if ((model_gsts(m) & GC_IRE) == 0) {
        return;
    }
    for (uint32_t i = 0; i < UINT32_C(1) << (bits_get(m->irta, 3, 0) + 1); i++) {
        uint64_t raw[2];
        if (model_read_table(m, (m->irta & MASK64(63, 12)) + (uint64_t)i * 16, raw, sizeof(raw)) &&
            posts_into((struct vtd_model_pair){raw[0], raw[1]}, at, bytes)) {
            reused_by(m, i, "in the table");
        }
    }
}
