/* SPDX-License-Identifier: GPL-2.0-only
 * What the two CPU backends have in common: events and stepping over instructions. */
#include "kernel/core/vcpu.h"

#include "kernel/core/panic.h"
#include "kernel/lib/bits.h"

enum {
    RFLAGS_TF = 1 << 8,
    RFLAGS_IF = 1 << 9,
    RFLAGS_RF = 1 << 16,
    RFLAGS_VM = 1 << 17,
    EFER_LMA = 1 << 10,
    DR6_BS = 1 << 14,
    CR0_PE = 1 << 0,
};

enum {
    VECTOR_DE = 0,
    VECTOR_DB = 1,
    VECTOR_DF = 8,
    VECTOR_TS = 10,
    VECTOR_GP = 13,
    VECTOR_PF = 14,
    VECTOR_CP = 21,
};

unsigned vcpu_code_bits(const struct vcpu *vcpu)
{
    struct vcpu_segment cs = vcpu->backend->read_segment(vcpu, VCPU_CS);
    if ((vcpu->backend->read(vcpu, VCPU_EFER) & EFER_LMA) != 0 && (cs.attributes & VCPU_SEGMENT_LONG) != 0) {
        return 64;
    }
    return (cs.attributes & VCPU_SEGMENT_BIG) != 0 ? 32 : 16;
}

unsigned vcpu_privilege(const struct vcpu *vcpu)
{
    if ((vcpu->backend->read(vcpu, VCPU_CR0) & CR0_PE) == 0) {
        return 0;
    }
    if ((vcpu->rflags & RFLAGS_VM) != 0) {
        return 3;
    }
    return (unsigned)bits_get(vcpu->backend->read_segment(vcpu, VCPU_SS).attributes, 6, 5);
}

static void single_step(struct vcpu *vcpu)
{
    vcpu->backend->write(vcpu, VCPU_DR6, vcpu->backend->read(vcpu, VCPU_DR6) | DR6_BS);
    vcpu->event = (struct vcpu_event){.kind = VCPU_EVENT_EXCEPTION, .vector = VECTOR_DB};
}

/* RIP crossed 4 GiB. EIP wraps there even in 16-bit code: running past 64 KiB is a limit fault, which is the guest's to
 * take. */
static void wrap(struct vcpu *vcpu)
{
    if (vcpu_code_bits(vcpu) != 64) {
        vcpu->rip &= UINT32_MAX;
    }
}

static void __attribute__((noinline)) advance_rarely(struct vcpu *vcpu, bool wraps)
{
    if (wraps) {
        wrap(vcpu);
    }
    if ((vcpu->rflags & RFLAGS_TF) != 0 && vcpu->event.kind == VCPU_EVENT_NONE) {
        single_step(vcpu);
    }
}

/* The rare ends are a function of their own, the last thing called: this one is on the way of every exit. */
void vcpu_advance(struct vcpu *vcpu, unsigned length)
{
    bulkhead_assert(length >= 1 && length <= 15);
    uint64_t from = vcpu->rip;
    vcpu->rip = from + length;
    vcpu->shadow = false;
    vcpu->rflags &= ~(uint64_t)RFLAGS_RF;
    bool wraps = (from ^ vcpu->rip) > UINT32_MAX;
    if (wraps || (vcpu->rflags & RFLAGS_TF) != 0) {
        advance_rarely(vcpu, wraps);
    }
}

bool vcpu_can_interrupt(const struct vcpu *vcpu)
{
    return vcpu->event.kind == VCPU_EVENT_NONE && (vcpu->rflags & RFLAGS_IF) != 0 && !vcpu->shadow;
}

bool vcpu_can_nmi(const struct vcpu *vcpu)
{
    return vcpu->event.kind == VCPU_EVENT_NONE && !vcpu->nmi_blocked && !vcpu->shadow;
}

static bool is_contributory(uint8_t vector)
{
    return vector == VECTOR_DE || (vector >= VECTOR_TS && vector <= VECTOR_GP) || vector == VECTOR_CP;
}

/* SDM 3A table 7-5: benign after anything is taken in turn. */
static bool makes_double_fault(uint8_t first, uint8_t second)
{
    if (first == VECTOR_PF) {
        return second == VECTOR_PF || is_contributory(second);
    }
    return is_contributory(first) && is_contributory(second);
}

bool vcpu_inject(struct vcpu *vcpu, struct vcpu_event event)
{
    if (event.kind != VCPU_EVENT_EXCEPTION) {
        bulkhead_assert(event.kind == VCPU_EVENT_INTERRUPT ? vcpu_can_interrupt(vcpu) : vcpu_can_nmi(vcpu));
        vcpu->event = event;
        return true;
    }
    if (vcpu->event.kind == VCPU_EVENT_EXCEPTION) {
        uint8_t first = vcpu->event.vector;
        bool serious = event.vector == VECTOR_PF || is_contributory(event.vector);
        if (first == VECTOR_DF && serious) {
            return false;
        }
        if (makes_double_fault(first, event.vector)) {
            event =
                (struct vcpu_event){.kind = VCPU_EVENT_EXCEPTION, .vector = VECTOR_DF, .has_error = true, .error = 0};
        }
    }
    /* Real mode pushes no error codes (APM2 8.2, SDM 3C 27.2.1.3): SVM would push one all the same. */
    event.has_error = event.has_error && (vcpu->backend->read(vcpu, VCPU_CR0) & CR0_PE) != 0;
    vcpu->event = event;
    return true;
}

bool vcpu_inject_exception(struct vcpu *vcpu, uint8_t vector)
{
    return vcpu_inject(vcpu, (struct vcpu_event){.kind = VCPU_EVENT_EXCEPTION, .vector = vector});
}

bool vcpu_inject_exception_with(struct vcpu *vcpu, uint8_t vector, uint32_t error)
{
    return vcpu_inject(
        vcpu, (struct vcpu_event){.kind = VCPU_EVENT_EXCEPTION, .vector = vector, .has_error = true, .error = error});
}
