/* SPDX-License-Identifier: GPL-2.0-only
 * edu's factorial (QEMU docs/specs/edu: registers 0x08 factorial, 0x20 status) as a source of interrupts. */
#include "tests/stress/msi.h"

#include "drivers/msi.h"
#include "drivers/pci_quiesce.h"
#include "drivers/pci_regs.h"
#include "kernel/core/irq.h"
#include "kernel/core/panic.h"
#include "kernel/hw/mmio.h"
#include "kernel/hw/pci_config.h"
#include "tests/selftest/edu.h"
#include "tests/stress/stress.h"
#include "vtd/unit.h"

enum {
    EDU_FACTORIAL = 0x08,
    EDU_STATUS = 0x20,
    STATUS_INTERRUPT = 0x80, /* interrupt when the factorial is done */
    FACTORIAL_OF = 12,
};

static struct {
    struct edu edu;
    uint16_t handles[CPU_MAX];
    uint64_t sent, received;
    bool running;
} load;

/* The next interrupt arrives at that CPU. */
static void aim(unsigned cpu)
{
    struct vtd_msi m = vtd_msi_compose(load.handles[cpu]);
    struct msi_message message = {.address = m.address, .data = m.data};
    enum status status = msi_program(load.edu.function, 0, &message);
    if (status == STATUS_OK) {
        status = msi_enable(load.edu.function, true);
    }
    bulkhead_assert(status == STATUS_OK);
}

static void ask(void)
{
    aim((unsigned)(load.sent % stress.options.cpus));
    __atomic_store_n(&load.sent, load.sent + 1, __ATOMIC_RELEASE);
    mmio_write32(hpa_add(load.edu.registers, EDU_FACTORIAL), FACTORIAL_OF);
}

static void arrived(void *context)
{
    (void)context;
    stress_self()->interrupts++;
    edu_acknowledge(&load.edu);
    __atomic_store_n(&load.received, load.received + 1, __ATOMIC_RELEASE);
    if (__atomic_load_n(&load.running, __ATOMIC_ACQUIRE)) {
        ask();
    }
}

static enum status make_entry(struct vtd_unit *unit, unsigned cpu)
{
    struct vtd_irte_target target = {.apic_id = percpu_at(cpu)->apic_id};
    enum status status = irq_alloc(cpu, arrived, NULL, &target.vector);
    if (status != STATUS_OK) {
        return status;
    }
    uint16_t rid = sbdf_rid(load.edu.function->at);
    return vtd_irq_alloc(unit, vtd_irte_source_function(rid), target, &load.handles[cpu]);
}

enum status msi_load_init(const struct selftest *test)
{
    enum status status = edu_open(&load.edu, &test->machine->pci);
    if (status != STATUS_OK) {
        return status;
    }
    struct sbdf at = load.edu.function->at;
    struct vtd_unit *unit = isolate_unit_of(test->isolate, test->machine, at);
    for (unsigned cpu = 0; unit != NULL && cpu < stress.options.cpus; cpu++) {
        status = make_entry(unit, cpu);
        if (status != STATUS_OK) {
            return status;
        }
    }
    pci_config_write16(at, PCI_COMMAND, pci_config_read16(at, PCI_COMMAND) | PCI_COMMAND_MEMORY);
    pci_bus_master_set(&test->machine->pci, load.edu.function, true);
    return unit != NULL ? STATUS_OK : STATUS_NOT_FOUND;
}

void msi_load_start(void)
{
    load.running = true;
    mmio_write32(hpa_add(load.edu.registers, EDU_STATUS), STATUS_INTERRUPT);
    ask();
}

void msi_load_stop(void)
{
    __atomic_store_n(&load.running, false, __ATOMIC_RELEASE);
}

uint64_t msi_load_sent(void)
{
    return __atomic_load_n(&load.sent, __ATOMIC_ACQUIRE);
}

uint64_t msi_load_received(void)
{
    return __atomic_load_n(&load.received, __ATOMIC_ACQUIRE);
}
