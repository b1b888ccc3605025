/* SPDX-License-Identifier: GPL-2.0-only
 * The invalidation queue (VT-d 4.1 6.5.2, 11.4.9). Only one submission is under way at a time, and its end is always
 * waited for, so an error that shows up belongs to it. */
#include "vtd/queue.h"

#include "kernel/core/log.h"
#include "kernel/core/pages.h"
#include "kernel/core/panic.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/phys.h"
#include "vtd/unit.h"

#define NO_DEVICE UINT32_MAX
#define ATTEMPTS_MAX 3u /* submissions of one batch when device-TLB time-outs abort it */

enum outcome {
    DONE,
    REFUSED, /* at least one descriptor was bad */
    ABORTED, /* a device-TLB time-out took the wait with it: submit again */
    LATE,
};

enum status vtd_queue_init(struct vtd_unit *u)
{
    enum status s = pages_alloc(&u->queue.ring);
    if (s == STATUS_OK) {
        s = pages_alloc(&u->queue.status);
    }
    return s;
}

static uint32_t head(const struct vtd_unit *u)
{
    return (uint32_t)bits_get(vtd_unit_read64(u, VTD_IQH), 18, 4) % VTD_QUEUE_ENTRIES;
}

enum status vtd_queue_start(struct vtd_unit *u)
{
    u->queue.tail = 0;
    vtd_unit_write64(u, VTD_IQT, 0);
    /* QS (bits 2:0) = 0: one page. DW (bit 11) = 0: descriptors of 128 bits. */
    vtd_unit_write64(u, VTD_IQA, u->queue.ring.v);
    enum status s = vtd_unit_switch(u, VTD_GCMD_QIE, true);
    u->queue.started = s == STATUS_OK;
    return s;
}

enum status vtd_queue_stop_foreign(struct vtd_unit *u)
{
    struct deadline end = deadline_in_us(VTD_DEADLINE_US);
    if ((vtd_unit_read32(u, VTD_GSTS) & VTD_GCMD_QIE) == 0) {
        return STATUS_OK;
    }
    while (vtd_unit_read64(u, VTD_IQH) != vtd_unit_read64(u, VTD_IQT)) {
        if (deadline_passed(end)) {
            log_warn("vtd: unit=%u the queue that firmware left does not drain", u->index);
            break;
        }
        cpu_pause();
    }
    return vtd_unit_switch(u, VTD_GCMD_QIE, false);
}

/* Write one ring entry. The unit snoops the ring (VT-d 4.1 6.5.2), but a flush costs little where it is not sure. */
static void write_entry(struct vtd_unit *u, uint32_t index, struct vtd_descriptor d)
{
    uint64_t *entry = (uint64_t *)phys_to_virt(u->queue.ring) + (size_t)2 * index;
    entry[0] = d.low;
    entry[1] = d.high;
    vtd_unit_publish(u, entry, sizeof(d));
}

static void append(struct vtd_unit *u, struct vtd_descriptor d)
{
    write_entry(u, u->queue.tail, d);
    u->queue.tail = (u->queue.tail + 1) % VTD_QUEUE_ENTRIES;
}

/* The ring is full when tail + 1 == head. */
static uint32_t free_entries(const struct vtd_unit *u)
{
    return (head(u) - u->queue.tail - 1) % VTD_QUEUE_ENTRIES;
}

static bool submit(struct vtd_unit *u, const struct vtd_descriptor *descriptors, unsigned count, struct deadline end)
{
    while (free_entries(u) < count + 1) {
        if (deadline_passed(end)) {
            return false;
        }
        cpu_pause();
    }
    for (unsigned i = 0; i < count; i++) {
        append(u, descriptors[i]);
    }
    u->queue.sequence++;
    append(u, vtd_descriptor_wait(u->queue.status, u->queue.sequence));
    vtd_unit_write64(u, VTD_IQT, (uint64_t)u->queue.tail << 4);
    return true;
}

static bool is_complete(const struct vtd_unit *u)
{
    const uint32_t *status = phys_to_virt(u->queue.status);
    return __atomic_load_n(status, __ATOMIC_ACQUIRE) == u->queue.sequence;
}

/* The unit stopped at a descriptor it does not take. Put one there that every unit takes, and let it go on.
 * Returns whether our wait is still ahead. */
static bool replace_refused(struct vtd_unit *u)
{
    uint32_t at = head(u);
    uint32_t wait = (u->queue.tail - 1) % VTD_QUEUE_ENTRIES;
    log_error("vtd: unit=%u refused invalidation descriptor %u", u->index, (unsigned)at);
    write_entry(u, at, vtd_descriptor_iotlb_global((struct vtd_drain){false, false}));
    vtd_unit_write32(u, VTD_FSTS, VTD_FSTS_IQE);
    return at != wait;
}

static void note_device_timeout(struct vtd_unit *u)
{
    u->queue.timeout_source = (uint16_t)bits_get(vtd_unit_read64(u, VTD_IQERCD), 47, 32);
    u->queue.device_timeouts++;
    log_error("vtd: unit=%u device=%02x:%02x.%u did not answer a device-TLB invalidation", u->index,
              (unsigned)u->queue.timeout_source >> 8, ((unsigned)u->queue.timeout_source >> 3) & 0x1f,
              (unsigned)u->queue.timeout_source & 7);
    vtd_unit_write32(u, VTD_FSTS, VTD_FSTS_ITE);
}

static enum outcome await(struct vtd_unit *u, struct deadline end)
{
    unsigned refused = 0;
    while (!is_complete(u)) {
        uint32_t faults = vtd_unit_read32(u, VTD_FSTS);
        if ((faults & VTD_FSTS_IQE) != 0 && (!replace_refused(u) || ++refused > VTD_QUEUE_BATCH_MAX)) {
            return REFUSED;
        }
        if ((faults & VTD_FSTS_ICE) != 0) {
            vtd_unit_write32(u, VTD_FSTS, VTD_FSTS_ICE); /* a device answered what nobody asked: no harm */
        }
        if ((faults & VTD_FSTS_ITE) != 0) {
            note_device_timeout(u);
            return ABORTED;
        }
        if (deadline_passed(end)) {
            return is_complete(u) ? (refused == 0 ? DONE : REFUSED) : LATE;
        }
        cpu_pause();
    }
    return refused == 0 ? DONE : REFUSED;
}

/* A unit that was late is asked on, but not waited for again until it has caught up: whoever needs it meanwhile would
 * each hold its lock for another deadline, and a guest can need it as often as it likes. */
static struct deadline deadline_of(const struct vtd_unit *u)
{
    return deadline_in_us(u->queue.late && !is_complete(u) ? 0 : VTD_DEADLINE_US);
}

/* device: a source id, or NO_DEVICE: no time-out is this batch's own fault. */
static enum status run(struct vtd_unit *u, const struct vtd_descriptor *descriptors, unsigned count, uint32_t device)
{
    struct deadline end = deadline_of(u);
    enum outcome outcome = ABORTED;
    bulkhead_assert(u->queue.started && count >= 1 && count <= VTD_QUEUE_BATCH_MAX);
    for (unsigned attempt = 0; attempt < ATTEMPTS_MAX && outcome == ABORTED; attempt++) {
        outcome = submit(u, descriptors, count, end) ? await(u, end) : LATE;
        if (outcome == ABORTED && u->queue.timeout_source == device) {
            break; /* it would only time out again */
        }
    }
    u->queue.late = outcome == LATE;
    if (outcome == DONE) {
        return STATUS_OK;
    }
    u->queue.errors++;
    return outcome == REFUSED ? STATUS_HARDWARE : STATUS_TIMEOUT;
}

enum status vtd_queue_run(struct vtd_unit *u, const struct vtd_descriptor *descriptors, unsigned count)
{
    return run(u, descriptors, count, NO_DEVICE);
}

enum status vtd_queue_run_device(struct vtd_unit *u, const struct vtd_descriptor *descriptors, unsigned count,
                                 uint16_t source)
{
    return run(u, descriptors, count, source);
}
