/* SPDX-License-Identifier: GPL-2.0-only
 * The guest of the stress. */
#include "tests/stress/guest.h"

#include "kernel/core/pages.h"
#include "kernel/core/panic.h"
#include "kernel/core/percpu.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/string.h"
#include "svm/svm.h"
#include "tests/stress/load.h"
#include "tests/stress/stress.h"

enum {
    RAM_BYTES = 2 * 4096, /* vector table and stack, code */
    CODE_AT = 0x1000,
    COUNTER_AT = 0x704,  /* shared with guest_code.S: interrupts, */
    PROGRESS_AT = 0x708, /* rounds of the long loop, */
    SPIN_AT = 0x700,     /* how many of them to make */
    GUEST_VECTOR = 0x40,
};

extern const char guest_code_start[], guest_code_end[], guest_code_handler[];

static uint8_t *ram_of(const struct vcpu *vcpu)
{
    return vcpu->owner;
}

static void fill_ram(uint8_t *ram)
{
    size_t handler = (size_t)(guest_code_handler - guest_code_start);
    const uint16_t vector[2] = {(uint16_t)handler, CODE_AT >> 4};
    const uint16_t spin = (uint16_t)stress.options.spin;
    memset(ram, 0, RAM_BYTES);
    memcpy(ram + CODE_AT, guest_code_start, (size_t)(guest_code_end - guest_code_start));
    memcpy(ram + GUEST_VECTOR * 4, vector, sizeof(vector));
    memcpy(ram + SPIN_AT, &spin, sizeof(spin));
}

enum status guest_init(struct vcpu *vcpu, struct radix *nested)
{
    struct hpa ram;
    enum status status = pages_alloc_block(RAM_BYTES, PAGE_SIZE, UINT64_MAX, &ram);
    if (status == STATUS_OK) {
        status = radix_init(nested, &radix_npt, 4, 2, false);
    }
    if (status == STATUS_OK) {
        status = radix_map(nested, 0, ram, RAM_BYTES, RADIX_READ | RADIX_WRITE | RADIX_EXECUTE);
    }
    if (status == STATUS_OK) {
        status = svm_backend.vcpu_init(vcpu, cpu_index(), nested);
    }
    if (status != STATUS_OK) {
        return status;
    }
    vcpu->owner = phys_to_virt(ram);
    fill_ram(vcpu->owner);
    stress_self()->progress = (const uint32_t *)((uint8_t *)vcpu->owner + PROGRESS_AT);
    vcpu_reset(vcpu, VCPU_RESET_POWER_ON, 0);
    vcpu_startup(vcpu, CODE_AT >> 12);
    return STATUS_OK;
}

uint32_t guest_interrupts(const struct vcpu *vcpu)
{
    uint32_t count;
    memcpy(&count, ram_of(vcpu) + COUNTER_AT, sizeof(count));
    return count;
}

/* Inject what waits, or ask to hear when it can be. */
static void offer_interrupt(struct vcpu *vcpu, struct stress_cpu *self)
{
    vcpu->window = false;
    if (!self->pending) {
        return;
    }
    if (vcpu_can_interrupt(vcpu)) {
        self->pending = false;
        self->injected++;
        bool alive = vcpu_inject(vcpu, (struct vcpu_event){.kind = VCPU_EVENT_INTERRUPT, .vector = GUEST_VECTOR});
        bulkhead_assert(alive);
    } else {
        vcpu->window = stress.options.window;
    }
}

/* The guest halts: sleep until something happened, as long as there is nothing to inject. */
static void halt(struct vcpu *vcpu, struct stress_cpu *self)
{
    vcpu_advance(vcpu, 1);
    while (!self->pending && time_now_ns() < stress.end_ns) {
        if (!stress.options.timer) {
            return;
        }
        cpu_irq_wait();
    }
}

static void handle(struct vcpu *vcpu, struct stress_cpu *self, const struct vcpu_exit *exit)
{
    switch (exit->kind) {
    case VCPU_EXIT_INTERRUPT:
        break;
    case VCPU_EXIT_WINDOW:
        self->windows++;
        break;
    case VCPU_EXIT_CPUID:
    case VCPU_EXIT_IO:
        vcpu_advance(vcpu, 2);
        break;
    case VCPU_EXIT_HLT:
        halt(vcpu, self);
        break;
    default:
        panic("stress: exit %u, code 0x%llx, at 0x%llx: %s", exit->kind, (unsigned long long)exit->code,
              (unsigned long long)vcpu->rip, exit->text != NULL ? exit->text : "");
    }
}

static void let_interrupts_in(void)
{
    cpu_irq_serve();
}

void guest_run(struct vcpu *vcpu)
{
    struct stress_cpu *self = stress_self();
    struct vcpu_exit exit;
    cpu_irq_disable();
    /* To the end of a round, so that no interrupt is halfway through the guest's handler. */
    exit.kind = VCPU_EXIT_INTERRUPT;
    while (time_now_ns() < stress.end_ns || exit.kind != VCPU_EXIT_HLT) {
        offer_interrupt(vcpu, self);
        svm_backend.run(vcpu, &exit);
        self->exits++;
        if (exit.kind != VCPU_EXIT_INTERRUPT) {
            load_detect_unseen();
        }
        handle(vcpu, self, &exit);
        let_interrupts_in();
        if (stress.options.detect) {
            load_detect();
        }
        load_step();
        load_watch();
    }
    cpu_irq_enable();
}
