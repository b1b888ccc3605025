/* SPDX-License-Identifier: GPL-2.0-only
 * A vCPU's local APIC: the xAPIC register page and, over the same state, the x2APIC MSRs (SDM 3A chapter 11).
 * The registers lie in a page as the hardware's virtual-APIC page has them (SDM 3C 30.1), so that a CPU may serve the
 * guest's accesses out of it. Everything is touched by its own vCPU alone, but `posted`, TMR and events, which any CPU
 * may post to (vlapic_irq.h), and base, TPR, SVR, LDR and DFR, which routing reads. */
#ifndef BULKHEAD_GUEST_LAPIC_H
#define BULKHEAD_GUEST_LAPIC_H

#include "guest/apic_message.h"
#include "kernel/core/posted.h"
#include "kernel/lib/status.h"

#define LAPIC_DEFAULT_BASE UINT64_C(0xfee00000)
#define LAPIC_SIZE 0x1000

/* Register offsets in the page; an x2APIC MSR is 0x800 + offset / 16. */
enum vlapic_register {
    LAPIC_ID = 0x20,
    LAPIC_VERSION = 0x30,
    LAPIC_TPR = 0x80,
    LAPIC_APR = 0x90,
    LAPIC_PPR = 0xa0,
    LAPIC_EOI = 0xb0,
    LAPIC_LDR = 0xd0,
    LAPIC_DFR = 0xe0,
    LAPIC_SVR = 0xf0,
    LAPIC_ISR = 0x100, /* eight of them, as of the next two */
    LAPIC_TMR = 0x180,
    LAPIC_IRR = 0x200,
    LAPIC_ESR = 0x280,
    LAPIC_ICR_LOW = 0x300,
    LAPIC_ICR_X2APIC_HIGH = 0x304, /* where the page has it in x2APIC mode; no register of its own */
    LAPIC_ICR_HIGH = 0x310,
    LAPIC_LVT_TIMER = 0x320, /* first of six */
    LAPIC_LVT_THERMAL = 0x330,
    LAPIC_LVT_COUNTERS = 0x340,
    LAPIC_LVT_LINT0 = 0x350,
    LAPIC_LVT_LINT1 = 0x360,
    LAPIC_LVT_ERROR = 0x370,
    LAPIC_TIMER_INITIAL = 0x380,
    LAPIC_TIMER_CURRENT = 0x390,
    LAPIC_TIMER_DIVIDE = 0x3e0,
    LAPIC_SELF_IPI = 0x3f0, /* x2APIC only */
};

enum vlapic_bits {
    LAPIC_SVR_ENABLE = 1 << 8,
    LAPIC_LVT_MASKED = 1 << 16,
    LAPIC_BASE_BSP = 1 << 8,
    LAPIC_BASE_X2APIC = 1 << 10,
    LAPIC_BASE_ENABLE = 1 << 11,
    LAPIC_ERROR_SEND_VECTOR = 1 << 5,
    LAPIC_ERROR_RECEIVE_VECTOR = 1 << 6,
    LAPIC_ERROR_REGISTER = 1 << 7,
};

#define LAPIC_LVTS 6

struct vlapic;

/* What a LAPIC needs from outside. All may be called from any register write of its vCPU. */
struct vlapic_output {
    void *context;
    /* An IPI leaves (vlapic_route_message delivers it). */
    void (*send)(void *context, struct vlapic *from, const struct apic_message *message);
    /* A level-triggered vector was finished: tell the I/O APIC. */
    void (*eoi)(void *context, uint8_t vector);
    /* Messages may name other LAPICs from now on: this one's logical id, mode or being enabled changed. May be NULL. */
    void (*renamed)(void *context);
};

struct vlapic_config {
    uint32_t *page; /* LAPIC_SIZE bytes, for this one alone */
    uint32_t id;
    bool bootstrap; /* this is the BSP */
    bool x2apic;    /* the guest may switch x2APIC mode on */
    bool tsc_deadline;
    uint64_t tsc_hz; /* of the guest's TSC; only for TSC-deadline */
    uint8_t physical_bits;
    struct vlapic_output output;
};

struct vlapic {
    struct posted_descriptor posted; /* vectors that wait to be moved to IRR */
    struct vlapic_config config;
    uint32_t *page;       /* LAPIC_SIZE bytes: the registers */
    uint64_t base;        /* IA32_APIC_BASE */
    uint32_t errors;      /* collected since the last write of ESR */
    uint32_t events;      /* enum vlapic_event bits (vlapic_irq.h) */
    uint32_t sipi_vector; /* of the last start-up IPI */
    /* Level-triggered vectors that wait to be moved to IRR; LAPIC_EVENT_LEVEL says that there are some. Not in
     * `posted`: a CPU that takes posted interrupts would deliver them before it knows that their EOI has to exit. */
    uint32_t levels[8];
    /* What the timer runs by: the page may already hold what the guest wrote since. */
    uint32_t timer_lvt, timer_initial, timer_divide;
    uint64_t timer_expiry_ns;    /* TICKS_NEVER when it does not run */
    uint64_t timer_tsc_deadline; /* 0 when not armed */
};

/* The word of a register. Offsets are multiples of 4 below LAPIC_SIZE. */
static inline uint32_t *vlapic_word(const struct vlapic *l, uint32_t offset)
{
    return &l->page[offset / 4];
}

/* Word n of ISR, TMR or IRR: vectors 32n to 32n + 31. */
static inline uint32_t *vlapic_vectors(const struct vlapic *l, enum vlapic_register first, unsigned n)
{
    return vlapic_word(l, (uint32_t)first + 0x10 * n);
}

/* Any CPU may look at a register that another's vCPU writes. */
static inline uint32_t vlapic_look(const struct vlapic *l, enum vlapic_register offset)
{
    return __atomic_load_n(vlapic_word(l, offset), __ATOMIC_RELAXED);
}

static inline void vlapic_store(struct vlapic *l, enum vlapic_register offset, uint32_t value)
{
    __atomic_store_n(vlapic_word(l, offset), value, __ATOMIC_RELAXED);
}

/* Task priority, as MOV to CR8 (value << 4) and the register set it. */
static inline uint32_t vlapic_tpr(const struct vlapic *l)
{
    return vlapic_look(l, LAPIC_TPR);
}

static inline void vlapic_set_tpr(struct vlapic *l, uint32_t value)
{
    vlapic_store(l, LAPIC_TPR, value & 0xff);
}

/* Tell the outside that messages may name other LAPICs now. */
static inline void vlapic_renamed(const struct vlapic *l)
{
    if (l->config.output.renamed != NULL) {
        l->config.output.renamed(l->config.output.context);
    }
}

/* Power-on state, LAPIC enabled at the default address in xAPIC mode. */
void vlapic_init(struct vlapic *l, const struct vlapic_config *config);
/* What an INIT does: all but the id and IA32_APIC_BASE. Its logical id is gone: the caller knows (renamed is not
 * called). */
void vlapic_reset(struct vlapic *l);

bool vlapic_is_enabled(const struct vlapic *l); /* by IA32_APIC_BASE */
bool vlapic_is_x2apic(const struct vlapic *l);
bool vlapic_is_software_enabled(const struct vlapic *l); /* and by SVR */
/* Guest-physical address of the register page, meaningful in xAPIC mode. */
uint64_t vlapic_page(const struct vlapic *l);

/* The register page. Reads of 1, 2 or 4 bytes inside a register; writes of 4 aligned bytes only. Anything else reads 0
 * and is ignored, and a reserved register also sets "illegal register address". */
uint32_t vlapic_read(struct vlapic *l, uint64_t offset, unsigned width, uint64_t now_ns);
void vlapic_write(struct vlapic *l, uint64_t offset, unsigned width, uint64_t value, uint64_t now_ns);
/* The CPU let the guest write the register in the page (VCPU_EXIT_APIC_WRITE): what the value in there asks for. */
void vlapic_was_written(struct vlapic *l, uint32_t offset, uint64_t now_ns);

/* After an access, by page or MSR: may its vCPU have something else to do than before (an interrupt to take, another
 * time to wait for)? False only where nothing of that can have changed. What comes from outside says so itself. */
bool vlapic_read_matters(const struct vlapic *l, uint32_t offset);
bool vlapic_write_matters(struct vlapic *l, uint32_t offset);

/* MSRs 0x800..0x8FF. OUT_OF_RANGE means #GP (also when not in x2APIC mode). */
MUST_CHECK enum status vlapic_msr_read(struct vlapic *l, uint32_t msr, uint64_t now_ns, uint64_t *value);
MUST_CHECK enum status vlapic_msr_write(struct vlapic *l, uint32_t msr, uint64_t value, uint64_t now_ns);

/* IA32_APIC_BASE. OUT_OF_RANGE means #GP: reserved bits, or a forbidden change of mode (SDM 3A 11.12.5). */
uint64_t vlapic_base_read(const struct vlapic *l);
MUST_CHECK enum status vlapic_base_write(struct vlapic *l, uint64_t value);

#endif
