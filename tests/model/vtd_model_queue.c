/* SPDX-License-Identifier: GPL-2.0-only
 * Queued invalidation of the model (VT-d 4.1 6.5.2, 11.4.9). */
#include "tests/model/vtd_model_internal.h"

uint64_t model_queue_bytes(const struct vtd_model *m)
{
    return UINT64_C(4096) << bits_get(m->reg[VTD_R_IQA], 2, 0);
}

void model_queue_enable(struct vtd_model *m, bool on)
{
    m->reg[VTD_R_IQH] = 0;
    m->queue_halted = false;
    m->device_is_silent = false;
    m->queue_left = m->knobs.latency;
    if (on && (m->reg[VTD_R_FSTS] & (FS_IQE | FS_ITE)) != 0) {
        model_violation(m, "queue enabled with IQE or ITE left set");
    }
}

static uint64_t pending_bytes(const struct vtd_model *m)
{
    uint64_t size = model_queue_bytes(m);
    return (m->reg[VTD_R_IQT] + size - m->reg[VTD_R_IQH]) % size;
}

static void fail(struct vtd_model *m, uint32_t bit)
{
    if (bit == FS_IQE) {
        m->reg[VTD_R_IQERCD] = 3; /* IQEI: the descriptor is not valid */
    } else if (bit == FS_ITE) {
        m->reg[VTD_R_IQERCD] = (uint64_t)m->knobs.inject_sid << 32;
    } else {
        m->reg[VTD_R_IQERCD] = (uint64_t)m->knobs.inject_sid << 48;
    }
    m->queue_halted = m->queue_halted || m->knobs.stop_after_error;
    model_fsts_set(m, bit);
}

static bool invalid(struct vtd_model *m, const char *what, struct vtd_model_pair d)
{
    model_violation(m, "descriptor 0x%llx 0x%llx: %s", (unsigned long long)d.low, (unsigned long long)d.high, what);
    return false;
}

static bool run_context(struct vtd_model *m, struct vtd_model_pair d)
{
    unsigned grain = (unsigned)bits_get(d.low, 5, 4);
    if (grain == 0 || (d.low & (MASK64(15, 6) | MASK64(63, 50))) != 0 || d.high != 0) {
        return invalid(m, "context-cache reserved encoding", d);
    }
    model_context_flush(m, grain, (uint16_t)bits_get(d.low, 31, 16), (uint16_t)bits_get(d.low, 47, 32),
                        (unsigned)bits_get(d.low, 49, 48));
    return true;
}

static bool run_iotlb(struct vtd_model *m, struct vtd_model_pair d)
{
    unsigned grain = (unsigned)bits_get(d.low, 5, 4);
    unsigned am = (unsigned)bits_get(d.high, 5, 0);
    if (grain == 0 || (d.low & (MASK64(15, 8) | MASK64(63, 32))) != 0 || (d.high & MASK64(11, 7)) != 0) {
        return invalid(m, "IOTLB reserved encoding", d);
    }
    if ((bits_get(d.low, 6, 6) && !CAP_DWD(m->config.cap)) || (bits_get(d.low, 7, 7) && !CAP_DRD(m->config.cap))) {
        return invalid(m, "asks for a drain the unit lacks", d);
    }
    if (grain == GRAIN_NARROW && (!CAP_PSI(m->config.cap) || am > CAP_MAMV(m->config.cap))) {
        return invalid(m, "page-selective beyond CAP.PSI or CAP.MAMV", d);
    }
    model_iotlb_flush(m, grain, (uint16_t)bits_get(d.low, 31, 16), d.high & MASK64(63, 12), am,
                      bits_get(d.high, 6, 6) != 0);
    return true;
}

/* With S the lowest clear bit from 12 on says how much: bytes, and where they start. */
static uint64_t spread_of(uint64_t *address)
{
    unsigned bit = 12;
    while (bit < 63 && bits_get(*address, bit, bit) != 0) {
        bit++;
    }
    *address = bit >= 62 ? 0 : *address & ~(BIT64(bit + 1) - 1);
    return bit >= 62 ? UINT64_MAX : BIT64(bit + 1);
}

static bool run_device_tlb(struct vtd_model *m, struct vtd_model_pair d)
{
    bool throttles = bits_get(m->config.ecap, 41, 41) != 0;
    if (!ECAP_DT(m->config.ecap)) {
        return invalid(m, "device-TLB invalidation without ECAP.DT", d);
    }
    if ((d.low &
         (MASK64(11, 4) | MASK64(31, 21) | MASK64(51, 48) | (throttles ? 0 : MASK64(15, 12) | MASK64(63, 52)))) != 0 ||
        (d.high & MASK64(11, 1)) != 0) {
        return invalid(m, "device-TLB reserved encoding", d);
    }
    uint64_t address = d.high & MASK64(63, 12);
    uint16_t sid = (uint16_t)bits_get(d.low, 47, 32);
    uint64_t bytes = bits_get(d.high, 0, 0) != 0 ? spread_of(&address) : 4096;
    if (m->io.invalidate != NULL &&
        !m->io.invalidate(m->io.context, sid, address, bytes, (unsigned)bits_get(d.low, 20, 16))) {
        m->device_is_silent = true;
        m->silent_device = sid;
    }
    return true;
}

static bool run_irte(struct vtd_model *m, struct vtd_model_pair d)
{
    unsigned mask = (unsigned)bits_get(d.low, 31, 27);
    bool everything = bits_get(d.low, 4, 4) == 0;
    if ((d.low & (MASK64(26, 5) | MASK64(63, 48))) != 0 || d.high != 0) {
        return invalid(m, "interrupt-entry reserved encoding", d);
    }
    if (!ECAP_IR(m->config.ecap)) {
        return invalid(m, "interrupt-entry invalidation without ECAP.IR", d);
    }
    if (!everything && mask > ECAP_MHMV(m->config.ecap)) {
        return invalid(m, "interrupt-entry mask beyond ECAP.MHMV", d);
    }
    model_irte_flush(m, everything, (uint16_t)bits_get(d.low, 47, 32), mask);
    return true;
}

static bool run_wait(struct vtd_model *m, struct vtd_model_pair d)
{
    uint32_t data = (uint32_t)(d.low >> 32);
    if ((d.low & MASK64(31, 8)) != 0 || (d.high & MASK64(1, 0)) != 0) {
        return invalid(m, "wait reserved encoding", d);
    }
    if (m->knobs.stuck_waits) {
        return true;
    }
    if (m->device_is_silent) { /* aborted: it writes nothing (6.5.2.10) */
        m->device_is_silent = false;
        m->knobs.inject_sid = m->silent_device;
        fail(m, FS_ITE);
        return true;
    }
    if (bits_get(d.low, 5, 5) && !m->io.write(m->io.context, d.high & ~UINT64_C(3), &data, sizeof(data))) {
        return invalid(m, "wait status address outside memory", d);
    }
    if (bits_get(d.low, 4, 4)) {
        m->reg[VTD_R_ICS] |= 1;
        model_event(m, VTD_R_IECTL);
    }
    return true;
}

static bool run(struct vtd_model *m, struct vtd_model_pair d)
{
    switch (bits_get(d.low, 3, 0) | bits_get(d.low, 11, 9) << 4) {
    case DESC_CONTEXT:
        return run_context(m, d);
    case DESC_IOTLB:
        return run_iotlb(m, d);
    case DESC_DEVICE_TLB:
        return run_device_tlb(m, d);
    case DESC_IRTE:
        return run_irte(m, d);
    case DESC_WAIT:
        return run_wait(m, d);
    default:
        return invalid(m, "unknown type", d);
    }
}

static void advance(struct vtd_model *m)
{
    m->reg[VTD_R_IQH] = (m->reg[VTD_R_IQH] + 16) % model_queue_bytes(m);
}

static bool counted_down(unsigned *n)
{
    return *n != 0 && --*n == 0;
}

static bool fetch(struct vtd_model *m, struct vtd_model_pair *d)
{
    uint64_t at = (m->reg[VTD_R_IQA] & MASK64(63, 12)) + m->reg[VTD_R_IQH];
    uint64_t raw[2];
    if (!m->io.read(m->io.context, at, raw, sizeof(raw), VTD_MODEL_QUEUE)) {
        model_violation(m, "queue outside memory: 0x%llx", (unsigned long long)at);
        return false;
    }
    *d = (struct vtd_model_pair){raw[0], raw[1]};
    return true;
}

/* A device-TLB time-out aborts the waits already fetched: everything up to and with the next wait is consumed, that
 * wait unanswered, then fetching stops until ITE is cleared (6.5.2.10). */
static void time_out(struct vtd_model *m)
{
    struct vtd_model_pair d;
    bool wait = false;
    while (!wait && pending_bytes(m) != 0 && fetch(m, &d)) {
        wait = bits_get(d.low, 3, 0) == DESC_WAIT;
        if (!wait && !run(m, d)) {
            break;
        }
        advance(m);
    }
    fail(m, FS_ITE);
}

static void step(struct vtd_model *m)
{
    struct vtd_model_pair d;
    m->descriptors++;
    if (counted_down(&m->knobs.inject_iqe)) {
        fail(m, FS_IQE);
        return;
    }
    if (counted_down(&m->knobs.inject_ite)) {
        time_out(m);
        return;
    }
    if (!fetch(m, &d) || !run(m, d)) {
        fail(m, FS_IQE);
        return;
    }
    advance(m);
    if (counted_down(&m->knobs.inject_ice)) {
        fail(m, FS_ICE);
    }
}

static bool can_fetch(const struct vtd_model *m)
{
    return (m->reg[VTD_R_GSTS] & GC_QIE) != 0 && !m->knobs.stuck_queue && !m->queue_halted &&
           (m->reg[VTD_R_FSTS] & (FS_IQE | FS_ITE)) == 0 && pending_bytes(m) != 0;
}

void model_queue_tick(struct vtd_model *m)
{
    while (can_fetch(m)) {
        if (m->queue_left > 0) {
            m->queue_left--;
            return;
        }
        m->queue_left = m->knobs.latency;
        step(m);
    }
}

void model_queue_tail(struct vtd_model *m, uint64_t value)
{
    uint64_t size = model_queue_bytes(m);
    if (value >= size) {
        model_violation(m, "IQT beyond the queue: 0x%llx", (unsigned long long)value);
        return;
    }
    if ((m->reg[VTD_R_GSTS] & GC_QIE) == 0) {
        if (value != 0) {
            model_violation(m, "IQT moved while the queue is off");
        }
        m->reg[VTD_R_IQT] = value;
        return;
    }
    uint64_t more = (value + size - m->reg[VTD_R_IQT]) % size;
    if (pending_bytes(m) + more >= size) {
        model_violation(m, "queue overrun: tail reaches the head");
    }
    m->reg[VTD_R_IQT] = value;
    m->queue_left = m->knobs.latency;
    model_queue_tick(m);
}
