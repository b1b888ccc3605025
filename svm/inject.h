/* SPDX-License-Identifier: GPL-2.0-only
 * Events into the guest and out of an exit that cut one short; interrupt and NMI windows (APM2 15.20, 15.21).
 *
 * Interrupts are injected by EVENTINJ when the guest can take them. When it cannot, a window is asked for: a virtual
 * interrupt (V_IRQ) of the highest priority whose intercept ends the run the moment the guest would take it. Its
 * vector is never delivered, yet it is a host vector that does no harm, because TCG can leave the request behind in the
 * host (svm/quirks.h). */
#ifndef BULKHEAD_SVM_INJECT_H
#define BULKHEAD_SVM_INJECT_H

#include "kernel/core/vcpu.h"
#include "svm/vmcb.h"

/* EVENTINJ for an event; 0 for VCPU_EVENT_NONE. */
uint64_t svm_inject_encode(struct vcpu_event event);
/* The event in EXITINTINFO that must be injected again; VCPU_EVENT_NONE for none, and for INT n, INT3 and INTO, whose
 * instruction RIP still points to. */
struct vcpu_event svm_inject_decode(uint64_t exit_int_info);

/* What is remembered of a vCPU between entries. */
struct svm_inject {
    bool iret; /* NMI blocking ends with the IRET at iret_rip, which runs or is about to: its intercept fired */
    uint64_t iret_rip;
    bool step;    /* that IRET is single-stepped, because an NMI waits for its end */
    uint64_t dr6; /* the guest's, from before the step */
    bool shadow;  /* for the quirk: there was a shadow, at shadow_rip; exits that left it there */
    unsigned shadow_exits;
    uint64_t shadow_rip;
    bool software;  /* the last entry injected an external interrupt as a software interrupt ... */
    uint8_t vector; /* ... with this vector */
};

/* How external interrupts are injected: as such, or (a quirk) as software interrupts where the guest's privilege level
 * is 0. */
enum svm_inject_style {
    SVM_INJECT_HARDWARE,
    SVM_INJECT_SOFTWARE,
};

/* Before an entry: event, shadow and window of vcpu into vmcb. */
void svm_inject_prepare(struct vcpu *vcpu, uint8_t *vmcb, struct svm_inject *inject, enum svm_inject_style style);

/* For a VMRUN that ignores the shadow (a quirk). After prepare: no window while there is a shadow. After finish: the
 * shadow is still there when an interrupt ended the run where it began (a few times: it may be a loop of one JMP). */
void svm_inject_before_shadow(const struct vcpu *vcpu, uint8_t *vmcb, struct svm_inject *inject);
void svm_inject_after_shadow(struct vcpu *vcpu, const uint8_t *vmcb, struct svm_inject *inject);

/* After an exit: what was not delivered, shadow and NMI blocking back into vcpu. True when the exit was only about
 * the IRET of an NMI handler: enter again. When vcpu->nmi_window was set, the end of that IRET shows in vmcb as the
 * exit of a window. */
bool svm_inject_finish(struct vcpu *vcpu, uint8_t *vmcb, struct svm_inject *inject);

#endif
