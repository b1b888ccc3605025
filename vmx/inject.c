/* SPDX-License-Identifier: GPL-2.0-only
 * Event injection. */
#include "vmx/inject.h"

#include "kernel/lib/bits.h"
#include "vmx/controls.h"
#include "vmx/state.h"

#define RFLAGS_TF BIT64(8)
#define SHADOW (BIT32(VMCS_BLOCKED_BY_STI) | BIT32(VMCS_BLOCKED_BY_MOV_SS))
#define NMI_BLOCKED BIT32(VMCS_BLOCKED_BY_NMI)
#define STEP BIT64(VMCS_PENDING_STEP)
#define WINDOWS ((uint32_t)VMX_PRIMARY_INTERRUPT_WINDOW | (uint32_t)VMX_PRIMARY_NMI_WINDOW)
#define VECTOR_NMI 2
#define VECTOR_DF 8
#define QUALIFICATION_IRET BIT64(12) /* of an EPT violation: as VMCS_EVENT_IRET_UNBLOCKED */

static uint32_t type_of(enum vcpu_event_kind kind)
{
    switch (kind) {
    case VCPU_EVENT_NMI:
        return VMCS_TYPE_NMI;
    case VCPU_EVENT_EXCEPTION:
        return VMCS_TYPE_EXCEPTION;
    case VCPU_EVENT_NONE:
    case VCPU_EVENT_INTERRUPT:
        break;
    }
    return VMCS_TYPE_INTERRUPT;
}

uint32_t vmx_inject_encode(struct vcpu_event event)
{
    if (event.kind == VCPU_EVENT_NONE) {
        return 0;
    }
    return event.vector | (uint32_t)bits_make(type_of(event.kind), VMCS_EVENT_TYPE_HIGH, VMCS_EVENT_TYPE_LOW) |
           (event.has_error ? BIT32(VMCS_EVENT_HAS_ERROR) : 0) | BIT32(VMCS_EVENT_VALID);
}

struct vcpu_event vmx_inject_decode(uint32_t info, uint32_t error)
{
    const struct vcpu_event none = {.kind = VCPU_EVENT_NONE};
    uint8_t vector = (uint8_t)info;
    bool has_error = (info & BIT32(VMCS_EVENT_HAS_ERROR)) != 0;
    if ((info & BIT32(VMCS_EVENT_VALID)) == 0) {
        return none;
    }
    switch (bits_get(info, VMCS_EVENT_TYPE_HIGH, VMCS_EVENT_TYPE_LOW)) {
    case VMCS_TYPE_INTERRUPT:
        return (struct vcpu_event){.kind = VCPU_EVENT_INTERRUPT, .vector = vector};
    case VMCS_TYPE_NMI:
        return (struct vcpu_event){.kind = VCPU_EVENT_NMI, .vector = VECTOR_NMI};
    case VMCS_TYPE_EXCEPTION:
        return (struct vcpu_event){
            .kind = VCPU_EVENT_EXCEPTION, .vector = vector, .has_error = has_error, .error = has_error ? error : 0};
    default:
        return none;
    }
}

/* An interrupt or NMI ends the shadow that its delivery would have waited for, and the entry checks say so. */
static uint32_t blocking_of(const struct vcpu *vcpu, uint32_t before)
{
    bool waits = vcpu->event.kind == VCPU_EVENT_INTERRUPT || vcpu->event.kind == VCPU_EVENT_NMI;
    uint32_t blocking = 0;
    if (vcpu->shadow && !waits) {
        blocking = (before & SHADOW) != 0 ? before & SHADOW : BIT32(VMCS_BLOCKED_BY_MOV_SS);
    }
    /* The NMI itself sets the blocking; injected over it, it is refused. */
    return vcpu->nmi_blocked && vcpu->event.kind != VCPU_EVENT_NMI ? blocking | NMI_BLOCKED : blocking;
}

/* In a shadow the pending single step has to match RFLAGS.TF (SDM 3C 27.3.1.5). Once the instruction behind it was
 * stepped over, vcpu_advance() has queued that step itself. */
static void __attribute__((noinline)) match_step(const struct vcpu *vcpu, uint32_t blocking)
{
    uint64_t pending = vmx_read(VMCS_GUEST_PENDING_DEBUG) & ~STEP;
    bool step = (blocking & SHADOW) != 0 && (vcpu->rflags & RFLAGS_TF) != 0;
    vmx_write(VMCS_GUEST_PENDING_DEBUG, step ? pending | STEP : pending);
}

static void put_blocking(const struct vcpu *vcpu, struct vmx_cache *cache)
{
    uint32_t before = cache->interruptibility;
    uint32_t blocking = blocking_of(vcpu, before);
    if (((before | blocking) & SHADOW) != 0) {
        match_step(vcpu, blocking);
    }
    if (blocking != before) {
        cache->interruptibility = blocking;
        vmx_write(VMCS_GUEST_INTERRUPTIBILITY, blocking);
    }
}

static void put_windows(const struct vcpu *vcpu, struct vmx_cache *cache)
{
    uint32_t primary = (cache->primary & ~WINDOWS) | (vcpu->window ? VMX_PRIMARY_INTERRUPT_WINDOW : 0) |
                       (vcpu->nmi_window ? VMX_PRIMARY_NMI_WINDOW : 0);
    if (primary != cache->primary) {
        cache->primary = primary;
        vmx_write(VMCS_PRIMARY_CONTROLS, primary);
    }
}

/* Nothing is wanted, and the last exit left nothing: so it is nearly always. */
static bool nothing_to_do(const struct vcpu *vcpu, const struct vmx_cache *cache)
{
    unsigned wanted = (unsigned)vcpu->event.kind | vcpu->shadow | vcpu->window | vcpu->nmi_blocked | vcpu->nmi_window;
    return (wanted | cache->interruptibility | (cache->primary & WINDOWS)) == 0;
}

void vmx_inject_prepare(struct vcpu *vcpu)
{
    struct vmx_cache *cache = &vmx_state(vcpu)->cache;
    if (nothing_to_do(vcpu, cache)) {
        return;
    }
    put_blocking(vcpu, cache);
    put_windows(vcpu, cache);
    if (vcpu->event.kind != VCPU_EVENT_NONE) {
        vmx_write(VMCS_ENTRY_EVENT, vmx_inject_encode(vcpu->event));
        if (vcpu->event.has_error) {
            vmx_write(VMCS_ENTRY_EVENT_ERROR, vcpu->event.error);
        }
        vcpu->event.kind = VCPU_EVENT_NONE;
    }
}

/* An IRET that faulted after it had ended the blocking of NMIs runs again: they are blocked (SDM 3C 28.2.3). Not said
 * when an event was being delivered, nor for #DF. */
static bool iret_unblocked(enum vmcs_reason reason)
{
    if (reason == VMCS_REASON_EPT_VIOLATION) {
        return (vmx_read(VMCS_QUALIFICATION) & QUALIFICATION_IRET) != 0;
    }
    if (reason != VMCS_REASON_EXCEPTION_OR_NMI) {
        return false;
    }
    uint64_t info = vmx_read(VMCS_EXIT_EVENT);
    return (info & BIT32(VMCS_EVENT_IRET_UNBLOCKED)) != 0 && (uint8_t)info != VECTOR_DF;
}

void vmx_inject_finish_instruction(struct vcpu *vcpu)
{
    uint32_t blocking = (uint32_t)vmx_read(VMCS_GUEST_INTERRUPTIBILITY);
    vmx_state(vcpu)->cache.interruptibility = blocking;
    vcpu->shadow = (blocking & SHADOW) != 0;
    vcpu->nmi_blocked = (blocking & NMI_BLOCKED) != 0;
    vcpu->event.kind = VCPU_EVENT_NONE;
}

void vmx_inject_finish(struct vcpu *vcpu, enum vmcs_reason reason)
{
    uint32_t vectoring = (uint32_t)vmx_read(VMCS_VECTORING_EVENT);
    vmx_inject_finish_instruction(vcpu);
    if ((vectoring & BIT32(VMCS_EVENT_VALID)) != 0) {
        vcpu->event = vmx_inject_decode(vectoring, (uint32_t)vmx_read(VMCS_VECTORING_ERROR));
    } else if (!vcpu->nmi_blocked && iret_unblocked(reason)) {
        vcpu->nmi_blocked = true;
    }
}
