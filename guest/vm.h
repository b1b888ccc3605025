/* SPDX-License-Identifier: GPL-2.0-only
 * One guest: its memory, its vCPUs and its machine. Names and numbers come from the configuration; everything in here
 * belongs to the guest alone.
 * Locks: vm->lock guards the platform's devices and PCI functions and is taken on exits only. A vCPU's local APIC is
 * its own, but for posting interrupts, which is atomic. */
#ifndef BULKHEAD_GUEST_VM_H
#define BULKHEAD_GUEST_VM_H

#include "guest/code_cache.h"
#include "guest/image.h"
#include "guest/memory.h"
#include "guest/msr.h"
#include "guest/posting.h"
#include "guest/vlapic.h"
#include "guest/vlapic_route.h"
#include "guest/vm_platform.h"
#include "kernel/core/lock.h"
#include "kernel/core/vcpu.h"
#include "kernel/hw/cpu.h"

#define VM_NAME_SIZE 32
#define VM_CPUS_MAX 64

/* Why a guest does not run any more. */
enum vm_end {
    VM_RUNNING,
    VM_POWERED_OFF, /* the guest asked for it */
    VM_RESET,       /* the guest asked for it: it starts anew */
    VM_CRASHED,     /* triple fault, or something it may not do: vm->why says what */
    VM_STOPPED,     /* by order (vm_order.h), or it was never started */
    VM_RESTARTED,   /* by order */
    VM_WATCHDOG,    /* its watchdog ran out, and starts it anew */
    VM_REFUSED,     /* it may not start: vm->why says why */
};

enum vm_cpu_state {
    VM_CPU_RUNS,
    VM_CPU_HALTED,    /* waits for an interrupt */
    VM_CPU_WAIT_SIPI, /* waits to be started */
};

/* Where a vCPU is in its guest's life; vm_life.h. */
enum vm_life {
    VM_LIFE_NEW,   /* its host CPU has not made it yet */
    VM_LIFE_RUNS,  /* runs or waits for an event, until the guest stops */
    VM_LIFE_WAITS, /* the guest stopped: waits for what the last vCPU to come decides */
    VM_LIFE_KEEPS, /* is that last one, and keeps the stopped guest until it starts again (vm_keep.h) */
    VM_LIFE_ENDED,
};

/* Exits by what they cost the guest; docs/performance.md. */
enum vm_exit_count {
    VM_COUNT_OTHER,
    VM_COUNT_DEVICE,    /* a host interrupt that an assigned device sent */
    VM_COUNT_INTERRUPT, /* any other: timers, kicks */
    VM_COUNT_WINDOW,
    VM_COUNT_IO,
    VM_COUNT_MMIO,  /* memory accesses, but for the next three */
    VM_COUNT_EOI,   /* the local APIC's EOI register, by page or MSR, or an EOI that the CPU reported */
    VM_COUNT_IPI,   /* its ICR */
    VM_COUNT_TIMER, /* its timer's count or deadline */
    VM_COUNT_CPUID,
    VM_COUNT_MSR,
    VM_COUNT_HLT,
    VM_COUNTS,
};

/* Answers of CPUID; vm_cpuid.h. */
#define VM_CPUID_LINES 16
struct vm_cpuid {
    bool used;
    uint32_t leaf, subleaf;
    struct cpuid answer;
};

struct vm_host;

struct vm_cpu {
    struct vcpu vcpu;
    struct vlapic lapic;
    struct hpa lapic_page; /* of its registers */
    struct guest_msrs msrs;
    struct vm *vm;
    struct vm_host *host; /* the CPU it runs on and who shares it; NULL until it is placed */
    enum vm_life life;
    unsigned round; /* of the guest's barrier, when it came there */
    unsigned index; /* in its guest; also its APIC id */
    enum vm_cpu_state state;
    enum posting_place place;      /* what its mailbox was last told; vm_interrupts_place */
    enum vcpu_apic_mode apic_mode; /* what the backend was last told */
    unsigned apic_help;            /* enum vcpu_apic_help: what the CPU does of the LAPIC by itself */
    uint8_t shown_cr8;             /* what the backend was last told; not used when it has the LAPIC's page */
    bool in_guest;                 /* atomic: between entry and exit */
    uint64_t kick_ns;              /* atomic: no kick of its own guest comes before; vm_host_pace() */
    bool summoned;                 /* atomic: has a step of its guest's life to do (vm_life.h), though it runs */
    bool flush_wanted;             /* atomic: forget translations at the next entry */
    bool look;                     /* something changed that the loop has to look at before the next entry; vm_host.c */
    uint64_t counts[VM_COUNTS];
    struct decode_insn insn; /* the last one decoded, when code_cache has no place for it */
    struct code_cache code_cache;
    struct vm_cpuid cpuid[VM_CPUID_LINES]; /* by the leaf's low bits */
};

struct vm {
    char name[VM_NAME_SIZE];
    struct guest_memory memory;
    struct radix nested;
    struct hpa apic_access; /* the page at 0xFEE00000 of the nested tables; 0 when there is none */
    const struct cpu_backend *backend;
    struct lock lock;
    struct vm_cpu *cpus;
    unsigned cpu_count;
    struct vlapic *lapics[VM_CPUS_MAX];
    struct vlapic_set lapic_set;
    struct vm_platform platform;
    struct message_router router;
    bool posting;       /* interrupts are posted to its vCPUs (guest/posting.h); before vm_interrupts_init */
    uint64_t start_ns;  /* host time that is the guest's 0 */
    uint64_t start_tsc; /* the host's TSC then: the guest's starts at 0 */
    struct image_entry first_entry;
    bool real_wbinvd; /* it has devices whose DMA may not snoop caches */

    enum vm_end end;     /* atomic; VM_RUNNING while it runs */
    bool paused;         /* atomic: its vCPUs stand still */
    uint64_t resumed_ns; /* host time at which they last went on; atomic */
    char why[96];        /* of VM_CRASHED and VM_REFUSED */
    unsigned active;     /* vCPUs whose life has not ended; atomic */
    unsigned resets;
    uint64_t entered_ns;        /* host time at which its first vCPU was about to enter for the first time */
    uint64_t device_interrupts; /* of assigned devices; atomic */
};

/* Guest time: nanoseconds since it started. */
uint64_t vm_now(const struct vm *vm);

/* Make every vCPU leave the guest, from any CPU. The first reason given stays. fmt: why, for VM_CRASHED. */
void vm_stop(struct vm *vm, enum vm_end end, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
bool vm_is_stopping(const struct vm *vm);

/* May the vCPU be entered? Not when its guest stops or is paused, or it has something else to do. From its host CPU,
 * interrupts off: what comes later comes with a kick. */
bool vm_may_enter(const struct vm_cpu *cpu);

/* Have vCPU `index` do a step of its guest's life. From any CPU. */
void vm_summon(struct vm *vm, unsigned index);

/* The guest's time is 0 now: before its vCPUs start. */
void vm_set_clock(struct vm *vm);

/* Wake vCPU `index`: it looks at its LAPIC and at the platform again. From any CPU. */
void vm_kick(struct vm *vm, unsigned index);

/* The nested tables changed: returns after no vCPU uses an old translation. */
void vm_flush(struct vm *vm);

#endif
