/* SPDX-License-Identifier: GPL-2.0-only
 * MSI address and data as a guest should not write them: the device is made to interrupt after each, and neither memory
 * nor any vector of this CPU may notice. Only an edu can be told to interrupt. */
#include "guest/memory.h"
#include "kernel/hw/cpu.h"
#include "tests/guest/config/config.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/edu.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"

#define EDU_ID 0x11e81234u
#define MEMORY_AND_MASTER 6u
#define FIRST 0x40
#define GOOD 0x61
#define SETTLE_US 20000
#define WAIT_US 500000
#define MARK 0x77777777u
#define WORDS 1024

static volatile uint32_t page[WORDS] __attribute__((aligned(4096)));
static volatile uint32_t stray, wanted;

static void on_any(struct trap_frame *frame)
{
    stray += frame->vector != GOOD;
    wanted += frame->vector == GOOD;
    apic_eoi();
}

static void raise(const struct edu *edu)
{
    cpu_irq_enable();
    edu_raise(edu);
    machine_wait_us(SETTLE_US);
    cpu_irq_disable();
    edu_acknowledge(edu);
}

static unsigned changed_words(void)
{
    unsigned changed = 0;
    for (unsigned i = 0; i < WORDS; i++) {
        changed += page[i] != MARK;
    }
    return changed;
}

static void attack(const struct edu *edu, uint32_t address, uint16_t data, const char *what)
{
    stray = wanted = 0;
    (void)edu_msi(edu, true, address, data);
    raise(edu);
    check(stray == 0 && wanted == 0 && changed_words() == 0, "MSI %s (address 0x%x, data 0x%x): nothing happens", what,
          address, data);
}

static void attacks(const struct edu *edu)
{
    attack(edu, (uint32_t)(uintptr_t)page, 0x1234, "over this guest's RAM");
    attack(edu, (uint32_t)(uintptr_t)page + 64, GOOD, "over RAM, with a vector of ours");
    attack(edu, 0, GOOD, "at address 0");
    attack(edu, (uint32_t)edu->base, 1, "over its own BAR");
    attack(edu, GUEST_IOAPIC_START, 0x10, "over the I/O APIC");
    attack(edu, GUEST_ECAM_START, 0xffff, "over the ECAM");
    attack(edu, 0xfed90000, 0xffff, "where a remapping unit may be");
    attack(edu, 0xfef00000, GOOD, "behind the interrupt addresses");
    attack(edu, 0xfee00000, 0x05, "with a vector that is an exception");
    attack(edu, 0xfee00000, 0x0200 | GOOD, "as an SMI");
    attack(edu, 0xfee00000, 0x0300 | GOOD, "of the reserved kind");
    attack(edu, 0xfeeab000, GOOD, "to a CPU that this guest does not have");
    attack(edu, 0xfee00018, 0, "in the format of remapping, entry 0");
}

/* Without a remapping unit of its own a guest's bit 4 means nothing: at most its own CPU gets the vector. */
static void own_format(const struct edu *edu)
{
    stray = wanted = 0;
    (void)edu_msi(edu, true, 0xfee00010 | apic_id() << 12, GOOD);
    raise(edu);
    check(stray == 0 && wanted <= 1 && changed_words() == 0,
          "MSI in the machine's own format names no entry of the machine: a vector of this CPU at most");
}

/* A way that is open before and after, so that silence in between means something. */
static void works(const struct edu *edu, const char *when)
{
    stray = wanted = 0;
    (void)edu_msi(edu, true, 0xfee00000 | apic_id() << 12, GOOD);
    cpu_irq_enable();
    edu_raise(edu);
    (void)machine_wait_for(&wanted, 1, WAIT_US);
    machine_wait_us(SETTLE_US);
    cpu_irq_disable();
    edu_acknowledge(edu);
    check(wanted == 1 && stray == 0, "%s all that a message to this CPU arrives", when);
    (void)edu_msi(edu, false, 0, 0);
}

void config_messages(const struct config_guest *guest)
{
    for (unsigned vector = FIRST; vector < 0x100; vector++) {
        trap_handle((uint8_t)vector, on_any);
    }
    for (unsigned i = 0; i < WORDS; i++) {
        page[i] = MARK;
    }
    for (unsigned i = 0; i < guest->count; i++) {
        const struct config_function *f = &guest->functions[i];
        if (f->id == EDU_ID && (f->devfn & 7) == 0) {
            struct edu edu = {.base = f->at[0], .device = f->devfn >> 3};
            say("CONFIG: messages of 00:%02x.0", f->devfn >> 3);
            config_write(CONFIG_PORTS, f->devfn, 4, 2, MEMORY_AND_MASTER);
            works(&edu, "before");
            attacks(&edu);
            own_format(&edu);
            works(&edu, "after");
        }
    }
}
