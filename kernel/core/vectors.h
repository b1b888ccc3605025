/* SPDX-License-Identifier: GPL-2.0-only
 * Who owns which interrupt vector of a host CPU. */
#ifndef BULKHEAD_CORE_VECTORS_H
#define BULKHEAD_CORE_VECTORS_H

enum {
    VECTOR_NMI = 2,
    VECTOR_DOUBLE_FAULT = 8,
    VECTOR_PAGE_FAULT = 14,
    VECTOR_MACHINE_CHECK = 18,
    VECTOR_EXCEPTIONS = 32, /* below: exceptions */
    VECTOR_PIC = 0x20,      /* 0x20..0x2f: the legacy PICs, masked; a spurious one may still come */
    VECTOR_DEVICE_FIRST = 0x30,
    VECTOR_DEVICE_LAST = 0xef,
    VECTOR_TIMER = 0xf0,  /* LAPIC timer */
    VECTOR_CALL = 0xf1,   /* smp_call */
    VECTOR_KICK = 0xf2,   /* smp_kick: interrupts, does nothing more */
    VECTOR_POSTED = 0xf3, /* posted interrupts wait for the vCPU that runs here; in a guest the CPU takes them itself */
    VECTOR_POSTED_WAKE = 0xf4, /* the same for one that sleeps: ends HLT or another guest's run, does nothing more */
    VECTOR_LAPIC_ERROR = 0xfe,
    VECTOR_SPURIOUS = 0xff, /* SDM 3A 11.9: low 4 bits all ones on old LAPICs; no EOI */
};

#endif
