/* SPDX-License-Identifier: GPL-2.0-only
 * One virtual CPU and the small interface that both CPU backends (svm/, vmx/) offer: enable a CPU, run a vCPU until
 * an exit described by a plain struct (kernel/core/vcpu_exit.h), read and write its registers.
 * A vCPU belongs to one host CPU: once it has run, everything here is called on that CPU; run() with interrupts off.
 * What changes with every exit is in plain fields, loaded before an entry and stored after an exit; the rest is
 * reached by the backend's read() and write(). */
#ifndef BULKHEAD_CORE_VCPU_H
#define BULKHEAD_CORE_VCPU_H

#include "kernel/core/radix.h"
#include "kernel/core/vcpu_apic.h"
#include "kernel/core/vcpu_exit.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

/* General registers in the order of the instruction encoding (APM3 table 2-2). */
enum vcpu_gpr {
    VCPU_RAX,
    VCPU_RCX,
    VCPU_RDX,
    VCPU_RBX,
    VCPU_RSP,
    VCPU_RBP,
    VCPU_RSI,
    VCPU_RDI,
    VCPU_R8,
    VCPU_R9,
    VCPU_R10,
    VCPU_R11,
    VCPU_R12,
    VCPU_R13,
    VCPU_R14,
    VCPU_R15,
    VCPU_GPR_COUNT,
};

/* An event to deliver to the guest at the next entry. INT n, INT3 and INTO that an exit cut short are not events: the
 * guest executes them again. */
enum vcpu_event_kind {
    VCPU_EVENT_NONE,
    VCPU_EVENT_INTERRUPT, /* external, by vector */
    VCPU_EVENT_NMI,       /* vector 2 */
    VCPU_EVENT_EXCEPTION, /* a fault or trap, by vector */
};

struct vcpu_event {
    enum vcpu_event_kind kind;
    uint8_t vector;
    bool has_error; /* error is pushed */
    uint32_t error;
};

/* Registers that are not plain fields of the vCPU. Values are as the guest sees them. */
enum vcpu_register {
    VCPU_CR0,
    VCPU_CR2,
    VCPU_CR3,
    VCPU_CR4,
    VCPU_CR8, /* bits 3:0; what MOV from CR8 reads: the virtual LAPIC keeps it equal to TPR bits 7:4 */
    VCPU_DR6,
    VCPU_DR7,
    VCPU_EFER, /* SVME is never shown */
    VCPU_PAT,
    VCPU_GDTR_BASE,
    VCPU_GDTR_LIMIT,
    VCPU_IDTR_BASE,
    VCPU_IDTR_LIMIT,
    VCPU_STAR,
    VCPU_LSTAR,
    VCPU_CSTAR,
    VCPU_SFMASK,
    VCPU_KERNEL_GS_BASE,
    VCPU_SYSENTER_CS,
    VCPU_SYSENTER_ESP,
    VCPU_SYSENTER_EIP,
    VCPU_REGISTER_COUNT,
};

enum vcpu_segment_name {
    VCPU_ES,
    VCPU_CS,
    VCPU_SS,
    VCPU_DS,
    VCPU_FS,
    VCPU_GS,
    VCPU_LDTR,
    VCPU_TR,
    VCPU_SEGMENT_COUNT,
};

/* Bits of vcpu_segment.attributes: bytes 5 and 6 of a descriptor without its limit bits, as VMX has them. */
enum vcpu_segment_attribute {
    VCPU_SEGMENT_TYPE = 0xf,       /* bits 3:0 */
    VCPU_SEGMENT_S = 1 << 4,       /* code or data */
    VCPU_SEGMENT_DPL = 3 << 5,     /* bits 6:5 */
    VCPU_SEGMENT_PRESENT = 1 << 7, /* clear: the segment is unusable */
    VCPU_SEGMENT_AVAILABLE = 1 << 12,
    VCPU_SEGMENT_LONG = 1 << 13, /* 64-bit code */
    VCPU_SEGMENT_BIG = 1 << 14,  /* default operand size 32 */
    VCPU_SEGMENT_GRANULAR = 1 << 15,
};

struct vcpu_segment {
    uint64_t base;
    uint32_t limit; /* in bytes - 1, already scaled by the granularity */
    uint16_t selector;
    uint16_t attributes;
};

/* State that entry and exit do not switch because the hypervisor itself never uses it. It stays in the CPU until
 * another vCPU runs there (kernel/core/vcpu_resident.h); change it only through the functions there. */
struct vcpu_resident {
    struct hpa xsave; /* FXSAVE or XSAVE area, 64-byte aligned, xsave_bytes long */
    uint64_t xsave_bytes;
    uint64_t xcr0; /* 0 without XSAVE */
    uint64_t dr[4];
    uint64_t tsc_aux;
};

/* What decides where the instruction at RIP is and how it decodes. */
struct vcpu_code {
    uint64_t linear; /* CS base, but in 64-bit code, plus RIP */
    uint64_t cr0, cr3, cr4, efer;
    unsigned bits; /* 16, 32, 64 */
};

struct cpu_backend;

struct posted_descriptor;

struct vcpu {
    uint64_t gprs[VCPU_GPR_COUNT]; /* first: the entry code knows the offset */
    uint64_t rip, rflags;
    bool shadow;             /* STI or MOV SS holds interrupts off for one more instruction */
    bool window;             /* wanted: exit (VCPU_EXIT_WINDOW) as soon as the guest could take an interrupt */
    bool nmi_blocked;        /* an NMI handler runs: no further NMI until its IRET */
    bool nmi_window;         /* wanted: exit (VCPU_EXIT_WINDOW) as soon as nmi_blocked ends */
    bool flush;              /* wanted: forget this vCPU's translations before the next entry; run() clears it */
    struct vcpu_event event; /* to deliver at the next entry; run() clears it, or leaves what was not delivered */
    uint64_t tsc_offset;     /* the guest's TSC is the host's plus this */
    uint64_t slice_end_tsc;  /* wanted, where ends_slices(): exit (VCPU_EXIT_SLICE) at this TSC of the host; 0: no */
    unsigned cpu;            /* index of the host CPU it runs on */
    uint8_t acknowledged;    /* host interrupt that the exit took from the local APIC: serve it, and clear this */
    struct vcpu_resident resident;
    const struct cpu_backend *backend;
    const struct posted_descriptor *posted; /* where interrupts are posted for it; NULL: nowhere */
    void *data;                             /* the backend's */
    void *owner;                            /* the guest layer's */
};

/* Which accesses of a port or MSR reach the hardware without an exit. Everything is denied until allowed. */
enum vcpu_access {
    VCPU_ALLOW_NONE = 0,
    VCPU_ALLOW_READ = 1 << 0,
    VCPU_ALLOW_WRITE = 1 << 1,
};

/* Instructions that a CPU may have and yet not give to guests. */
enum vcpu_instruction {
    VCPU_RDTSCP = 1 << 0, /* and RDPID */
    VCPU_INVPCID = 1 << 1,
    VCPU_XSAVES = 1 << 2, /* XRSTORS and XSAVEC as well; with IA32_XSS = 0 */
};

/* How the CPU itself finds a vCPU's nested tables. */
struct vcpu_nested {
    bool on;          /* false: guest-physical addresses are host-physical */
    uint64_t pointer; /* raw: EPTP (SDM 3C 25.6.11), or nCR3 (APM2 15.25.3) */
};

struct cpu_backend {
    const char *name; /* "svm", "vmx" */

    /* Format, depth and largest leaf of the nested tables this CPU takes; valid when refuse() returned NULL. */
    const struct radix_format *nested_format;
    unsigned (*nested_max_leaf)(void);

    /* What this implementation is known to get wrong, by name; "none" for nothing. Valid after cpu_enable(). */
    const char *(*quirk)(void);

    /* Features (cpu_feature_bit) that the configuration leaves unused. Once, before cpu_enable(). */
    void (*configure)(uint32_t without);

    /* Features that the CPU has and the configuration leaves in use, of those that guests' interrupts depend on.
     * Valid after cpu_enable(). NULL: none. */
    uint32_t (*features)(void);

    /* Set of enum vcpu_instruction that are #UD in guests whatever CPUID says. Valid after cpu_enable(); NULL: none. */
    unsigned (*lacks)(void);

    /* NULL when this CPU can run guests, else one sentence that says why not and what to change. Changes nothing. */
    const char *(*refuse)(void);

    /* Turn virtualisation on and off on the calling CPU, whose index is cpu. Enabling twice is a bug. */
    MUST_CHECK enum status (*cpu_enable)(unsigned cpu);
    void (*cpu_disable)(unsigned cpu);

    /* Make vcpu ready to run on host CPU `cpu` behind these nested tables (four levels, nested_format), which must
     * outlive it. Ports and MSRs all exit. Registers are undefined until vcpu_reset(). Memory comes from the page
     * allocator: STATUS_NO_MEMORY. vcpu was zeroed by the caller. */
    MUST_CHECK enum status (*vcpu_init)(struct vcpu *vcpu, unsigned cpu, const struct radix *nested);
    void (*vcpu_free)(struct vcpu *vcpu);

    /* What its next entry takes from the control structure (VMCS, VMCB): read there, not remembered. For who checks
     * that it is what it should be. */
    struct vcpu_nested (*read_nested)(const struct vcpu *vcpu);

    /* Enter the guest and return when something needs the hypervisor. Interrupts are off on entry and on return. */
    void (*run)(struct vcpu *vcpu, struct vcpu_exit *exit);

    /* True: run() ends by itself at vcpu->slice_end_tsc. False, or NULL: an interrupt of the host's timer has to.
     * Valid after cpu_enable(). */
    bool (*ends_slices)(void);

    /* Another guest comes next on vcpu's CPU: what of vcpu's registers entries and exits leave in the CPU goes to
     * memory, so that mitigations can clear what that leaves behind. Harmless when there is nothing, and after
     * vcpu_free(). */
    void (*leave)(struct vcpu *vcpu);

    /* Writing CR0, CR3, CR4 or EFER also sets vcpu->flush. Values that hardware refuses at entry (a reserved bit in CR4
     * ...) end in VCPU_EXIT_ENTRY_FAILED: the guest layer checks what the guest supplies. */
    uint64_t (*read)(const struct vcpu *vcpu, enum vcpu_register which);
    void (*write)(struct vcpu *vcpu, enum vcpu_register which, uint64_t value);
    struct vcpu_segment (*read_segment)(const struct vcpu *vcpu, enum vcpu_segment_name which);
    /* In one call, for it comes with most exits where the hardware does not give an instruction's length. */
    void (*read_code)(const struct vcpu *vcpu, struct vcpu_code *code);
    void (*write_segment)(struct vcpu *vcpu, enum vcpu_segment_name which, struct vcpu_segment value);

    /* access is a set of enum vcpu_access. Entry and exit switch SYSENTER_CS, _ESP, _EIP (0x174..0x176), STAR, LSTAR,
     * CSTAR, SFMASK (0xc0000081..84), FS, GS and KERNEL_GS_BASE (0xc0000100..102), and vcpu_resident switches TSC_AUX
     * (0xc0000103): these may be allowed to a guest, every other MSR is shared with the host. An MSR the hardware maps
     * cannot hold always exits: STATUS_OUT_OF_RANGE when asked to allow it. Ports have no separate read and write: any
     * access allowed allows both. */
    MUST_CHECK enum status (*allow_msr)(struct vcpu *vcpu, uint32_t msr, unsigned access);
    MUST_CHECK enum status (*allow_ports)(struct vcpu *vcpu, uint16_t first, uint32_t count, unsigned access);

    /* NULL: this CPU takes no part in a guest's local APIC. */
    const struct cpu_backend_apic *apic;
};

/* The state after INIT or power-on (SDM 3A 10.1.1, APM2 14.1.3): real mode at F000:FFF0, all
 * registers defined. EDX is `signature`, what CPUID leaf 1 shows in EAX. Power-on also resets the resident state. */
enum vcpu_reset_kind {
    VCPU_RESET_POWER_ON,
    VCPU_RESET_INIT,
};
void vcpu_reset(struct vcpu *vcpu, enum vcpu_reset_kind kind, uint32_t signature);
/* After INIT: start in real mode at page `vector`, as a startup IPI does. */
void vcpu_startup(struct vcpu *vcpu, uint8_t vector);

/* 16, 32 or 64: how the code segment makes instructions decode. */
unsigned vcpu_code_bits(const struct vcpu *vcpu);
/* 0..3. */
unsigned vcpu_privilege(const struct vcpu *vcpu);

/* Step over the instruction that exited: `length` bytes, 1..15. RIP wraps at the size of the code segment, the
 * interrupt shadow ends, and with RFLAGS.TF set a #DB is queued as the instruction itself would have caused. */
void vcpu_advance(struct vcpu *vcpu, unsigned length);

/* True when an external interrupt given to vcpu_inject now would be delivered at the next entry: IF set, no shadow,
 * and no other event waiting. */
bool vcpu_can_interrupt(const struct vcpu *vcpu);
/* The same for an NMI. */
bool vcpu_can_nmi(const struct vcpu *vcpu);

/* Deliver event at the next entry. An exception that meets one not yet delivered becomes #DF, or a triple fault
 * (returns false: reset the guest), by the rules of SDM 3A table 7-5; it replaces any interrupt that was being
 * delivered. Interrupts and NMIs only when vcpu_can_interrupt or vcpu_can_nmi says so. */
MUST_CHECK bool vcpu_inject(struct vcpu *vcpu, struct vcpu_event event);

/* Shorthands for exceptions; with_error for those that push a code. */
MUST_CHECK bool vcpu_inject_exception(struct vcpu *vcpu, uint8_t vector);
MUST_CHECK bool vcpu_inject_exception_with(struct vcpu *vcpu, uint8_t vector, uint32_t error);

#endif
