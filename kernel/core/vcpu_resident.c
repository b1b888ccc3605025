/* SPDX-License-Identifier: GPL-2.0-only
 * Switching what stays in the CPU between exits. */
#include "kernel/core/vcpu_resident.h"

#include "kernel/core/pages.h"
#include "kernel/core/panic.h"
#include "kernel/core/percpu.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/msr.h"
#include "kernel/hw/phys.h"
#include "kernel/hw/xstate.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

enum {
    FXSAVE_BYTES = 512,
    FXSAVE_FCW = 0,    /* 2 bytes */
    FXSAVE_X87 = 24,   /* bytes from 0 on: control, status, tag, opcode and pointers */
    FXSAVE_MXCSR = 24, /* 4 bytes */
    FXSAVE_ST = 32,    /* 8 registers of 16 bytes */
    FXSAVE_ST_BYTES = 128,
    XSAVE_HEADER = 512, /* XSTATE_BV, XCOMP_BV (SDM 1 13.4.2) */
    FCW_POWER_ON = 0x40,
    MXCSR_POWER_ON = 0x1f80,
};

/* x87, SSE, AVX, and the three parts of AVX-512. What is not here (MPX, PKRU, AMX, CET) is hidden from guests. */
#define XCR0_OFFER (BIT64(0) | BIT64(1) | BIT64(2) | MASK64(7, 5))
#define MSR_TSC_AUX 0xc0000103
#define MSR_XSS 0xda0

static struct {
    bool probed, has_xsave, has_xsaves, has_tsc_aux;
    uint64_t xcr0_max; /* what an area holds; 0 without XSAVE */
    uint64_t bytes;
    struct vcpu *owner[CPU_MAX]; /* whose state each CPU holds; NULL: nobody's */
    bool spares_x87;             /* vcpu_resident_spare_x87() */
    struct x87 {
        bool known; /* nobody ran since it was saved */
        uint8_t state[FXSAVE_X87 + FXSAVE_ST_BYTES];
    } x87[CPU_MAX]; /* what each CPU holds of it */
} resident;

static void probe(void)
{
    if (resident.probed) {
        return;
    }
    resident.has_xsave = (cpu_cpuid(1, 0).ecx & BIT32(26)) != 0;
    resident.has_tsc_aux =
        cpu_cpuid(0x80000000, 0).eax >= 0x80000001 && (cpu_cpuid(0x80000001, 0).edx & BIT32(27)) != 0;
    resident.bytes = FXSAVE_BYTES;
    if (resident.has_xsave) {
        struct cpuid d = cpu_cpuid(0xd, 0);
        resident.xcr0_max = (((uint64_t)d.edx << 32) | d.eax) & XCR0_OFFER;
        if ((resident.xcr0_max & MASK64(7, 5)) != MASK64(7, 5)) {
            resident.xcr0_max &= ~MASK64(7, 5);
        }
        resident.bytes = d.ecx; /* for all components of the CPU, so never too small */
        resident.has_xsaves = (cpu_cpuid(0xd, 1).eax & BIT32(3)) != 0;
    }
    resident.probed = true;
}

void vcpu_resident_cpu_enable(unsigned cpu)
{
    bulkhead_assert(cpu < CPU_MAX);
    probe();
    xstate_enable(resident.has_xsave);
    if (resident.has_xsaves) {
        msr_write(MSR_XSS, 0); /* guests' XSAVES would else save what firmware had turned on */
    }
}

uint64_t vcpu_resident_xcr0_offer(void)
{
    probe();
    return resident.xcr0_max;
}

enum status vcpu_resident_init(struct vcpu *vcpu)
{
    bulkhead_assert(vcpu->cpu < CPU_MAX);
    probe();
    struct vcpu_resident *r = &vcpu->resident;
    r->xsave_bytes = align_up(resident.bytes, PAGE_SIZE);
    enum status status = pages_alloc_block(r->xsave_bytes, PAGE_SIZE, UINT64_MAX, &r->xsave);
    if (status == STATUS_OK) {
        vcpu_resident_reset(vcpu);
    }
    return status;
}

void vcpu_resident_free(struct vcpu *vcpu)
{
    struct vcpu_resident *r = &vcpu->resident;
    if (r->xsave_bytes == 0) {
        return;
    }
    /* The next vCPU loads all of its own state over what is left in the CPU. */
    if (resident.owner[vcpu->cpu] == vcpu) {
        resident.owner[vcpu->cpu] = NULL;
    }
    memset(phys_to_virt(r->xsave), 0, r->xsave_bytes);
    pages_free(r->xsave, r->xsave_bytes);
    *r = (struct vcpu_resident){0};
}

void vcpu_resident_reset(struct vcpu *vcpu)
{
    struct vcpu_resident *r = &vcpu->resident;
    uint8_t *area = phys_to_virt(r->xsave);
    const uint16_t fcw = FCW_POWER_ON;
    const uint32_t mxcsr = MXCSR_POWER_ON;
    const uint64_t components = BIT64(0) | BIT64(1);
    memset(area, 0, r->xsave_bytes);
    memcpy(area + FXSAVE_FCW, &fcw, sizeof(fcw));
    memcpy(area + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
    if (resident.has_xsave) {
        memcpy(area + XSAVE_HEADER, &components, sizeof(components));
    }
    r->xcr0 = resident.has_xsave ? 1 : 0;
    r->tsc_aux = 0;
    memset(r->dr, 0, sizeof(r->dr));
    if (resident.owner[vcpu->cpu] == vcpu) {
        resident.owner[vcpu->cpu] = NULL;
    }
}

void vcpu_resident_spare_x87(bool on)
{
    resident.spares_x87 = on;
}

static bool has_x87(const uint8_t *area)
{
    return (area[XSAVE_HEADER] & 1) != 0;
}

static void note_x87(struct x87 *x, const uint8_t *area)
{
    memcpy(x->state, area, FXSAVE_X87);
    memcpy(x->state + FXSAVE_X87, area + FXSAVE_ST, FXSAVE_ST_BYTES);
    x->known = has_x87(area);
}

/* The components to load: all, or all but x87's when the CPU holds just that already. */
static uint64_t to_load(const struct x87 *x, const uint8_t *area)
{
    bool same = resident.spares_x87 && x->known && has_x87(area) && memcmp(x->state, area, FXSAVE_X87) == 0 &&
                memcmp(x->state + FXSAVE_X87, area + FXSAVE_ST, FXSAVE_ST_BYTES) == 0;
    return same ? ~BIT64(0) : UINT64_MAX;
}

static void save(struct vcpu *vcpu)
{
    struct vcpu_resident *r = &vcpu->resident;
    void *area = phys_to_virt(r->xsave);
    if (resident.has_xsave) {
        /* As the guest left it: TCG's SVM lets a guest set XCR0 without an exit. */
        r->xcr0 = xstate_read_xcr0() & resident.xcr0_max;
        /* All components, whatever the guest has enabled now: it may enable the others again later. */
        xstate_write_xcr0(resident.xcr0_max);
        xstate_xsave(area);
        xstate_write_xcr0(r->xcr0);
        if (resident.spares_x87) {
            note_x87(&resident.x87[vcpu->cpu], area);
        }
    } else {
        xstate_fxsave(area);
    }
    xstate_read_breakpoints(r->dr);
    if (resident.has_tsc_aux) {
        r->tsc_aux = msr_read(MSR_TSC_AUX);
    }
}

static void load(const struct vcpu *vcpu)
{
    const struct vcpu_resident *r = &vcpu->resident;
    struct x87 *x87 = &resident.x87[vcpu->cpu];
    const void *area = phys_to_virt(r->xsave);
    if (resident.has_xsave) {
        xstate_write_xcr0(resident.xcr0_max);
        xstate_xrstor(area, to_load(x87, area));
        xstate_write_xcr0(r->xcr0);
    } else {
        xstate_fxrstor(area);
    }
    x87->known = false;
    xstate_write_breakpoints(r->dr);
    if (resident.has_tsc_aux) {
        msr_write(MSR_TSC_AUX, r->tsc_aux);
    }
}

static void __attribute__((noinline)) change_owner(struct vcpu *vcpu)
{
    struct vcpu **owner = &resident.owner[vcpu->cpu];
    if (*owner != NULL) {
        save(*owner);
    }
    load(vcpu);
    *owner = vcpu;
}

void vcpu_resident_load(struct vcpu *vcpu)
{
    if (resident.owner[vcpu->cpu] != vcpu) {
        change_owner(vcpu);
    }
}

void vcpu_resident_store(struct vcpu *vcpu)
{
    if (resident.owner[vcpu->cpu] == vcpu) {
        save(vcpu);
        resident.owner[vcpu->cpu] = NULL;
    }
}

bool vcpu_resident_xcr0_valid(uint64_t value, uint64_t offered)
{
    const uint64_t avx512 = MASK64(7, 5);
    if ((value & BIT64(0)) == 0 || (value & ~offered) != 0) {
        return false;
    }
    if ((value & BIT64(2)) != 0 && (value & BIT64(1)) == 0) {
        return false;
    }
    if ((value & avx512) == 0) {
        return true;
    }
    return (value & avx512) == avx512 && (value & BIT64(2)) != 0;
}

bool vcpu_resident_set_xcr0(struct vcpu *vcpu, uint64_t value, uint64_t offered)
{
    if (!vcpu_resident_xcr0_valid(value, offered & vcpu_resident_xcr0_offer())) {
        return false;
    }
    vcpu->resident.xcr0 = value;
    if (resident.owner[vcpu->cpu] == vcpu) {
        xstate_write_xcr0(value);
    }
    return true;
}
