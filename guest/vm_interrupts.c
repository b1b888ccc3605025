/* SPDX-License-Identifier: GPL-2.0-only
 * Delivery of interrupts to vCPUs. */
#include "guest/vm_interrupts.h"

#include "guest/vlapic_irq.h"
#include "guest/vm_apic.h"
#include "guest/vm_cpuid.h"
#include "guest/vm_host.h"
#include "kernel/core/event.h"
#include "kernel/core/lapic.h"
#include "kernel/core/log.h"
#include "kernel/core/percpu.h"
#include "kernel/core/time.h"
#include "kernel/core/time_calibrate.h"
#include "kernel/core/vectors.h"
#include "kernel/hw/phys.h"

#define RFLAGS_IF 0x200u
#define MESSAGE_FIRST UINT64_C(0xfee00000)
#define MESSAGE_LAST UINT64_C(0xfeefffff)

static void kick(void *context, size_t index)
{
    vm_kick(context, (unsigned)index);
}

static void send(void *context, struct vlapic *from, const struct apic_message *message)
{
    struct vm_cpu *cpu = context;
    (void)vlapic_route_message(&cpu->vm->lapic_set, message, from);
}

static void end_of_interrupt(void *context, uint8_t vector)
{
    struct vm_cpu *cpu = context;
    uint64_t flags = lock_take(&cpu->vm->lock);
    vioapic_eoi(&cpu->vm->platform.ioapic, vector);
    lock_release(&cpu->vm->lock, flags);
}

/* Edge-triggered vectors lie in the mailbox: its notification reaches a CPU that takes posted interrupts without an
 * exit. */
static void notify(void *context, size_t index)
{
    struct vm *vm = context;
    struct vm_cpu *cpu = &vm->cpus[index];
    if (cpu->vcpu.cpu == cpu_index()) {
        vm_kick(vm, (unsigned)index);
    } else if (!posted_is_suppressed(&cpu->lapic.posted)) {
        vm_host_pace(cpu);
        lapic_send(percpu_at(cpu->vcpu.cpu)->apic_id, posted_notify_vector(&cpu->lapic.posted));
    }
}

/* Our own handler asks who is meant each time, but a message that meant nobody is masked, and one that a unit posts
 * goes where it went. */
static void renamed(void *context)
{
    struct vm_cpu *cpu = context;
    uint64_t flags = lock_take(&cpu->vm->lock);
    guest_pci_reroute(&cpu->vm->platform.pci);
    lock_release(&cpu->vm->lock, flags);
}

/* A message of an assigned device, as its driver wrote it. Called in the host's interrupt handler. */
static void deliver(void *context, uint64_t address, uint32_t data)
{
    struct vm *vm = context;
    struct apic_message message = apic_message_from_msi(address, data);
    (void)__atomic_fetch_add(&vm->device_interrupts, 1, __ATOMIC_RELAXED);
    (void)vlapic_route_message(&vm->lapic_set, &message, NULL);
}

/* Only fixed and lowest-priority messages may be routed to hardware; the first vCPU they name decides the CPU. */
static bool target(void *context, uint64_t address, uint32_t data, unsigned *host_cpu, uint32_t *apic_id)
{
    struct vm *vm = context;
    if (address < MESSAGE_FIRST || address > MESSAGE_LAST) {
        return false;
    }
    struct apic_message message = apic_message_from_msi(address, data);
    if (message.vector < 16 || (message.delivery != APIC_FIXED && message.delivery != APIC_LOWEST)) {
        return false;
    }
    for (unsigned i = 0; i < vm->cpu_count; i++) {
        if (vlapic_route_matches(&vm->cpus[i].lapic, &message, NULL)) {
            *host_cpu = vm->cpus[i].vcpu.cpu;
            *apic_id = percpu_at(*host_cpu)->apic_id;
            return true;
        }
    }
    return false;
}

/* target() named somebody. */
static bool post(void *context, uint64_t address, uint32_t data, struct vtd_irte_posted *posted)
{
    struct vm *vm = context;
    struct apic_message message = apic_message_from_msi(address, data);
    size_t index = 0;
    if (!vm->posting || !posting_target(&vm->lapic_set, &message, &index)) {
        return false;
    }
    *posted =
        (struct vtd_irte_posted){.vector = message.vector, .descriptor = virt_to_phys(&vm->cpus[index].lapic.posted)};
    return true;
}

void vm_interrupts_place(struct vm_cpu *cpu, enum posting_place place)
{
    if (cpu->vm->posting && cpu->place != place) {
        cpu->place = place;
        posting_place(&cpu->lapic.posted, place, percpu_at(cpu->vcpu.cpu)->apic_id, lapic_is_x2apic());
    }
}

static void init_mailbox(struct vm_cpu *cpu)
{
    struct posted_descriptor *d = &cpu->lapic.posted;
    posted_init(d, VECTOR_POSTED, percpu_at(cpu->vcpu.cpu)->apic_id, lapic_is_x2apic());
    cpu->place = POSTING_RUNS;
    cpu->vcpu.posted = d;
}

/* A storm of interrupts: told, and the platform looks after it when its time is over. */
static void held(void *context, const struct vm_device *device, uint64_t until_ns)
{
    struct vm *vm = context;
    struct event e;
    char text[SBDF_TEXT_SIZE];
    uint64_t now = time_now_ns();
    uint64_t ms = until_ns > now ? (until_ns - now + 999999) / 1000000 : 0;
    sbdf_text(device->function->at, text);
    log_only(LOG_WARN, "guest: name=%s device=%s interrupt-storm=1 held-ms=%llu limit=%u/%lluus", vm->name, text,
             (unsigned long long)ms, device->irq_limit.count, (unsigned long long)(device->irq_limit.period_ns / 1000));
    event_begin(&e, EVENT_WARNING, "interrupt-storm");
    json_text(&e.json, "guest", vm->name);
    json_text(&e.json, "device", text);
    json_number(&e.json, "held-ms", ms);
    json_number(&e.json, "limit-count", device->irq_limit.count);
    json_number(&e.json, "limit-us", device->irq_limit.period_ns / 1000);
    event_end(&e);
    vm_platform_held(vm, until_ns);
}

void vm_interrupts_init(struct vm *vm)
{
    uint64_t tsc_hz = time_tsc_hz();
    for (unsigned i = 0; i < vm->cpu_count; i++) {
        struct vm_cpu *cpu = &vm->cpus[i];
        const struct vlapic_config config = {
            .page = phys_to_virt(cpu->lapic_page),
            .id = i,
            .bootstrap = i == 0,
            .x2apic = true,
            .tsc_deadline = tsc_hz != 0,
            .tsc_hz = tsc_hz,
            .physical_bits = 40,
            .output = {.context = cpu, .send = send, .eoi = end_of_interrupt, .renamed = renamed},
        };
        vlapic_init(&cpu->lapic, &config);
        init_mailbox(cpu);
        vm->lapics[i] = &cpu->lapic;
    }
    vm->lapic_set = (struct vlapic_set){.lapics = vm->lapics, .count = vm->cpu_count, .context = vm, .kick = kick};
    vm->lapic_set.notify = vm->posting ? notify : NULL;
    vm->router =
        (struct message_router){.deliver = deliver, .target = target, .post = post, .held = held, .context = vm};
}

void vm_interrupts_take_events(struct vm_cpu *cpu)
{
    uint32_t events = vlapic_irq_take_events(&cpu->lapic, LAPIC_EVENT_INIT | LAPIC_EVENT_SIPI);
    if ((events & LAPIC_EVENT_INIT) != 0) {
        vlapic_reset(&cpu->lapic);
        renamed(cpu);
        vcpu_reset(&cpu->vcpu, VCPU_RESET_INIT, 0);
        vm_cpuid_forget(cpu);
        cpu->state = cpu->index == 0 ? VM_CPU_RUNS : VM_CPU_WAIT_SIPI;
    }
    if ((events & LAPIC_EVENT_SIPI) != 0 && cpu->state == VM_CPU_WAIT_SIPI) {
        vcpu_startup(&cpu->vcpu, (uint8_t)cpu->lapic.sipi_vector);
        cpu->state = VM_CPU_RUNS;
    }
}

/* The 8259 pair reaches the first vCPU alone. */
static bool pic_waits(const struct vm_cpu *cpu)
{
    return cpu->index == 0 && vlapic_irq_takes_extint(&cpu->lapic) && vpic_is_pending(&cpu->vm->platform.pic);
}

static void inject(struct vm_cpu *cpu, enum vcpu_event_kind kind, uint8_t vector)
{
    struct vcpu_event event = {.kind = kind, .vector = vector};
    if (!vcpu_inject(&cpu->vcpu, event)) {
        vm_stop(cpu->vm, VM_CRASHED, "triple fault");
    }
}

static void inject_from_pic(struct vm_cpu *cpu)
{
    uint64_t flags = lock_take(&cpu->vm->lock);
    uint8_t vector = vpic_acknowledge(&cpu->vm->platform.pic);
    lock_release(&cpu->vm->lock, flags);
    inject(cpu, VCPU_EVENT_INTERRUPT, vector);
}

static bool offer_nmi(struct vm_cpu *cpu)
{
    if (!vcpu_can_nmi(&cpu->vcpu) || vlapic_irq_take_events(&cpu->lapic, LAPIC_EVENT_NMI) == 0) {
        return false;
    }
    inject(cpu, VCPU_EVENT_NMI, 2);
    return true;
}

bool vm_interrupts_nmi_waits(const struct vm_cpu *cpu)
{
    return vlapic_irq_has_events(&cpu->lapic, LAPIC_EVENT_NMI);
}

/* For an NMI that still waits: the end of the handler before it, or of the interrupt shadow. The latter shows as an
 * interrupt window, so behind MOV SS with interrupts off the NMI waits for the next exit. */
static void ask_for_nmi_window(struct vm_cpu *cpu)
{
    bool waits = vm_interrupts_nmi_waits(cpu);
    cpu->vcpu.nmi_window = waits && cpu->vcpu.nmi_blocked;
    cpu->vcpu.window = waits && !cpu->vcpu.nmi_blocked;
}

static bool offer_from_pic(struct vm_cpu *cpu)
{
    if (!vcpu_can_interrupt(&cpu->vcpu)) {
        cpu->vcpu.window = true;
        return (cpu->vcpu.rflags & RFLAGS_IF) != 0;
    }
    inject_from_pic(cpu);
    return true;
}

/* The CPU takes the LAPIC's requests by itself. Behind a window it does not (SDM 3C 30.2.1), so the 8259's turn comes
 * first then. */
static bool offer_to_cpu(struct vm_cpu *cpu)
{
    int vector = vlapic_irq_pending(&cpu->lapic);
    bool waits = vector >= 0 && (cpu->vcpu.rflags & RFLAGS_IF) != 0;
    if (pic_waits(cpu)) {
        waits = offer_from_pic(cpu) || waits;
        cpu->vcpu.window = cpu->vcpu.window || pic_waits(cpu);
    }
    vm_apic_give(cpu, vector);
    return waits;
}

/* One at a time, by injection; a window for what is left. */
static bool offer_by_injection(struct vm_cpu *cpu)
{
    struct vcpu *vcpu = &cpu->vcpu;
    bool from_pic = pic_waits(cpu);
    int vector = vlapic_irq_pending(&cpu->lapic);
    if (!from_pic && vector < 0) {
        return false;
    }
    if (!vcpu_can_interrupt(vcpu)) {
        vcpu->window = true;
        return (vcpu->rflags & RFLAGS_IF) != 0;
    }
    if (from_pic) {
        inject_from_pic(cpu);
    } else {
        vlapic_irq_accept(&cpu->lapic, (uint8_t)vector);
        inject(cpu, VCPU_EVENT_INTERRUPT, (uint8_t)vector);
    }
    vcpu->window = vcpu->window || pic_waits(cpu) || vlapic_irq_pending(&cpu->lapic) >= 0;
    return true;
}

bool vm_interrupts_offer(struct vm_cpu *cpu)
{
    vm_apic_follow_mode(cpu);
    bool waits = cpu->vcpu.event.kind != VCPU_EVENT_NONE || offer_nmi(cpu);
    ask_for_nmi_window(cpu);
    if (vm_apic_delivers(cpu)) {
        return offer_to_cpu(cpu) || waits;
    }
    waits = offer_by_injection(cpu) || waits;
    vm_apic_set_threshold(cpu);
    return waits;
}
