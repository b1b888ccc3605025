/* SPDX-License-Identifier: GPL-2.0-only
 * Event injection. */
#include "svm/inject.h"

#include "kernel/lib/bits.h"
#include "svm/exit.h"

/* EVENTINJ and EXITINTINFO (APM2 15.20, figure 15-4): vector 7:0, type 10:8, error valid 11, valid 31, error 63:32. */
enum {
    TYPE_INTERRUPT = 0,
    TYPE_NMI = 2,
    TYPE_EXCEPTION = 3,
    TYPE_SOFTWARE = 4,
    BIT_HAS_ERROR = 11,
    BIT_VALID = 31,
    VECTOR_NMI = 2,
    VECTOR_BP = 3,
    VECTOR_OF = 4,
};
#define RFLAGS_TF BIT64(8)
#define DR6_OTHERS (MASK64(3, 0) | BIT64(13) | BIT64(15)) /* B3:0, BD, BT: a #DB that is not only the step */

#define SHADOW_EXITS_MAX 16

static uint64_t type_of(enum vcpu_event_kind kind)
{
    switch (kind) {
    case VCPU_EVENT_NMI:
        return TYPE_NMI;
    case VCPU_EVENT_EXCEPTION:
        return TYPE_EXCEPTION;
    case VCPU_EVENT_NONE:
    case VCPU_EVENT_INTERRUPT:
        break;
    }
    return TYPE_INTERRUPT;
}

uint64_t svm_inject_encode(struct vcpu_event event)
{
    if (event.kind == VCPU_EVENT_NONE) {
        return 0;
    }
    uint64_t v = bits_make(event.vector, 7, 0) | bits_make(type_of(event.kind), 10, 8) | BIT64(BIT_VALID);
    if (event.has_error) {
        v |= BIT64(BIT_HAS_ERROR) | bits_make(event.error, 63, 32);
    }
    return v;
}

struct vcpu_event svm_inject_decode(uint64_t info)
{
    const struct vcpu_event none = {.kind = VCPU_EVENT_NONE};
    uint8_t vector = (uint8_t)bits_get(info, 7, 0);
    if ((info & BIT64(BIT_VALID)) == 0) {
        return none;
    }
    switch (bits_get(info, 10, 8)) {
    case TYPE_INTERRUPT:
        return (struct vcpu_event){.kind = VCPU_EVENT_INTERRUPT, .vector = vector};
    case TYPE_NMI:
        return (struct vcpu_event){.kind = VCPU_EVENT_NMI, .vector = VECTOR_NMI};
    case TYPE_EXCEPTION:
        break;
    default:
        return none; /* INT n */
    }
    if (vector == VECTOR_BP || vector == VECTOR_OF) {
        return none;
    }
    bool has_error = (info & BIT64(BIT_HAS_ERROR)) != 0;
    return (struct vcpu_event){
        .kind = VCPU_EVENT_EXCEPTION,
        .vector = vector,
        .has_error = has_error,
        .error = has_error ? (uint32_t)bits_get(info, 63, 32) : 0,
    };
}

/* EVENTINJ with its type replaced. */
static uint64_t as_software(uint64_t encoded)
{
    return bits_set(encoded, 10, 8, TYPE_SOFTWARE);
}

static void put_event(const struct vcpu *vcpu, uint8_t *vmcb, struct svm_inject *inject, enum svm_inject_style style)
{
    uint64_t encoded = svm_inject_encode(vcpu->event);
    inject->software =
        style == SVM_INJECT_SOFTWARE && vcpu->event.kind == VCPU_EVENT_INTERRUPT && vmcb[VMCB_CPL_8] == 0;
    inject->vector = vcpu->event.vector;
    vmcb_put64(vmcb, VMCB_EVENT_INJECTION_64, inject->software ? as_software(encoded) : encoded);
}

void svm_inject_prepare(struct vcpu *vcpu, uint8_t *vmcb, struct svm_inject *inject, enum svm_inject_style style)
{
    if (vcpu->event.kind != VCPU_EVENT_NONE) {
        put_event(vcpu, vmcb, inject, style);
    } else {
        inject->software = false;
        vmcb_put64(vmcb, VMCB_EVENT_INJECTION_64, 0);
    }
    if (vcpu->event.kind == VCPU_EVENT_NMI) {
        vcpu->nmi_blocked = true;
        vmcb_intercept_iret(vmcb, true);
    }
    vcpu->event.kind = VCPU_EVENT_NONE;
    vmcb_put64(vmcb, VMCB_INTERRUPT_STATE_64, vcpu->shadow ? 1 : 0);
    uint64_t v_intr = vmcb_get64(vmcb, VMCB_V_INTR_64) & ~BIT64(VMCB_V_IRQ);
    vmcb_put64(vmcb, VMCB_V_INTR_64, vcpu->window ? v_intr | BIT64(VMCB_V_IRQ) : v_intr);
}

void svm_inject_before_shadow(const struct vcpu *vcpu, uint8_t *vmcb, struct svm_inject *inject)
{
    inject->shadow = vcpu->shadow;
    inject->shadow_rip = vcpu->rip;
    if (vcpu->shadow) {
        vmcb_put64(vmcb, VMCB_V_INTR_64, vmcb_get64(vmcb, VMCB_V_INTR_64) & ~BIT64(VMCB_V_IRQ));
    }
}

void svm_inject_after_shadow(struct vcpu *vcpu, const uint8_t *vmcb, struct svm_inject *inject)
{
    bool stood_still = vcpu->rip == inject->shadow_rip && vmcb_get64(vmcb, VMCB_EXIT_CODE_64) == SVM_EXIT_INTR;
    if (inject->shadow && stood_still && inject->shadow_exits < SHADOW_EXITS_MAX) {
        vcpu->shadow = true;
        inject->shadow_exits++;
    } else {
        inject->shadow_exits = 0;
    }
}

/* The IRET has run once the guest is found anywhere else; a fault in it leaves RIP, and NMIs stay blocked. */
static void finish_iret(struct vcpu *vcpu, struct svm_inject *inject)
{
    if (inject->iret && vcpu->rip != inject->iret_rip) {
        inject->iret = false;
        vcpu->nmi_blocked = false;
    }
}

/* No intercept tells the end of an IRET. When an NMI waits for it, TF is set for that one instruction: IRET replaces
 * it by the flag of the frame, and the #DB behind it ends the run. A guest that steps itself is left alone. */
static void begin_iret(struct vcpu *vcpu, uint8_t *vmcb, struct svm_inject *inject)
{
    vmcb_intercept_iret(vmcb, false);
    inject->iret = true;
    inject->iret_rip = vcpu->rip;
    if (vcpu->nmi_window && (vcpu->rflags & RFLAGS_TF) == 0) {
        vcpu->rflags |= RFLAGS_TF;
        inject->step = true;
        inject->dr6 = vmcb_get64(vmcb, VMCB_DR6_64);
    }
}

/* After a fault in the IRET the handler's frame has TF, so the #DB comes when the IRET has run again. */
static void finish_step(uint8_t *vmcb, struct svm_inject *inject)
{
    inject->step = false;
    if ((vmcb_get64(vmcb, VMCB_DR6_64) & DR6_OTHERS & ~inject->dr6) == 0) {
        vmcb_put64(vmcb, VMCB_DR6_64, inject->dr6);
        vmcb_put64(vmcb, VMCB_EXIT_CODE_64, SVM_EXIT_VINTR);
    }
}

/* An interrupt that went in as a software interrupt comes back as one. */
static struct vcpu_event undelivered(const uint8_t *vmcb, const struct svm_inject *inject)
{
    uint64_t info = vmcb_get64(vmcb, VMCB_EXIT_INT_INFO_64);
    if (inject->software && (uint32_t)info == (uint32_t)as_software(BIT64(BIT_VALID) | inject->vector)) {
        return (struct vcpu_event){.kind = VCPU_EVENT_INTERRUPT, .vector = inject->vector};
    }
    return svm_inject_decode(info);
}

bool svm_inject_finish(struct vcpu *vcpu, uint8_t *vmcb, struct svm_inject *inject)
{
    vcpu->event.kind = VCPU_EVENT_NONE;
    if ((vmcb_get64(vmcb, VMCB_EXIT_INT_INFO_64) & BIT64(BIT_VALID)) != 0) {
        vcpu->event = undelivered(vmcb, inject);
    }
    vcpu->shadow = (vmcb_get64(vmcb, VMCB_INTERRUPT_STATE_64) & 1) != 0;
    finish_iret(vcpu, inject);
    switch (vmcb_get64(vmcb, VMCB_EXIT_CODE_64)) {
    case SVM_EXIT_IRET:
        begin_iret(vcpu, vmcb, inject);
        return true;
    case SVM_EXIT_DB:
        if (inject->step) {
            finish_step(vmcb, inject);
        }
        return false;
    case SVM_EXIT_VINTR:
        return !vcpu->window; /* left over from a window that is no longer wanted */
    default:
        return false;
    }
}
