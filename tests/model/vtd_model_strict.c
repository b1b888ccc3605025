/* SPDX-License-Identifier: GPL-2.0-only
 * What the specification forbids software to do: each case is recorded, none is forgiven silently. */
#include "tests/model/vtd_model_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void model_violation(struct vtd_model *m, const char *fmt, ...)
{
    if (m->quiet) {
        return;
    }
    if (m->violations < VTD_MODEL_VIOLATIONS) {
        va_list args;
        va_start(args, fmt);
        vsnprintf(m->violation[m->violations], VTD_MODEL_TEXT, fmt, args);
        va_end(args);
    }
    m->violations++;
}

const char *vtd_model_violation(const struct vtd_model *m)
{
    return m->violations == 0 ? NULL : m->violation[0];
}

bool vtd_model_violated(const struct vtd_model *m, const char *text)
{
    for (unsigned i = 0; i < m->violations && i < VTD_MODEL_VIOLATIONS; i++) {
        if (strstr(m->violation[i], text) != NULL) {
            return true;
        }
    }
    return false;
}

void vtd_model_forgive(struct vtd_model *m)
{
    m->violations = 0;
}

static void check_translation_on(struct vtd_model *m)
{
    if ((model_gsts(m) & GC_SRTP) == 0) {
        model_violation(m, "GCMD.TE set before the root table pointer was set");
    } else if (m->needs_context_flush || m->needs_iotlb_flush) {
        model_violation(m, "GCMD.TE set before the global invalidations that SRTP requires");
    }
}

static void check_queue_on(struct vtd_model *m)
{
    if (!ECAP_QI(m->config.ecap)) {
        model_violation(m, "GCMD.QIE set without ECAP.QI");
    }
    if (m->reg[VTD_R_IQT] != 0) {
        model_violation(m, "GCMD.QIE set while IQT is not 0");
    }
    if (!m->written[VTD_R_IQA]) {
        model_violation(m, "GCMD.QIE set before IQA was written");
    }
}

static void check_interrupts_on(struct vtd_model *m)
{
    if (!ECAP_IR(m->config.ecap)) {
        model_violation(m, "GCMD.IRE set without ECAP.IR");
    }
    if ((model_gsts(m) & GC_QIE) == 0) {
        model_violation(m, "GCMD.IRE set without queued invalidation");
    }
    if ((model_gsts(m) & GC_SIRTP) == 0) {
        model_violation(m, "GCMD.IRE set before the interrupt table pointer was set");
    } else if (m->needs_irte_flush) {
        model_violation(m, "GCMD.IRE set before the global invalidation that SIRTP requires");
    }
}

static void check_transition(struct vtd_model *m, uint32_t bit, bool on)
{
    if (bit == GC_TE && on) {
        check_translation_on(m);
    } else if (bit == GC_QIE && on) {
        check_queue_on(m);
    } else if (bit == GC_QIE && m->reg[VTD_R_IQH] != m->reg[VTD_R_IQT]) {
        model_violation(m, "GCMD.QIE cleared while the queue is not empty");
    } else if (bit == GC_QIE && (model_gsts(m) & GC_IRE) != 0) {
        model_violation(m, "GCMD.QIE cleared while interrupt remapping is on");
    } else if (bit == GC_IRE && on) {
        check_interrupts_on(m);
    }
}

void model_check_gcmd(struct vtd_model *m, uint32_t value)
{
    uint32_t changed = (value ^ model_gsts(m)) & GC_ENABLES;
    uint32_t all = changed | (value & GC_ONE_SHOT);
    if ((value & ~(GC_ENABLES | GC_ONE_SHOT)) != 0) {
        model_violation(m, "GCMD reserved bits set: 0x%x", value);
    }
    if (m->gcmd_bit != 0) {
        model_violation(m, "GCMD written while command 0x%x is pending", m->gcmd_bit);
    }
    if ((all & (all - 1)) != 0) {
        model_violation(m, "GCMD changes more than one bit: 0x%x", all);
    }
    if ((value & (GC_SFL | GC_EAFL)) != 0) {
        model_violation(m, "GCMD asks for advanced fault logging, which the unit lacks");
    }
    for (unsigned i = 0; i < 32; i++) {
        if ((changed & BIT32(i)) != 0) {
            check_transition(m, BIT32(i), (value & BIT32(i)) != 0);
        }
    }
    if ((value & GC_WBF) != 0 && !CAP_RWBF(m->config.cap) && !m->config.hidden_buffer) {
        model_violation(m, "GCMD.WBF without CAP.RWBF");
    }
}

static bool readable(struct vtd_model *m, uint64_t at, uint64_t bytes)
{
    uint64_t probe = 0;
    return (at & ~model_host_limit(m)) == 0 && model_read_table(m, at, &probe, 8) &&
           model_read_table(m, at + bytes - 8, &probe, 8);
}

void model_check_root_pointer(struct vtd_model *m)
{
    uint64_t v = m->reg[VTD_R_RTADDR];
    if (!m->written[VTD_R_RTADDR]) {
        model_violation(m, "SRTP before RTADDR was written");
    }
    if ((v & MASK64(11, 0)) != 0) {
        model_violation(m, "RTADDR asks for a table mode the unit lacks: 0x%llx", (unsigned long long)v);
    }
    if (!readable(m, v & MASK64(63, 12), 4096)) {
        model_violation(m, "root table outside memory: 0x%llx", (unsigned long long)v);
    }
}

void model_check_interrupt_table(struct vtd_model *m)
{
    uint64_t v = m->reg[VTD_R_IRTA];
    if (!ECAP_IR(m->config.ecap)) {
        model_violation(m, "SIRTP without ECAP.IR");
    }
    if (!m->written[VTD_R_IRTA]) {
        model_violation(m, "SIRTP before IRTA was written");
    }
    if ((v & MASK64(10, 4)) != 0 || ((v & BIT64(11)) != 0 && !ECAP_EIM(m->config.ecap))) {
        model_violation(m, "IRTA reserved bits set: 0x%llx", (unsigned long long)v);
    }
    if (!readable(m, v & MASK64(63, 12), UINT64_C(16) << (bits_get(v, 3, 0) + 1))) {
        model_violation(m, "interrupt remapping table outside memory: 0x%llx", (unsigned long long)v);
    }
}

static void check_queue_address(struct vtd_model *m, uint64_t value)
{
    if ((model_gsts(m) & GC_QIE) != 0) {
        model_violation(m, "IQA changed while the queue is on");
    }
    if ((value & MASK64(11, 3)) != 0) {
        model_violation(m, "IQA reserved bits set: 0x%llx", (unsigned long long)value);
    }
}

static void check_protected_region(struct vtd_model *m, enum vtd_model_register r)
{
    bool low = r == VTD_R_PLMBASE || r == VTD_R_PLMLIMIT;
    if (low ? !CAP_PLMR(m->config.cap) : !CAP_PHMR(m->config.cap)) {
        model_violation(m, "protected memory register of a region the unit lacks");
    }
    if ((m->reg[VTD_R_PMEN] & (PMEN_EPM | PMEN_PRS)) != 0) {
        model_violation(m, "protected memory moved while protection is on");
    }
}

void model_check_write(struct vtd_model *m, enum vtd_model_register r, uint64_t value)
{
    if (r == VTD_R_IQA) {
        check_queue_address(m, value);
    } else if (r >= VTD_R_PLMBASE && r <= VTD_R_PHMLIMIT) {
        check_protected_region(m, r);
    } else if (r == VTD_R_FEADDR || r == VTD_R_FEDATA || r == VTD_R_FEUADDR) {
        if ((m->reg[VTD_R_FECTL] & CTL_IM) == 0) {
            model_violation(m, "fault event reprogrammed while unmasked");
        }
    }
}
