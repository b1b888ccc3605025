/* SPDX-License-Identifier: GPL-2.0-only
 * The part of a CPU backend that lets the CPU itself serve a guest's local APIC out of the page that holds its
 * registers (SDM 3C chapter 30). Everything here may be missing: then software plays the APIC alone. */
#ifndef BULKHEAD_CORE_VCPU_APIC_H
#define BULKHEAD_CORE_VCPU_APIC_H

#include "kernel/lib/types.h"

struct vcpu;

/* How the guest reaches its local APIC. */
enum vcpu_apic_mode {
    VCPU_APIC_SOFTWARE, /* not at all, or by a page elsewhere */
    VCPU_APIC_PAGE,     /* xAPIC mode, at 0xFEE00000 */
    VCPU_APIC_MSRS,     /* x2APIC mode */
};

/* What the CPU does by itself. */
enum vcpu_apic_help {
    /* Reads come from the page. Writes go there, and those that ask for something more end in VCPU_EXIT_APIC_WRITE
     * after the instruction. MOV to CR8 and writes of TPR do not exit, but by VCPU_EXIT_PRIORITY when TPR falls below
     * the threshold. */
    VCPU_APIC_REGISTERS = 1 << 0,
    /* Requests in IRR are delivered when the guest can take them, self-IPIs and EOIs are done. An EOI exits
     * (VCPU_EXIT_EOI) for the vectors named. There is no threshold. */
    VCPU_APIC_INTERRUPTS = 1 << 1,
    /* With VCPU_APIC_INTERRUPTS: a request that the guest cannot take now has to wait behind an interrupt window, and
     * one that waits for another's EOI has to make that exit: this CPU may deliver it too early (vmx/quirks.c). */
    VCPU_APIC_GUARDED = 1 << 2,
};

/* What VCPU_APIC_INTERRUPTS works by. */
struct vcpu_apic_status {
    uint8_t requested;     /* highest vector in IRR, 0 for none */
    uint8_t in_service;    /* the same of ISR */
    uint64_t eoi_exits[4]; /* bit n of word n / 64: an EOI of vector n exits */
};

struct cpu_backend_apic {
    /* Does a guest in VCPU_APIC_PAGE need the APIC-access page in its nested tables? Valid after cpu_enable(). */
    bool (*needs_access_page)(void);

    /* Once, after vcpu_init(): the page of registers as hardware lays them out, which from now on also holds the
     * priority that MOV from CR8 shows; and the APIC-access page, 0 when none is needed. Software mode. */
    void (*set_pages)(struct vcpu *vcpu, struct hpa registers, struct hpa access);

    /* Returns a set of enum vcpu_apic_help; 0 for VCPU_APIC_SOFTWARE. */
    unsigned (*set_mode)(struct vcpu *vcpu, enum vcpu_apic_mode mode);

    /* For the next entry. What lies in IRR and ISR has changed, or may have. */
    void (*set_status)(struct vcpu *vcpu, const struct vcpu_apic_status *status);
    /* TPR bits 7:4 below this exit; 0 for never. At most their value now. */
    void (*set_threshold)(struct vcpu *vcpu, uint8_t threshold);
};

#endif
