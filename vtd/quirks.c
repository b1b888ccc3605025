/* SPDX-License-Identifier: GPL-2.0-only
 * The quirk table. Ids are Intel's (vendor 8086). */
#include "vtd/quirks.h"

#include "kernel/hw/pci_config.h"
#include "kernel/lib/bits.h"

#define VENDOR_INTEL 0x8086
#define CLASS_DISPLAY 3
#define ESCALATION_CONTROL 0x1ac

enum effect {
    FORCE_FLUSH = 1 << 0,
    GRAPHICS = 1 << 1,
    KEEP_TRANSLATION = 1 << 2,
    NO_REMAPPING = 1 << 3,
    ESCALATES = 1 << 4,
    ISOCH_AUDIO = 1 << 5,
    ISOCH_STARVED = 1 << 6, /* the audio unit has no translation cache entries of its own */
};

/* A row matches a function when (device & mask) == id, its revision is below revision_below, it is a display when
 * `display` says so, and, when config_mask is not 0, (config dword at config_offset & config_mask) == 0. */
struct row {
    uint16_t id, mask;
    uint16_t revision_below;
    bool display;
    uint16_t config_offset; /* 4-byte aligned */
    uint32_t config_mask;
    uint32_t effects;
};

#define ANY_REVISION 0x100

static const struct row rows[] = {
    /* 4 Series and GM45 host bridges: write buffers exist but CAP.RWBF = 0; the graphics unit misbehaves. */
    {0x2a40, 0xffff, ANY_REVISION, false, 0, 0, FORCE_FLUSH | GRAPHICS},
    {0x2e00, 0xffff, ANY_REVISION, false, 0, 0, FORCE_FLUSH | GRAPHICS},
    {0x2e10, 0xffff, ANY_REVISION, false, 0, 0, FORCE_FLUSH | GRAPHICS},
    {0x2e20, 0xffff, ANY_REVISION, false, 0, 0, FORCE_FLUSH | GRAPHICS},
    {0x2e30, 0xffff, ANY_REVISION, false, 0, 0, FORCE_FLUSH | GRAPHICS},
    {0x2e40, 0xffff, ANY_REVISION, false, 0, 0, FORCE_FLUSH | GRAPHICS},
    {0x2e90, 0xffff, ANY_REVISION, false, 0, 0, FORCE_FLUSH | GRAPHICS},
    /* Broadwell graphics. */
    {0x1600, 0xff00, ANY_REVISION, true, 0, 0, GRAPHICS},
    /* Calpella host bridges: GGC, word 0x52 bit 11 = 0, means that firmware gave graphics no shadow memory. */
    {0x0040, 0xffff, ANY_REVISION, false, 0x50, BIT32(16 + 11), GRAPHICS},
    {0x0044, 0xffff, ANY_REVISION, false, 0x50, BIT32(16 + 11), GRAPHICS},
    {0x0062, 0xffff, ANY_REVISION, false, 0x50, BIT32(16 + 11), GRAPHICS},
    {0x006a, 0xffff, ANY_REVISION, false, 0x50, BIT32(16 + 11), GRAPHICS},
    /* Graphics generations whose unit hangs when translation is switched off. */
    {0x4500, 0xff00, ANY_REVISION, true, 0, 0, KEEP_TRANSLATION},
    {0x4600, 0xff00, ANY_REVISION, true, 0, 0, KEEP_TRANSLATION},
    {0x4c00, 0xff00, ANY_REVISION, true, 0, 0, KEEP_TRANSLATION},
    {0x4e00, 0xff00, ANY_REVISION, true, 0, 0, KEEP_TRANSLATION},
    {0x8a00, 0xff00, ANY_REVISION, true, 0, 0, KEEP_TRANSLATION},
    {0x9800, 0xff00, ANY_REVISION, true, 0, 0, KEEP_TRANSLATION},
    {0x9a00, 0xff00, ANY_REVISION, true, 0, 0, KEEP_TRANSLATION},
    /* Tylersburg: audio has its own unit, and 342e says whether firmware gave that one any cache entries. */
    {0x3a3e, 0xffff, ANY_REVISION, false, 0, 0, ISOCH_AUDIO},
    {0x342e, 0xffff, ANY_REVISION, false, 0x188, 0x1d, ISOCH_STARVED},
    /* 5500, 5520, X58: interrupt remapping errata. */
    {0x3403, 0xffff, 0x22, false, 0, 0, NO_REMAPPING},
    {0x3406, 0xffff, 0x22, false, 0, 0, NO_REMAPPING},
    {0x3405, 0xffff, ANY_REVISION, false, 0, 0, NO_REMAPPING},
    /* Chipsets that turn remapping faults into platform errors. */
    {0x342e, 0xffff, ANY_REVISION, false, 0, 0, ESCALATES},
    {0x3728, 0xffff, ANY_REVISION, false, 0, 0, ESCALATES},
    {0x3c28, 0xffff, ANY_REVISION, false, 0, 0, ESCALATES},
};

static bool matches(const struct row *r, const struct vtd_quirk_function *f, const struct pci_reader *reader)
{
    if ((f->device & r->mask) != r->id || f->revision >= r->revision_below) {
        return false;
    }
    if (r->display && f->base_class != CLASS_DISPLAY) {
        return false;
    }
    return r->config_mask == 0 || (pci_reader_u32(reader, r->config_offset) & r->config_mask) == 0;
}

static void mask_escalation(struct sbdf at)
{
    uint32_t value = pci_config_read32(at, ESCALATION_CONTROL);
    if (value != UINT32_MAX) { /* all ones: hidden, or without ECAM out of reach */
        pci_config_write32(at, ESCALATION_CONTROL, value | BIT32(31));
    }
}

void vtd_quirks_see_saved(struct vtd_quirk_facts *facts, const struct vtd_quirk_function *f,
                          const struct pci_reader *reader)
{
    uint32_t effects = 0;
    for (size_t i = 0; f->vendor == VENDOR_INTEL && i < ARRAY_LENGTH(rows); i++) {
        if (matches(&rows[i], f, reader)) {
            effects |= rows[i].effects;
        }
    }
    if ((effects & ISOCH_AUDIO) != 0) {
        facts->isoch_at = f->at;
    }
    facts->effects |= effects;
}

void vtd_quirks_see(struct vtd_quirk_facts *facts, const struct vtd_quirk_function *f)
{
    struct pci_reader reader = pci_reader_live(&f->at);
    struct vtd_quirk_facts own = {0};
    vtd_quirks_see_saved(&own, f, &reader);
    if ((own.effects & ESCALATES) != 0) {
        mask_escalation(f->at);
    }
    if ((own.effects & ISOCH_AUDIO) != 0) {
        facts->isoch_at = own.isoch_at;
    }
    facts->effects |= own.effects;
}

/* Sandy Bridge, client (2a) and server (2d), family 6: walks of superpages go wrong. */
static bool is_sandy_bridge(uint32_t signature)
{
    uint64_t family = bits_get(signature, 11, 8);
    uint64_t model = bits_get(signature, 7, 4) | bits_get(signature, 19, 16) << 4;
    return family == 6 && (model == 0x2a || model == 0x2d);
}

struct vtd_quirks vtd_quirks_decide(const struct vtd_quirk_facts *facts, uint32_t cpu_signature)
{
    uint32_t e = facts->effects;
    return (struct vtd_quirks){
        .force_write_buffer_flush = (e & FORCE_FLUSH) != 0,
        .graphics_blocked = (e & GRAPHICS) != 0,
        .keep_translation_enabled = (e & KEEP_TRANSLATION) != 0,
        .no_superpages = is_sandy_bridge(cpu_signature),
        .no_interrupt_remapping = (e & NO_REMAPPING) != 0,
        .ignore_isoch_unit = (e & ISOCH_AUDIO) != 0 && (e & ISOCH_STARVED) != 0,
        .isoch_at = facts->isoch_at,
    };
}
