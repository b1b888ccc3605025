/* SPDX-License-Identifier: GPL-2.0-only
 * Why a guest stopped, in no backend's own words. */
#ifndef BULKHEAD_CORE_VCPU_EXIT_H
#define BULKHEAD_CORE_VCPU_EXIT_H

#include "kernel/lib/types.h"

enum vcpu_exit_kind {
    VCPU_EXIT_INTERRUPT,    /* the host has an interrupt, NMI or INIT: enable interrupts for a moment, run again */
    VCPU_EXIT_WINDOW,       /* the guest can take an external interrupt now (asked for by vcpu.window) */
    VCPU_EXIT_SLICE,        /* vcpu.slice_end_tsc has come */
    VCPU_EXIT_IO,           /* port instruction: io */
    VCPU_EXIT_MEMORY,       /* access that the nested tables do not allow: memory */
    VCPU_EXIT_CPUID,        /* registers as the guest set them */
    VCPU_EXIT_MSR,          /* RDMSR or WRMSR, number in ECX: msr */
    VCPU_EXIT_CR,           /* MOV to or from a control register: cr */
    VCPU_EXIT_XSETBV,       /* registers as the guest set them */
    VCPU_EXIT_HLT,          /* not skipped yet: advance, then wait for an event */
    VCPU_EXIT_PAUSE,        /* a spin loop gave up its turn */
    VCPU_EXIT_MONITOR,      /* not offered by CPUID: #UD */
    VCPU_EXIT_MWAIT,        /* not offered by CPUID: #UD */
    VCPU_EXIT_WBINVD,       /* also WBNOINVD */
    VCPU_EXIT_INVD,         /* never passed on: it would throw away other guests' data */
    VCPU_EXIT_RDPMC,        /* performance counters are not offered: #GP */
    VCPU_EXIT_HYPERCALL,    /* VMMCALL, VMCALL: no hypercalls are offered: #UD */
    VCPU_EXIT_FORBIDDEN,    /* a virtualisation or SMM instruction: #UD */
    VCPU_EXIT_TASK_SWITCH,  /* through a task gate or TSS selector: task */
    VCPU_EXIT_EXCEPTION,    /* an intercepted exception: exception; give it back by vcpu_inject unless it is ours */
    VCPU_EXIT_APIC_WRITE,   /* the guest wrote this register in its APIC's page, and has gone on: apic.offset */
    VCPU_EXIT_EOI,          /* the CPU ended the service of this vector: apic.vector */
    VCPU_EXIT_PRIORITY,     /* TPR fell below the threshold */
    VCPU_EXIT_SHUTDOWN,     /* triple fault: reset or end this guest, its registers are undefined */
    VCPU_EXIT_ENTRY_FAILED, /* the hardware refused the guest's state; text says which check */
    VCPU_EXIT_UNKNOWN,      /* an exit nobody asked for; text and code name it */
};

struct vcpu_exit_io {
    uint16_t port;
    uint8_t width; /* bytes: 1, 2 or 4 */
    bool in;
    bool string; /* INS, OUTS: operands are in memory, decode the instruction */
    bool rep;
};

struct vcpu_exit_memory {
    struct gpa at; /* the address of the access, not of its page */
    bool read;     /* at least one of read, write, fetch is set */
    bool write;
    bool fetch;
    bool mapped;    /* the page is there, its rights do not allow the access */
    bool page_walk; /* the CPU was walking the guest's own page tables: there is no instruction to emulate */
};

struct vcpu_exit_cr {
    uint8_t number; /* 0, 3, 4 or 8 */
    bool write;     /* MOV to the register */
    bool known;     /* gpr is valid; else decode the instruction */
    uint8_t gpr;    /* enum vcpu_gpr */
};

struct vcpu_exit_exception {
    uint8_t vector;
    bool has_error;
    uint32_t error;
    uint64_t address; /* page faults: what CR2 would hold */
};

struct vcpu_exit_task {
    uint16_t selector;
};

struct vcpu_exit_apic {
    uint16_t offset;
    uint8_t vector;
};

struct vcpu_exit {
    enum vcpu_exit_kind kind;
    uint8_t length;     /* of the instruction, 0 when the hardware does not say: decode it */
    uint8_t byte_count; /* instruction bytes that the hardware fetched, 0 when it does not */
    uint8_t bytes[15];
    union {
        struct vcpu_exit_io io;
        struct vcpu_exit_memory memory;
        struct vcpu_exit_cr cr;
        struct vcpu_exit_exception exception;
        struct vcpu_exit_task task;
        struct vcpu_exit_apic apic;
        struct {
            bool write;
        } msr;
    };
    const char *text; /* ENTRY_FAILED and UNKNOWN: in words, else NULL */
    uint64_t code;    /* the hardware's own exit code, for the log */
};

#endif
