/* SPDX-License-Identifier: GPL-2.0-only
 * Starting application processors. */
#include "kernel/core/ap_start.h"

#include "kernel/core/cpu_setup.h"
#include "kernel/core/gdt.h"
#include "kernel/core/idt.h"
#include "kernel/core/lapic.h"
#include "kernel/core/log.h"
#include "kernel/core/pages.h"
#include "kernel/core/paging.h"
#include "kernel/core/percpu.h"
#include "kernel/core/radix.h"
#include "kernel/core/smp.h"
#include "kernel/core/stack.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define LOW_MEMORY_END UINT64_C(0xa0000)
#define INIT_WAIT_US 10000
#define SIPI_WAIT_US 200
#define ANSWER_WAIT_US 1000000

extern const char ap_trampoline_start[], ap_trampoline_end[], ap_trampoline_cr3[], ap_trampoline_gdt_base[], ap_gdt[];

/* Taken by the CPU that starts, in ap_trampoline.S. */
uint64_t ap_stack_token;
_Noreturn void ap_main(void);

static struct {
    uint64_t page;   /* of the trampoline, below 640 KiB */
    struct hpa root; /* copy of our root table, below 4 GiB: 32-bit code loads it */
    unsigned index;  /* of the CPU being started */
    uint32_t apic_id;
    uint64_t tsc; /* of the CPU that starts, when it came */
} start;

enum status ap_start_reserve(struct memory_map *map)
{
    for (size_t i = map->count; i-- > 0;) {
        const struct memory_range *r = &map->ranges[i];
        uint64_t end = align_down(r->end < LOW_MEMORY_END ? r->end : LOW_MEMORY_END, PAGE_SIZE);
        if (r->kind == MEMORY_RAM && end >= 2 * PAGE_SIZE && end - PAGE_SIZE >= r->start) {
            start.page = end - PAGE_SIZE;
            return memory_map_add(map, start.page, PAGE_SIZE, MEMORY_HYPERVISOR);
        }
    }
    log_error("smp: firmware left no page of RAM below 640 KiB, which other CPUs need to start");
    return STATUS_NOT_FOUND;
}

static void patch(const char *field, uint32_t value)
{
    memcpy((char *)phys_to_virt(hpa(start.page)) + (field - ap_trampoline_start), &value, sizeof(value));
}

/* Write the code, then make it executable: never both at once. */
static enum status install_trampoline(void)
{
    enum status status = pages_alloc_block(PAGE_SIZE, PAGE_SIZE, 4 * GIB, &start.root);
    if (status != STATUS_OK) {
        return status;
    }
    memcpy(phys_to_virt(start.root), phys_to_virt(paging_root()), PAGE_SIZE);
    memcpy(phys_to_virt(hpa(start.page)), ap_trampoline_start, (size_t)(ap_trampoline_end - ap_trampoline_start));
    patch(ap_trampoline_cr3, (uint32_t)start.root.v);
    patch(ap_trampoline_gdt_base, (uint32_t)(start.page + (uint64_t)(ap_gdt - ap_trampoline_start)));
    return paging_protect(start.page, PAGE_SIZE, RADIX_READ | RADIX_EXECUTE);
}

static enum status remove_trampoline(void)
{
    pages_free(start.root, PAGE_SIZE);
    return paging_protect(start.page, PAGE_SIZE, RADIX_READ | RADIX_WRITE);
}

_Noreturn void ap_main(void)
{
    start.tsc = cpu_tsc();
    gdt_load(start.index);
    percpu_init(start.index, start.apic_id);
    idt_load();
    if (cpu_setup() != STATUS_OK) {
        cpu_stop(); /* an unlike CPU: the starter reports the time-out */
    }
    paging_load();
    lapic_init_this_cpu();
    percpu_set_online();
    smp_idle();
}

static bool is_online(unsigned index)
{
    return __atomic_load_n(&percpu_at(index)->online, __ATOMIC_ACQUIRE);
}

static bool wait_online(unsigned index, uint64_t us)
{
    struct deadline end = deadline_in_us(us);
    while (!is_online(index)) {
        if (deadline_passed(end)) {
            return is_online(index);
        }
        cpu_pause();
    }
    return true;
}

/* INIT, SIPI, and a second SIPI for CPUs that missed the first. */
static bool wake(unsigned index, uint32_t apic_id)
{
    lapic_send_init(apic_id);
    time_wait_us(INIT_WAIT_US);
    lapic_send_startup(apic_id, (uint32_t)start.page);
    if (wait_online(index, SIPI_WAIT_US)) {
        return true;
    }
    lapic_send_startup(apic_id, (uint32_t)start.page);
    return wait_online(index, ANSWER_WAIT_US);
}

static enum status start_one(unsigned index, uint32_t apic_id)
{
    enum status status = stack_init(index);
    if (status != STATUS_OK) {
        log_error("smp: no memory for the stacks of the CPU with APIC id %u", apic_id);
        return status;
    }
    start.index = index;
    start.apic_id = apic_id;
    uint64_t before = cpu_tsc();
    __atomic_store_n(&ap_stack_token, (uint64_t)stack_top(index), __ATOMIC_RELEASE);
    if (!wake(index, apic_id)) {
        bool never_came = __atomic_exchange_n(&ap_stack_token, 0, __ATOMIC_ACQ_REL) != 0;
        lapic_send_init(apic_id); /* back to waiting for a SIPI: it must not wake up later */
        log_error("smp: the CPU with APIC id %u %s within 1 s; start with max-cpus=%u to do without it", apic_id,
                  never_came ? "did not answer" : "started but did not come up", index);
        return STATUS_TIMEOUT;
    }
    uint64_t after = cpu_tsc();
    if (start.tsc < before || start.tsc > after) {
        log_warn("smp: the TSC of CPU %u differs from the boot CPU's by more than a start takes", index);
    }
    return STATUS_OK;
}

static enum status start_list(const uint32_t *apic_ids, size_t count)
{
    unsigned index = 1;
    for (size_t i = 0; i < count; i++) {
        if (apic_ids[i] == percpu_self()->apic_id) {
            continue;
        }
        enum status status = start_one(index, apic_ids[i]);
        if (status != STATUS_OK) {
            return status;
        }
        index++;
    }
    return STATUS_OK;
}

enum status ap_start_all(const uint32_t *apic_ids, size_t count)
{
    if (count > CPU_MAX) {
        log_error("smp: this machine has %zu CPUs, Bulkhead drives at most %u; start with max-cpus=%u", count, CPU_MAX,
                  CPU_MAX);
        return STATUS_OUT_OF_RANGE;
    }
    if (count <= 1) {
        return STATUS_OK;
    }
    enum status status = install_trampoline();
    if (status != STATUS_OK) {
        return status;
    }
    status = start_list(apic_ids, count);
    enum status removed = remove_trampoline();
    return status != STATUS_OK ? status : removed;
}
