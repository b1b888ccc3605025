/* SPDX-License-Identifier: GPL-2.0-only
 * Fault records (VT-d 4.1 7.2, 11.4.7.1, 11.4.7.6). */
#include "vtd/fault.h"

#include "kernel/core/lock.h"
#include "vtd/unit.h"

#define RECORD_BYTES 16u
#define RECORD_TOP 12u         /* offset of the dword with F; writing only it leaves the rest of the record alone */
#define RECORD_TOP_F BIT32(31) /* F, bit 127 */
#define ROUNDS_MAX 4u
#define REASON_INTERRUPT_FIRST 0x20
#define REASON_INTERRUPT_LAST 0x2f

/* Bits of the high quadword are named by their place there: bit 64 of the record is bit 0 here. */
static enum vtd_fault_access decode_access(uint64_t high)
{
    bool t1 = bits_get(high, 62, 62);
    bool t2 = bits_get(high, 28, 28);
    if (t1) {
        return t2 ? VTD_FAULT_ATOMIC : VTD_FAULT_READ;
    }
    return t2 ? VTD_FAULT_PAGE_REQUEST : VTD_FAULT_WRITE;
}

bool vtd_fault_decode(uint64_t low, uint64_t high, unsigned unit, uint16_t segment, struct vtd_fault *out)
{
    if (bits_get(high, 63, 63) == 0) {
        return false;
    }
    *out = (struct vtd_fault){
        .unit = unit,
        .source = sbdf_from_rid(segment, (uint16_t)bits_get(high, 15, 0)),
        .reason = (uint8_t)bits_get(high, 39, 32),
    };
    if (out->reason >= REASON_INTERRUPT_FIRST && out->reason <= REASON_INTERRUPT_LAST) {
        out->access = VTD_FAULT_INTERRUPT;
        out->index = (uint16_t)bits_get(low, 63, 48);
    } else {
        out->access = decode_access(high);
        out->address = low & MASK64(63, 12);
    }
    return true;
}

static unsigned record_offset(const struct vtd_unit *u, unsigned index)
{
    return u->caps.fault_offset + index * RECORD_BYTES;
}

/* Take record `index` out of the unit; false when nothing is in it. */
static bool take_record(struct vtd_unit *u, unsigned index, struct vtd_fault *out)
{
    unsigned at = record_offset(u, index);
    uint64_t flags = lock_take(&u->lock);
    bool found = (vtd_unit_read32(u, at + RECORD_TOP) & RECORD_TOP_F) != 0;
    if (found) {
        uint64_t low = vtd_unit_read64(u, at);
        uint64_t high = vtd_unit_read64(u, at + 8);
        found = vtd_fault_decode(low, high, u->index, u->segment, out);
        vtd_unit_write32(u, at + RECORD_TOP, RECORD_TOP_F);
    }
    lock_release(&u->lock, flags);
    return found;
}

/* One pass over all records from the one the unit filled first. */
static unsigned drain_records(struct vtd_unit *u, unsigned first, vtd_fault_sink *sink, void *context)
{
    unsigned count = 0;
    unsigned index = first < u->caps.fault_count ? first : 0;
    for (unsigned i = 0; i < u->caps.fault_count; i++) {
        struct vtd_fault fault;
        if (take_record(u, index, &fault)) {
            sink(context, &fault);
            count++;
        }
        index++;
        if (index >= u->caps.fault_count) {
            index = 0;
        }
    }
    return count;
}

/* Clear the overflow after the records, so that there is room when the unit records again. ICE and ITE are dealt with
 * by whoever waits on the queue; nobody does while we hold the lock, so what is set is left over, and would keep
 * further fault events from being raised (VT-d 4.1 7.3). */
static void clear_status(struct vtd_unit *u, struct vtd_fault_result *result)
{
    uint64_t flags = lock_take(&u->lock);
    uint32_t status = vtd_unit_read32(u, VTD_FSTS);
    if ((status & VTD_FSTS_PFO) != 0) {
        result->overflow = true;
    }
    uint32_t clear = status & (VTD_FSTS_PFO | VTD_FSTS_ICE | VTD_FSTS_ITE);
    if (clear != 0) {
        vtd_unit_write32(u, VTD_FSTS, clear);
    }
    lock_release(&u->lock, flags);
}

struct vtd_fault_result vtd_fault_drain(struct vtd_unit *u, vtd_fault_sink *sink, void *context)
{
    struct vtd_fault_result result = {0};
    uint32_t status = vtd_unit_read32(u, VTD_FSTS);
    for (unsigned round = 0; round < ROUNDS_MAX && (status & (VTD_FSTS_PPF | VTD_FSTS_PFO)) != 0; round++) {
        if ((status & VTD_FSTS_PPF) != 0) {
            result.count += drain_records(u, (unsigned)bits_get(status, 15, 8), sink, context);
        }
        clear_status(u, &result);
        /* A fault recorded behind our back raised no event while another was pending: look again. */
        status = vtd_unit_read32(u, VTD_FSTS);
    }
    result.pending = (status & (VTD_FSTS_PPF | VTD_FSTS_PFO)) != 0;
    return result;
}

void vtd_fault_events(struct vtd_unit *u, bool on)
{
    uint64_t flags = lock_take(&u->lock);
    vtd_unit_write32(u, VTD_FECTL, on ? 0 : VTD_FECTL_IM);
    lock_release(&u->lock, flags);
}

void vtd_fault_clear(struct vtd_unit *u)
{
    for (unsigned i = 0; i < u->caps.fault_count; i++) {
        unsigned top = record_offset(u, i) + RECORD_TOP;
        if ((vtd_unit_read32(u, top) & RECORD_TOP_F) != 0) {
            vtd_unit_write32(u, top, RECORD_TOP_F);
        }
    }
    vtd_unit_write32(u, VTD_FSTS,
                     VTD_FSTS_PFO | VTD_FSTS_AFO | VTD_FSTS_APF | VTD_FSTS_IQE | VTD_FSTS_ICE | VTD_FSTS_ITE);
}
