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

/* Before an entry: event, shadow and window of vcpu into vmcb. */
void svm_inject_prepare(struct vcpu *vcpu, uint8_t *vmcb);

/* NMI blocking ends with the guest's IRET; the intercept fires before it. Where the guest stood then: */
struct svm_inject_iret {
    bool executing; /* the IRET at rip runs or is about to */
    uint64_t rip;
};

/* After an exit: what was not delivered, shadow and NMI blocking back into vcpu. True when the exit was only about
 * the IRET of an NMI handler: enter again. */
bool svm_inject_finish(struct vcpu *vcpu, uint8_t *vmcb, struct svm_inject_iret *iret);

#endif
