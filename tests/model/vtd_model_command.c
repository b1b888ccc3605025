/* SPDX-License-Identifier: GPL-2.0-only
 * The operations behind GCMD, CCMD, the IOTLB register and PMEN (VT-d 4.1 11.4.4, 11.4.6, 11.4.8). */
#include "tests/model/vtd_model_internal.h"

uint32_t model_gsts(const struct vtd_model *m)
{
    uint32_t v = (uint32_t)m->reg[VTD_R_GSTS];
    return m->gcmd_bit == GC_WBF ? v | GC_WBF : v;
}

static void latch_root(struct vtd_model *m)
{
    model_check_root_pointer(m);
    m->root = m->reg[VTD_R_RTADDR] & MASK64(63, 12);
    m->needs_context_flush = true;
    m->needs_iotlb_flush = true;
    if (CAP_ESRTPS(m->config.cap)) {
        model_context_flush(m, GRAIN_GLOBAL, 0, 0, 0);
        model_iotlb_flush(m, GRAIN_GLOBAL, 0, 0, 0, false);
    }
}

static void latch_interrupt_table(struct vtd_model *m)
{
    model_check_interrupt_table(m);
    m->irta = m->reg[VTD_R_IRTA];
    m->needs_irte_flush = true;
    if (CAP_ESIRTPS(m->config.cap)) {
        model_irte_flush(m, true, 0, 0);
    }
}

static void finish_gcmd(struct vtd_model *m)
{
    uint32_t bit = m->gcmd_bit;
    m->gcmd_bit = 0;
    if (bit == GC_WBF) {
        model_drain(m);
        return;
    }
    if (bit == GC_SRTP) {
        latch_root(m);
    } else if (bit == GC_SIRTP) {
        latch_interrupt_table(m);
    } else if (bit == GC_QIE) {
        model_queue_enable(m, m->gcmd_set);
    }
    if (m->gcmd_set) {
        m->reg[VTD_R_GSTS] |= bit;
    } else {
        m->reg[VTD_R_GSTS] &= ~(uint64_t)bit;
    }
}

static void start_gcmd(struct vtd_model *m, uint32_t bit, bool set)
{
    if (m->gcmd_bit != 0) {
        finish_gcmd(m);
    }
    m->gcmd_bit = bit;
    m->gcmd_set = set;
    m->gcmd_left = m->knobs.latency;
    if (bit == GC_SRTP || bit == GC_SIRTP) {
        m->reg[VTD_R_GSTS] &= ~(uint64_t)bit;
    }
    if (m->gcmd_left == 0 && (m->knobs.stuck_gcmd & bit) == 0) {
        finish_gcmd(m);
    }
}

void model_gcmd(struct vtd_model *m, uint32_t value)
{
    model_check_gcmd(m, value);
    uint32_t old = model_gsts(m);
    for (unsigned i = 0; i < 32; i++) {
        uint32_t bit = BIT32(i);
        bool set = (value & bit) != 0;
        if ((bit & GC_ENABLES) != 0 && set != ((old & bit) != 0)) {
            start_gcmd(m, bit, set);
        } else if ((bit & GC_ONE_SHOT) != 0 && set) {
            start_gcmd(m, bit, true);
        }
    }
}

static void finish_ccmd(struct vtd_model *m)
{
    uint64_t v = m->reg[VTD_R_CCMD];
    unsigned grain = (unsigned)bits_get(v, 62, 61);
    if (grain != 0) {
        model_context_flush(m, grain, (uint16_t)bits_get(v, 15, 0), (uint16_t)bits_get(v, 31, 16),
                            (unsigned)bits_get(v, 33, 32));
    }
    m->reg[VTD_R_CCMD] = bits_set(v & ~INVALIDATE_GO, 60, 59, grain);
}

void model_ccmd(struct vtd_model *m)
{
    uint64_t v = m->reg[VTD_R_CCMD];
    if ((v & INVALIDATE_GO) == 0) {
        return;
    }
    if (bits_get(v, 62, 61) == 0 || (v & MASK64(58, 34)) != 0) {
        model_violation(m, "CCMD reserved encoding: 0x%llx", (unsigned long long)v);
    }
    if ((model_gsts(m) & GC_QIE) != 0) {
        model_violation(m, "CCMD used while the queue is on");
        m->reg[VTD_R_CCMD] = bits_set(v & ~INVALIDATE_GO, 60, 59, 0);
        return;
    }
    m->context_left = m->knobs.latency;
    if (m->context_left == 0 && !m->knobs.stuck_context) {
        finish_ccmd(m);
    }
}

static void finish_iotlb(struct vtd_model *m)
{
    uint64_t v = m->reg[VTD_R_IOTLB];
    uint64_t iva = m->reg[VTD_R_IVA];
    unsigned grain = (unsigned)bits_get(v, 61, 60);
    unsigned am = (unsigned)bits_get(iva, 5, 0);
    if (grain == GRAIN_NARROW && (am > CAP_MAMV(m->config.cap) || !CAP_PSI(m->config.cap))) {
        grain = 0;
    }
    if (grain != 0) {
        model_iotlb_flush(m, grain, (uint16_t)bits_get(v, 47, 32), iva & MASK64(63, 12), am, bits_get(iva, 6, 6) != 0);
    }
    m->reg[VTD_R_IOTLB] = bits_set(v & ~INVALIDATE_GO, 58, 57, grain);
}

static void check_iotlb(struct vtd_model *m, uint64_t v)
{
    if (bits_get(v, 61, 60) == 0 || (v & (BIT64(62) | BIT64(59) | MASK64(56, 50) | MASK64(31, 0))) != 0) {
        model_violation(m, "IOTLB register reserved encoding: 0x%llx", (unsigned long long)v);
    }
    if ((bits_get(v, 49, 49) && !CAP_DRD(m->config.cap)) || (bits_get(v, 48, 48) && !CAP_DWD(m->config.cap))) {
        model_violation(m, "IOTLB register asks for a drain the unit lacks");
    }
    if (bits_get(v, 61, 60) == GRAIN_NARROW) {
        if (!CAP_PSI(m->config.cap)) {
            model_violation(m, "page-selective invalidation without CAP.PSI");
        }
        if (bits_get(m->reg[VTD_R_IVA], 5, 0) > CAP_MAMV(m->config.cap)) {
            model_violation(m, "IVA address mask beyond CAP.MAMV");
        }
    }
}

void model_iotlb_command(struct vtd_model *m)
{
    uint64_t v = m->reg[VTD_R_IOTLB];
    if ((v & INVALIDATE_GO) == 0) {
        return;
    }
    check_iotlb(m, v);
    if ((model_gsts(m) & GC_QIE) != 0) {
        model_violation(m, "IOTLB register used while the queue is on");
        m->reg[VTD_R_IOTLB] = bits_set(v & ~INVALIDATE_GO, 58, 57, 0);
        return;
    }
    m->iotlb_left = m->knobs.latency;
    if (m->iotlb_left == 0 && !m->knobs.stuck_iotlb) {
        finish_iotlb(m);
    }
}

static void finish_pmen(struct vtd_model *m)
{
    bool on = (m->reg[VTD_R_PMEN] & PMEN_EPM) != 0;
    m->reg[VTD_R_PMEN] = on ? PMEN_EPM | PMEN_PRS : 0;
}

void model_pmen(struct vtd_model *m, uint32_t value)
{
    if (!CAP_PLMR(m->config.cap) && !CAP_PHMR(m->config.cap)) {
        model_violation(m, "PMEN written without protected memory regions");
        return;
    }
    m->reg[VTD_R_PMEN] = (m->reg[VTD_R_PMEN] & PMEN_PRS) | (value & PMEN_EPM);
    m->pmen_left = m->knobs.latency;
    if (m->pmen_left == 0 && !m->knobs.stuck_pmen) {
        finish_pmen(m);
    }
}

/* True when a countdown reaches its end with this tick (or has reached it while the operation was stuck). */
static bool due(unsigned *left)
{
    if (*left > 0) {
        (*left)--;
    }
    return *left == 0;
}

void model_command_tick(struct vtd_model *m)
{
    if (m->gcmd_bit != 0 && due(&m->gcmd_left) && (m->knobs.stuck_gcmd & m->gcmd_bit) == 0) {
        finish_gcmd(m);
    }
    if ((m->reg[VTD_R_CCMD] & INVALIDATE_GO) != 0 && due(&m->context_left) && !m->knobs.stuck_context) {
        finish_ccmd(m);
    }
    if ((m->reg[VTD_R_IOTLB] & INVALIDATE_GO) != 0 && due(&m->iotlb_left) && !m->knobs.stuck_iotlb) {
        finish_iotlb(m);
    }
    bool asked = (m->reg[VTD_R_PMEN] & PMEN_EPM) != 0;
    bool is = (m->reg[VTD_R_PMEN] & PMEN_PRS) != 0;
    if (asked != is && due(&m->pmen_left) && !m->knobs.stuck_pmen) {
        finish_pmen(m);
    }
}
