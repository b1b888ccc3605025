/* SPDX-License-Identifier: GPL-2.0-only
 * What the CPU is told of a virtual LAPIC. */
#include "guest/vm_apic.h"

#include "guest/vlapic_irq.h"

void vm_apic_init(struct vm_cpu *cpu)
{
    const struct cpu_backend_apic *apic = cpu->vcpu.backend->apic;
    if (apic != NULL) {
        apic->set_pages(&cpu->vcpu, cpu->lapic_page, cpu->vm->apic_access);
        cpu->apic_mode = VCPU_APIC_SOFTWARE;
        cpu->apic_help = 0;
    }
}

enum vcpu_apic_mode vm_apic_mode_of(const struct vlapic *l)
{
    if (!vlapic_is_enabled(l)) {
        return VCPU_APIC_SOFTWARE;
    }
    if (vlapic_is_x2apic(l)) {
        return VCPU_APIC_MSRS;
    }
    return vlapic_page(l) == LAPIC_DEFAULT_BASE ? VCPU_APIC_PAGE : VCPU_APIC_SOFTWARE;
}

void vm_apic_follow_mode(struct vm_cpu *cpu)
{
    const struct cpu_backend_apic *apic = cpu->vcpu.backend->apic;
    if (apic == NULL) {
        return;
    }
    enum vcpu_apic_mode mode = vm_apic_mode_of(&cpu->lapic);
    if (mode != cpu->apic_mode) {
        cpu->apic_mode = mode;
        cpu->apic_help = apic->set_mode(&cpu->vcpu, mode);
    }
}

static unsigned requests(const struct vlapic *l)
{
    unsigned count = 0;
    for (unsigned i = 0; i < 8; i++) {
        for (uint32_t word = *vlapic_vectors(l, LAPIC_IRR, i); word != 0; word &= word - 1) {
            count++;
        }
    }
    return count;
}

static uint8_t or_none(int vector)
{
    return vector < 0 ? 0 : (uint8_t)vector;
}

struct vcpu_apic_status vm_apic_status_of(struct vlapic *l, int deliverable, bool guarded)
{
    struct vcpu_apic_status status = {
        .requested = or_none(vlapic_irq_highest(l)),
        .in_service = or_none(vlapic_irq_in_service(l)),
    };
    bool others_wait = guarded && requests(l) > (deliverable >= 0 ? 1 : 0);
    for (unsigned i = 0; i < 8; i++) {
        uint64_t level = vlapic_look(l, (enum vlapic_register)(LAPIC_TMR + 0x10 * i));
        status.eoi_exits[i / 2] |= (others_wait ? UINT32_MAX : level) << (32 * (i % 2));
    }
    return status;
}

void vm_apic_give(struct vm_cpu *cpu, int deliverable)
{
    bool guarded = (cpu->apic_help & VCPU_APIC_GUARDED) != 0;
    struct vcpu_apic_status status = vm_apic_status_of(&cpu->lapic, deliverable, guarded);
    cpu->vcpu.backend->apic->set_status(&cpu->vcpu, &status);
    if (guarded && deliverable >= 0 && !vcpu_can_interrupt(&cpu->vcpu)) {
        cpu->vcpu.window = true;
    }
}

/* While something of a higher class is in service, its EOI exits. */
uint8_t vm_apic_threshold_of(struct vlapic *l)
{
    int request = vlapic_irq_highest(l);
    unsigned tpr = vlapic_tpr(l) >> 4;
    return request >= 0 && (unsigned)request >> 4 <= tpr ? (uint8_t)(request >> 4) : 0;
}

void vm_apic_set_threshold(struct vm_cpu *cpu)
{
    if (cpu->apic_help == VCPU_APIC_REGISTERS) {
        cpu->vcpu.backend->apic->set_threshold(&cpu->vcpu, vm_apic_threshold_of(&cpu->lapic));
    }
}
