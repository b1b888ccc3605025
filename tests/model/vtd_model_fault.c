/* SPDX-License-Identifier: GPL-2.0-only
 * Fault recording, status and events of the model (VT-d 4.1 7.2, 7.3, 11.4.7). */
#include "tests/model/vtd_model_internal.h"

#include <string.h>

#define RECORD_F BIT64(63) /* in the high half: bit 127 */
#define RECORD_T BIT64(62)

static unsigned records(const struct vtd_model *m)
{
    return (unsigned)CAP_NFR(m->config.cap) + 1;
}

static bool any_pending(const struct vtd_model *m)
{
    for (unsigned i = 0; i < records(m); i++) {
        if ((m->fault[i].high & RECORD_F) != 0) {
            return true;
        }
    }
    return false;
}

/* PPF is the logical or of all F fields. */
uint32_t model_fsts(const struct vtd_model *m)
{
    uint32_t v = (uint32_t)m->reg[VTD_R_FSTS] & ~FS_PPF;
    return any_pending(m) ? v | FS_PPF : v;
}

/* IP drops when software has serviced every source. */
static void settle_pending_bit(struct vtd_model *m)
{
    if ((model_fsts(m) & (FS_PPF | FS_CLEARABLE)) == 0) {
        m->reg[VTD_R_FECTL] &= ~(uint64_t)CTL_IP;
    }
}

void model_event(struct vtd_model *m, enum vtd_model_register control)
{
    if ((m->reg[control] & CTL_IM) != 0) {
        m->reg[control] |= CTL_IP;
        return;
    }
    uint64_t address = m->reg[control + 2] | m->reg[control + 3] << 32;
    m->interrupts_sent++;
    if (m->io.interrupt != NULL) {
        m->io.interrupt(m->io.context, address, (uint32_t)m->reg[control + 1]);
    }
}

void model_event_control(struct vtd_model *m, enum vtd_model_register control, uint32_t value)
{
    bool was_masked = (m->reg[control] & CTL_IM) != 0;
    bool masked = (value & CTL_IM) != 0;
    if (was_masked && !masked && (!m->written[control + 1] || !m->written[control + 2])) {
        model_violation(m, "event unmasked before its address and data were programmed");
    }
    m->reg[control] = (m->reg[control] & CTL_IP) | (value & CTL_IM);
    if (!masked && (m->reg[control] & CTL_IP) != 0) {
        m->reg[control] &= ~(uint64_t)CTL_IP;
        model_event(m, control);
    }
}

/* A further event is held back while an earlier one is unserviced (11.4.7.2, IP). */
void model_fsts_set(struct vtd_model *m, uint32_t bits)
{
    bool unserviced = (model_fsts(m) & (FS_PPF | FS_CLEARABLE)) != 0;
    m->reg[VTD_R_FSTS] |= bits;
    if (!unserviced) {
        model_event(m, VTD_R_FECTL);
    }
}

void model_fsts_write(struct vtd_model *m, uint32_t value)
{
    m->reg[VTD_R_FSTS] &= ~(uint64_t)(value & FS_CLEARABLE);
    settle_pending_bit(m);
}

static bool collapses(const struct vtd_model *m, uint16_t sid)
{
    for (unsigned i = 0; m->config.collapse_faults && i < records(m); i++) {
        if ((m->fault[i].high & RECORD_F) != 0 && (uint16_t)m->fault[i].high == sid) {
            return true;
        }
    }
    return false;
}

void model_fault_record(struct vtd_model *m, uint16_t sid, uint64_t info, unsigned reason, bool read)
{
    if (m->quiet) {
        return;
    }
    m->faults_seen++;
    if ((m->reg[VTD_R_FSTS] & FS_PFO) != 0 || collapses(m, sid)) {
        return;
    }
    struct vtd_model_pair *r = &m->fault[m->fault_next];
    if ((r->high & RECORD_F) != 0) {
        model_fsts_set(m, FS_PFO);
        return;
    }
    bool unserviced = (model_fsts(m) & (FS_PPF | FS_CLEARABLE)) != 0;
    if (!any_pending(m)) {
        m->reg[VTD_R_FSTS] = bits_set(m->reg[VTD_R_FSTS], 15, 8, m->fault_next);
    }
    r->low = info & MASK64(63, 12);
    r->high = RECORD_F | (read ? RECORD_T : 0) | (uint64_t)reason << 32 | sid;
    m->fault_next = m->fault_next + 1 < records(m) ? m->fault_next + 1 : 0;
    if (!unserviced) {
        model_event(m, VTD_R_FECTL);
    }
}

bool model_fault_register(const struct vtd_model *m, uint64_t offset, unsigned *record, unsigned *byte)
{
    uint64_t start = CAP_FRO(m->config.cap) * 16;
    if (offset < start || offset - start >= (uint64_t)records(m) * 16) {
        return false;
    }
    *record = (unsigned)((offset - start) / 16);
    *byte = (unsigned)((offset - start) % 16);
    return true;
}

uint64_t model_fault_read(struct vtd_model *m, uint64_t offset, unsigned width)
{
    unsigned record = 0;
    unsigned byte = 0;
    if (!model_fault_register(m, offset, &record, &byte)) {
        return 0;
    }
    uint64_t half = byte < 8 ? m->fault[record].low : m->fault[record].high;
    return width == 8 ? half : (uint32_t)(half >> (byte % 8 * 8));
}

/* Only F may be written, and only by the dword that holds it: anything wider could clear what was not yet read. */
void model_fault_write(struct vtd_model *m, uint64_t offset, unsigned width, uint64_t value)
{
    unsigned record = 0;
    unsigned byte = 0;
    if (!model_fault_register(m, offset, &record, &byte)) {
        return;
    }
    if (width != 4 || byte != 12) {
        model_violation(m, "fault record written at byte %u with width %u", byte, width);
        return;
    }
    if ((value & BIT32(31)) != 0) {
        m->fault[record].high &= ~RECORD_F;
    }
    settle_pending_bit(m);
}
