/* SPDX-License-Identifier: GPL-2.0-only
 * Real DMA through VT-d: what is mapped arrives, what is not changes nothing and is reported, once each. */
#include "drivers/msi.h"
#include "drivers/pci_quiesce.h"
#include "drivers/pci_regs.h"
#include "kernel/core/cmdline.h"
#include "kernel/core/image.h"
#include "kernel/core/irq.h"
#include "kernel/core/lapic.h"
#include "kernel/core/pages.h"
#include "kernel/core/percpu.h"
#include "kernel/core/posted.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/pci_config.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/string.h"
#include "tests/selftest/cases.h"
#include "tests/selftest/edu.h"
#include "vtd/remap.h"

#define WINDOW UINT64_C(0x10000000) /* where the mapped page appears to the device */
#define HALF 2048u
#define PATIENCE_US 3000000
#define SETTLE_US 20000
#define FLOOD_BURST 4
#define PATTERN 0x5a
#define SECRET 0xc3
#define UNMAPPED UINT64_C(0x7000000000) /* inside 39 bits, nobody's */

static struct {
    struct edu edu;
    struct vtd_unit *unit;
    struct vtd_domain domain;
    struct hpa page;   /* mapped at WINDOW */
    struct hpa secret; /* hypervisor memory, mapped nowhere */
    uint64_t arrived;
    unsigned arrived_cpu;
} dma;

static void fill(struct hpa at, int value, size_t bytes)
{
    memset(phys_to_virt(at), value, bytes);
}

static bool all_are(struct hpa at, uint8_t value, size_t bytes)
{
    const uint8_t *p = phys_to_virt(at);
    for (size_t i = 0; i < bytes; i++) {
        if (p[i] != value) {
            return false;
        }
    }
    return true;
}

/* Command register: decode on, and mastering through the bridges above. */
static void switch_on(const struct selftest *test)
{
    struct sbdf at = dma.edu.function->at;
    pci_config_write16(at, PCI_COMMAND, pci_config_read16(at, PCI_COMMAND) | PCI_COMMAND_MEMORY);
    pci_bus_master_set(&test->machine->pci, dma.edu.function, true);
}

static enum status prepare(const struct selftest *test)
{
    enum status status = edu_open(&dma.edu, &test->machine->pci);
    if (status != STATUS_OK) {
        return status;
    }
    dma.unit = isolate_unit_of(test->isolate, test->machine, dma.edu.function->at);
    SELFTEST_CHECK(dma.unit != NULL);
    SELFTEST_CHECK(pages_alloc(&dma.page) == STATUS_OK);
    SELFTEST_CHECK(pages_alloc(&dma.secret) == STATUS_OK);
    fill(dma.secret, SECRET, PAGE_SIZE);
    SELFTEST_CHECK(vtd_domain_create(&test->isolate->vtd, &dma.domain) == STATUS_OK);
    SELFTEST_CHECK(vtd_domain_map(&dma.domain, iova(WINDOW), dma.page, PAGE_SIZE, RADIX_READ | RADIX_WRITE) ==
                   STATUS_OK);
    SELFTEST_CHECK(vtd_attach(dma.unit, sbdf_rid(dma.edu.function->at), &dma.domain) == STATUS_OK);
    switch_on(test);
    return STATUS_OK;
}

/* The lower half goes into the device and comes back in the upper half. */
enum status selftest_dma_translated(const struct selftest *test)
{
    enum status status = prepare(test);
    if (status == STATUS_NOT_FOUND) {
        log_info("selftest: no edu device (QEMU: -device edu,dma_mask=0xffffffffffffffff): DMA is not tested");
        return STATUS_OK;
    }
    SELFTEST_CHECK(status == STATUS_OK);
    fill(dma.page, PATTERN, HALF);
    SELFTEST_CHECK(edu_read_memory(&dma.edu, WINDOW, HALF) == STATUS_OK);
    SELFTEST_CHECK(edu_write_memory(&dma.edu, WINDOW + HALF, HALF) == STATUS_OK);
    SELFTEST_CHECK(all_are(dma.page, PATTERN, PAGE_SIZE));
    log_info("selftest: dma sid=%u bytes=%u arrived translated: 0x%llx is 0x%llx", sbdf_rid(dma.edu.function->at), HALF,
             (unsigned long long)WINDOW, (unsigned long long)dma.page.v);
    return STATUS_OK;
}

/* Wait for one more fault record than `before`; the fault interrupt counts them. */
static bool fault_came(const struct selftest *test, uint64_t before)
{
    struct deadline deadline = deadline_in_us(PATIENCE_US);
    while (__atomic_load_n(&test->isolate->watch.count, __ATOMIC_RELAXED) == before) {
        if (deadline_passed(deadline)) {
            return false;
        }
        cpu_pause();
    }
    return true;
}

static enum status write_is_blocked(const struct selftest *test, uint64_t target)
{
    uint64_t before = test->isolate->watch.count;
    SELFTEST_CHECK(edu_write_memory(&dma.edu, target, 64) == STATUS_OK);
    SELFTEST_CHECK(fault_came(test, before));
    return STATUS_OK;
}

/* What the device holds after a blocked read must not be what the target holds. */
static enum status read_is_blocked(const struct selftest *test, uint64_t target)
{
    fill(dma.page, PATTERN, HALF);
    SELFTEST_CHECK(edu_read_memory(&dma.edu, WINDOW, HALF) == STATUS_OK);
    uint64_t before = test->isolate->watch.count;
    SELFTEST_CHECK(edu_read_memory(&dma.edu, target, 64) == STATUS_OK);
    SELFTEST_CHECK(fault_came(test, before));
    SELFTEST_CHECK(edu_write_memory(&dma.edu, WINDOW + HALF, 64) == STATUS_OK);
    SELFTEST_CHECK(memcmp((uint8_t *)phys_to_virt(dma.page) + HALF, phys_to_virt(dma.secret), 64) != 0);
    return STATUS_OK;
}

enum status selftest_dma_blocked(const struct selftest *test)
{
    if (dma.unit == NULL) {
        return STATUS_OK;
    }
    const uint64_t targets[] = {dma.secret.v, (uint64_t)image_start, dma.unit->base.v, UNMAPPED, WINDOW + PAGE_SIZE};
    uint64_t image_word = *(const uint64_t *)phys_to_virt(hpa((uint64_t)image_start));
    uint64_t root = mmio_read64(hpa_add(dma.unit->base, VTD_RTADDR));
    for (size_t i = 0; i < ARRAY_LENGTH(targets); i++) {
        enum status status = write_is_blocked(test, targets[i]);
        status = status == STATUS_OK ? read_is_blocked(test, targets[i]) : status;
        if (status != STATUS_OK) {
            return status;
        }
    }
    SELFTEST_CHECK(all_are(dma.secret, SECRET, PAGE_SIZE));
    SELFTEST_CHECK(*(const uint64_t *)phys_to_virt(hpa((uint64_t)image_start)) == image_word);
    SELFTEST_CHECK(mmio_read64(hpa_add(dma.unit->base, VTD_RTADDR)) == root);
    log_info("selftest: dma targets=%zu accesses=%zu blocked, nothing changed", ARRAY_LENGTH(targets),
             2 * ARRAY_LENGTH(targets));
    return STATUS_OK;
}

static void arrived(void *context)
{
    (void)context;
    dma.arrived_cpu = cpu_index();
    __atomic_fetch_add(&dma.arrived, 1, __ATOMIC_RELEASE);
}

static bool interrupt_came(uint64_t before)
{
    struct deadline deadline = deadline_in_us(PATIENCE_US);
    while (__atomic_load_n(&dma.arrived, __ATOMIC_ACQUIRE) == before) {
        if (deadline_passed(deadline)) {
            return false;
        }
        cpu_pause();
    }
    return true;
}

/* The device's MSI to a vector of that CPU, which is chosen here, through an entry of the table. */
static enum status connect_msi(unsigned cpu, struct vtd_irte_target *target, uint16_t *handle)
{
    SELFTEST_CHECK(irq_alloc(cpu, arrived, NULL, &target->vector) == STATUS_OK);
    SELFTEST_CHECK(vtd_irq_alloc(dma.unit, vtd_irte_source_function(sbdf_rid(dma.edu.function->at)), *target, handle) ==
                   STATUS_OK);
    struct vtd_msi m = vtd_msi_compose(*handle);
    struct msi_message message = {.address = m.address, .data = m.data};
    SELFTEST_CHECK(msi_program(dma.edu.function, 0, &message) == STATUS_OK);
    SELFTEST_CHECK(msi_enable(dma.edu.function, true) == STATUS_OK);
    return STATUS_OK;
}

/* An MSI whose message names an entry of the table arrives on the CPU that the entry names; after the entry is given
 * back it arrives nowhere. */
enum status selftest_irq_msi(const struct selftest *test)
{
    (void)test;
    if (dma.unit == NULL) {
        return STATUS_OK;
    }
    unsigned cpu = cpu_count() - 1;
    struct vtd_irte_target target = {.apic_id = percpu_at(cpu)->apic_id};
    uint16_t handle = 0;
    SELFTEST_CHECK(connect_msi(cpu, &target, &handle) == STATUS_OK);
    uint64_t before = dma.arrived;
    edu_raise(&dma.edu, 1);
    SELFTEST_CHECK(interrupt_came(before));
    SELFTEST_CHECK(dma.arrived_cpu == cpu);
    edu_acknowledge(&dma.edu);
    log_info("selftest: msi handle=%u arrived remapped on cpu=%u vector=0x%x", handle, cpu, target.vector);

    SELFTEST_CHECK(vtd_irq_free(dma.unit, handle, 1) == STATUS_OK);
    before = dma.arrived;
    edu_raise(&dma.edu, 1);
    time_wait_us(SETTLE_US);
    SELFTEST_CHECK(dma.arrived == before);
    edu_acknowledge(&dma.edu);
    irq_free(cpu, target.vector);
    return msi_enable(dma.edu.function, false);
}

/* The vector comes into the descriptor, and a notification to the CPU that it names: once, until it is taken, and not
 * while it is suppressed. */
static enum status post_twice(struct posted_descriptor *d, uint8_t vector)
{
    uint32_t taken[8];
    uint64_t before = dma.arrived;
    edu_raise(&dma.edu, 1);
    SELFTEST_CHECK(interrupt_came(before));
    SELFTEST_CHECK(dma.arrived_cpu == cpu_count() - 1 && posted_is_outstanding(d));
    edu_acknowledge(&dma.edu);
    edu_raise(&dma.edu, 1);
    time_wait_us(SETTLE_US);
    SELFTEST_CHECK(dma.arrived == before + 1);
    SELFTEST_CHECK(posted_take(d, taken) && taken[vector / 32] == BIT32(vector % 32) && !posted_is_pending(d));
    edu_acknowledge(&dma.edu);
    posted_set_suppressed(d, true);
    edu_raise(&dma.edu, 1);
    time_wait_us(SETTLE_US);
    SELFTEST_CHECK(dma.arrived == before + 1 && posted_is_pending(d) && !posted_is_outstanding(d));
    edu_acknowledge(&dma.edu);
    posted_set_suppressed(d, false);
    SELFTEST_CHECK(posted_take(d, taken));
    return STATUS_OK;
}

#define GUESTS_VECTOR 0x61 /* means nothing to the host */

/* Units that post: an entry goes from remapped to posted format and back, and what is freed posts no more. */
enum status selftest_irq_posted(const struct selftest *test)
{
    (void)test;
    if (dma.unit == NULL || !vtd_unit_posts(dma.unit)) {
        return STATUS_OK;
    }
    static struct posted_descriptor d;
    unsigned cpu = cpu_count() - 1;
    struct vtd_irte_target target = {.apic_id = percpu_at(cpu)->apic_id};
    uint16_t handle = 0;
    SELFTEST_CHECK(connect_msi(cpu, &target, &handle) == STATUS_OK);
    posted_init(&d, target.vector, target.apic_id, lapic_is_x2apic());
    struct vtd_irte_posted to = {.vector = GUESTS_VECTOR, .descriptor = virt_to_phys(&d)};
    SELFTEST_CHECK(vtd_irq_post(dma.unit, handle, to) == STATUS_OK);
    SELFTEST_CHECK(post_twice(&d, GUESTS_VECTOR) == STATUS_OK);
    SELFTEST_CHECK(vtd_irq_update(dma.unit, handle, target) == STATUS_OK);
    uint64_t before = dma.arrived;
    edu_raise(&dma.edu, 1);
    SELFTEST_CHECK(interrupt_came(before) && !posted_is_pending(&d));
    edu_acknowledge(&dma.edu);
    SELFTEST_CHECK(vtd_irq_post(dma.unit, handle, to) == STATUS_OK);
    SELFTEST_CHECK(vtd_irq_free(dma.unit, handle, 1) == STATUS_OK);
    edu_raise(&dma.edu, 1);
    time_wait_us(SETTLE_US);
    SELFTEST_CHECK(dma.arrived == before + 1 && !posted_is_pending(&d));
    edu_acknowledge(&dma.edu);
    irq_free(cpu, target.vector);
    log_info("selftest: posted handle=%u vector=0x%x notified cpu=%u", handle, GUESTS_VECTOR, cpu);
    return msi_enable(dma.edu.function, false);
}

/* A DMA write into the interrupt addresses is an interrupt request. */
static enum status forge(uint64_t address, uint32_t data)
{
    *(uint32_t *)phys_to_virt(dma.page) = data;
    SELFTEST_CHECK(edu_read_memory(&dma.edu, WINDOW, 4) == STATUS_OK);
    return edu_write_memory(&dma.edu, address, 4);
}

#define NOBODYS_VECTOR 0xe0

/* What is not the device's own is dropped: a handle that nobody has, one beyond the table, one whose entry is another
 * function's, a request with reserved bits, and the compatibility format. QEMU 7.2 delivers the last, and does not ask
 * whose entry it is when a DMA write names it: so both name a vector that nobody owns, and what came there is told. */
enum status selftest_irq_forged(const struct selftest *test)
{
    (void)test;
    if (dma.unit == NULL) {
        return STATUS_OK;
    }
    SELFTEST_CHECK((mmio_read32(hpa_add(dma.unit->base, VTD_GSTS)) & VTD_GCMD_CFI) == 0);
    struct vtd_irte_source other = vtd_irte_source_function((uint16_t)(sbdf_rid(dma.edu.function->at) + 1));
    struct vtd_irte_target target = {.vector = NOBODYS_VECTOR, .apic_id = percpu_self()->apic_id};
    uint64_t before = dma.arrived, spurious = irq_spurious_count();
    uint16_t handle = 0;
    SELFTEST_CHECK(vtd_irq_alloc(dma.unit, other, target, &handle) == STATUS_OK);
    fill(dma.page, 0, HALF);
    SELFTEST_CHECK(forge(UINT64_C(0xfee00010) | 0x123u << 5, 0) == STATUS_OK);
    SELFTEST_CHECK(forge(UINT64_C(0xfee00010) | VTD_REMAP_ENTRIES << 5, 0) == STATUS_OK);
    SELFTEST_CHECK(forge(vtd_msi_compose(handle).address, 0) == STATUS_OK);
    SELFTEST_CHECK(forge(vtd_msi_compose_block(handle).address, 0x10000) == STATUS_OK);
    SELFTEST_CHECK(forge(UINT64_C(0xfee00000), NOBODYS_VECTOR) == STATUS_OK); /* fixed */
    time_wait_us(SETTLE_US);
    SELFTEST_CHECK(dma.arrived == before);
    SELFTEST_CHECK(vtd_irq_free(dma.unit, handle, 1) == STATUS_OK);
    log_info("selftest: forged interrupts reached no handler, cfis=0 spurious=%llu",
             (unsigned long long)(irq_spurious_count() - spurious));
    return STATUS_OK;
}

/* flood=N on the command line: N writes to where nothing is mapped, faster than faults can be read. Afterwards the
 * unit still translates, and faults are heard again. */
enum status selftest_dma_flood(const struct selftest *test)
{
    uint64_t times = 0;
    if (dma.unit == NULL || !cmdline_number(test->cmdline, "flood", &times)) {
        return STATUS_OK;
    }
    fill(dma.page, PATTERN, PAGE_SIZE);
    uint64_t before = test->isolate->watch.count;
    uint64_t started = time_now_ns();
    SELFTEST_CHECK(edu_flood(&dma.edu, UNMAPPED, times, FLOOD_BURST) == STATUS_OK);
    uint64_t us = (time_now_ns() - started) / 1000;
    time_wait_us(SETTLE_US);
    isolate_drain_faults(test->isolate);
    log_info("selftest: flood accesses=%llu us=%llu faults-read=%llu", (unsigned long long)times,
             (unsigned long long)us, (unsigned long long)(test->isolate->watch.count - before));
    SELFTEST_CHECK(edu_read_memory(&dma.edu, WINDOW, HALF) == STATUS_OK);
    SELFTEST_CHECK(edu_write_memory(&dma.edu, WINDOW + HALF, HALF) == STATUS_OK);
    SELFTEST_CHECK(all_are(dma.page, PATTERN, PAGE_SIZE));
    return write_is_blocked(test, dma.secret.v);
}

/* Withdrawn: what was mapped faults like everything else. */
enum status selftest_dma_withdrawn(const struct selftest *test)
{
    if (dma.unit == NULL) {
        return STATUS_OK;
    }
    fill(dma.page, PATTERN, PAGE_SIZE);
    SELFTEST_CHECK(edu_read_memory(&dma.edu, WINDOW, 64) == STATUS_OK);
    fill(dma.page, SECRET, PAGE_SIZE);
    SELFTEST_CHECK(vtd_domain_unmap(&dma.domain, iova(WINDOW), PAGE_SIZE) == STATUS_OK);
    enum status status = write_is_blocked(test, WINDOW);
    SELFTEST_CHECK(status == STATUS_OK);
    SELFTEST_CHECK(all_are(dma.page, SECRET, PAGE_SIZE));
    pci_bus_master_set(&test->machine->pci, dma.edu.function, false);
    SELFTEST_CHECK(vtd_detach(dma.unit, sbdf_rid(dma.edu.function->at), &dma.domain) == STATUS_OK);
    SELFTEST_CHECK(vtd_domain_destroy(&dma.domain) == STATUS_OK);
    return STATUS_OK;
}
