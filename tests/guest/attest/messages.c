/* SPDX-License-Identifier: GPL-2.0-only
 * Forged messages (SDM 3A 11.11; VT-d 4.1 5.1.2.2): none may become an interrupt here or a write anywhere; one to this
 * guest's own CPU works before and after, so that silence in between means something. */
#include "tests/guest/attest/messages.h"

#include "guest/memory.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/mmio.h"
#include "kernel/lib/bits.h"
#include "tests/guest/attest/attest.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"

#define CAPABILITY_MSI 5u
#define CAPABILITY_MSIX 0x11u
#define GOOD 0x51u
#define MESSAGE 0xfee00000u
#define SETTLE_US 2000u
#define WAIT_US 200000u
#define WORDS 1024u
#define MARK 0x5eed5eedu

static volatile uint32_t page[WORDS] __attribute__((aligned(4096)));
static volatile uint32_t good;

static void on_good(struct trap_frame *frame)
{
    (void)frame;
    good++;
    apic_eoi();
}

/* Where a function's message is kept. */
struct registers {
    unsigned msi, msix; /* capabilities, 0: none */
    uint64_t table;     /* entry 0 of the MSI-X table */
};

static struct registers find(const struct config_function *f)
{
    struct registers r = {0};
    unsigned at = config_read(CONFIG_PORTS, f->devfn, 0x34, 1) & 0xfc;
    for (unsigned i = 0; i < 48 && at >= 0x40; i++) {
        uint32_t header = config_read(CONFIG_PORTS, f->devfn, at, 4);
        r.msi = (header & 0xff) == CAPABILITY_MSI ? at : r.msi;
        r.msix = (header & 0xff) == CAPABILITY_MSIX ? at : r.msix;
        at = header >> 8 & 0xfc;
    }
    if (r.msix != 0) {
        uint32_t where = config_read(CONFIG_PORTS, f->devfn, r.msix + 4, 4);
        r.table = (where & 7) < CONFIG_BARS ? config_bar(f, where & 7) + (where & ~7u) : 0;
    }
    return r;
}

static void set_msi(const struct config_function *f, unsigned at, uint32_t address, uint32_t data)
{
    uint32_t header = config_read(CONFIG_PORTS, f->devfn, at, 4) & ~BIT32(16);
    bool wide = (header & BIT32(23)) != 0;
    config_write(CONFIG_PORTS, f->devfn, at, 4, header);
    config_write(CONFIG_PORTS, f->devfn, at + 4, 4, address);
    if (wide) {
        config_write(CONFIG_PORTS, f->devfn, at + 8, 4, 0);
    }
    config_write(CONFIG_PORTS, f->devfn, at + (wide ? 12 : 8), 2, data);
    config_write(CONFIG_PORTS, f->devfn, at, 4, header | BIT32(16));
}

static void set_msix(const struct config_function *f, const struct registers *r, uint32_t address, uint32_t data)
{
    config_write(CONFIG_PORTS, f->devfn, r->msix + 2, 2, 0x8000);
    mmio_write32(hpa(r->table + 12), 1);
    mmio_write32(hpa(r->table), address);
    mmio_write32(hpa(r->table + 4), 0);
    mmio_write32(hpa(r->table + 8), data);
    mmio_write32(hpa(r->table + 12), 0);
}

/* MSI where there is both: what a cause's entry of MSI-X is differs from device to device. */
static void set(const struct config_function *f, const struct registers *r, uint32_t address, uint32_t data)
{
    if (r->msi != 0) {
        set_msi(f, r->msi, address, data);
    } else {
        set_msix(f, r, address, data);
    }
}

static void off(const struct config_function *f, const struct registers *r)
{
    if (r->msi != 0) {
        config_write(CONFIG_PORTS, f->devfn, r->msi, 4, config_read(CONFIG_PORTS, f->devfn, r->msi, 4) & ~BIT32(16));
    } else {
        config_write(CONFIG_PORTS, f->devfn, r->msix + 2, 2, 0);
    }
}

static void raise(const struct driver *driver, uint64_t us)
{
    cpu_irq_enable();
    if (driver != NULL) {
        driver->raise();
    }
    machine_wait_us(us);
    cpu_irq_disable();
    if (driver != NULL) {
        driver->acknowledge();
    }
}

static unsigned changed_words(void)
{
    unsigned changed = 0;
    for (unsigned i = 0; i < WORDS; i++) {
        changed += page[i] != MARK;
    }
    return changed;
}

struct forged {
    uint32_t address, data;
    const char *what;
};

static void attempt(struct attest_tally *t, const struct config_function *f, const struct registers *r,
                    const struct driver *driver, const struct forged *m)
{
    uint32_t before = attest_interrupts_stray() + good;
    set(f, r, m->address, m->data);
    raise(driver, SETTLE_US);
    bool quiet = attest_interrupts_stray() + good == before && changed_words() == 0;
    ATTEST_JUDGE(t, quiet, "message 0x%x data 0x%x (%s) did something", m->address, m->data, m->what);
}

/* A device may look at which interrupts it has when it is set up alone. */
static bool arrives(const struct config_function *f, const struct registers *r, const struct driver *driver)
{
    good = 0;
    set(f, r, MESSAGE | apic_id() << 12, GOOD);
    if (driver != NULL && !driver->start(f)) {
        return false;
    }
    raise(driver, SETTLE_US);
    for (unsigned i = 0; i < 20 && good == 0; i++) {
        raise(NULL, WAIT_US / 20);
    }
    return good > 0;
}

static void by_registers(const struct config_function *f, const struct driver *driver, const struct registers *r)
{
    const struct forged list[] = {
        {(uint32_t)(uintptr_t)page, 0x1234, "over this guest's RAM"},
        {(uint32_t)(uintptr_t)page + 64, GOOD, "over RAM, with a vector of ours"},
        {0, GOOD, "at address 0"},
        {GUEST_IOAPIC_START, 0x10, "over the I/O APIC"},
        {GUEST_ECAM_START, 0xffff, "over the ECAM"},
        {0xfed90000, 0xffff, "where a remapping unit may be"},
        {0xfef00000, GOOD, "behind the interrupt addresses"},
        {MESSAGE, 0x05, "with a vector that is an exception"},
        {MESSAGE, 0x0200 | GOOD, "as an SMI"},
        {MESSAGE, 0x0300 | GOOD, "of the reserved kind"},
        {0xfeeab000, GOOD, "to a CPU that this guest does not have"},
        {0xfee00018, 0, "in the format of remapping, entry 0"},
    };
    struct attest_tally t = attest_begin("msi", f->devfn, 0, 0);
    bool before = arrives(f, r, driver);
    for (size_t i = 0; i < ARRAY_LENGTH(list); i++) {
        attempt(&t, f, r, driver, &list[i]);
    }
    bool after = arrives(f, r, driver);
    off(f, r);
    attest_end(&t);
    if (!before || !after) {
        attest_not_attempted(f->devfn, "msi-sent",
                             "nobody could make the device send a message: its registers were "
                             "written, no more");
    }
}

/* By DMA, each with a vector of its own: to CPU 0, to all; then as a unit reads them: the first entry, reserved bits,
 * beyond the table. */
static void by_dma(const struct config_function *f, const struct driver *driver)
{
    static const struct forged list[] = {
        {0xfee00000, 0x4081, "level"},        {0xfee00000, 0x82, "to CPU 0"}, {0xfee01000, 0x83, "to CPU 1"},
        {0xfeeff00c, 0x84, "to all"},         {0xfee00010, 0, "entry 0"},     {0xfee00018, 0x10085, "reserved"},
        {0xfee20010, 0x86, "beyond the end"},
    };
    struct attest_tally t = attest_begin("message-dma", f->devfn, 0, 0);
    for (size_t i = 0; i < ARRAY_LENGTH(list); i++) {
        uint32_t before = attest_interrupts_stray() + good;
        cpu_irq_enable();
        enum driver_result result = driver->message(list[i].address, list[i].data);
        cpu_irq_disable();
        say("ATTEST message device=00:%02x.%x address=0x%x data=0x%x result=%s", f->devfn >> 3, f->devfn & 7,
            list[i].address, list[i].data, result == DRIVER_DONE ? "done" : "silent");
        ATTEST_JUDGE(&t, attest_interrupts_stray() + good == before, "message 0x%x data 0x%x (%s) arrived here",
                     list[i].address, list[i].data, list[i].what);
    }
    attest_end(&t);
}

void attest_messages(const struct config_function *f, const struct driver *driver)
{
    struct registers r = find(f);
    trap_handle(GOOD, on_good);
    for (unsigned i = 0; i < WORDS; i++) {
        page[i] = MARK;
    }
    if (r.msi != 0 || (r.msix != 0 && r.table != 0)) {
        by_registers(f, driver, &r);
    } else {
        attest_not_attempted(f->devfn, "msi", "it has neither MSI nor MSI-X");
    }
    if (driver != NULL && driver->message != NULL) {
        by_dma(f, driver);
    } else {
        attest_not_attempted(f->devfn, "message-dma",
                             "no command of it that the attacker knows writes just 4 bytes, as a message is");
    }
    attest_interrupts_init();
}
