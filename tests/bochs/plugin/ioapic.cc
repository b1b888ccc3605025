/* SPDX-License-Identifier: GPL-2.0-only
 * The model of the I/O APIC behind Bochs' register window, lines and EOIs. */
#include "tests/bochs/plugin/ioapic.hh"

#include <string.h>

#include "tests/bochs/plugin/bochs_api.hh"
#include "tests/bochs/plugin/ending.hh"
#include "tests/bochs/plugin/interrupts.hh"
#include "tests/bochs/plugin/libraries.hh"
#include "tests/bochs/plugin/log.hh"
#include "tests/bochs/plugin/model.hh"
#include "tests/bochs/plugin/options.hh"

#define BASE UINT64_C(0xfec00000)
#define WINDOW_SELECT 0x00
#define WINDOW_DATA 0x10
#define PIN_OF_TIMER 2 /* ISA line 0 is wired to it */

class remapping_ioapic : public bx_ioapic_stub_c
{
  public:
    struct ioapic_model model;
    bool enabled;
    uint8_t id;

    explicit remapping_ioapic(uint8_t its_id) : enabled(true), id(its_id)
    {
        put("bulkhead_ioapic", "BHIOA");
    }
    virtual void set_enabled(bool on, uint16_t offset)
    {
        enabled = on;
        if (on && offset != 0) {
            log_error("I/O APIC moved by 0x%x, which the plugin does not follow", offset);
        }
    }
    virtual void receive_eoi(uint8_t vector)
    {
        ioapic_model_eoi(&model, vector);
    }
    virtual void set_irq_level(uint8_t line, bool asserted)
    {
        ioapic_model_line(&model, line == 0 ? PIN_OF_TIMER : line, asserted);
    }
};

static struct {
    remapping_ioapic *own;
} ioapic;

/* The EOI that a local APIC tells everybody names its own vector: an entry that holds another never hears of its end
 * (VT-d 4.1 5.1.5.1). Remapped to an edge, as Linux does, the end is told through the EOI register. */
static void check_level(const struct ioapic_model_message *m, const struct vtd_model_message *delivered)
{
    if (m->level && delivered->level && delivered->vector != m->vector) {
        log_error("I/O APIC pin %u: level-triggered with vector 0x%x remapped to 0x%x: no EOI will reach it", m->pin,
                  m->vector, delivered->vector);
    }
}

static void send(void *, const struct ioapic_model_message *m)
{
    struct vtd_model_message delivered;
    if (interrupts_request(options_get()->sources.ioapic, m->address, m->data, &delivered)) {
        check_level(m, &delivered);
    }
}

static bool on_read(bx_phy_address address, unsigned bytes, void *data, void *)
{
    uint32_t value = ~UINT32_C(0);
    if (ioapic.own->enabled) {
        value = ioapic_model_read(&ioapic.own->model, (address - BASE) & ~UINT64_C(3)) >> (address % 4 * 8);
    }
    memset(data, 0xff, bytes);
    memcpy(data, &value, bytes < sizeof(value) ? bytes : sizeof(value));
    return true;
}

static bool on_write(bx_phy_address address, unsigned bytes, void *data, void *)
{
    uint32_t value = 0;
    memcpy(&value, data, bytes < sizeof(value) ? bytes : sizeof(value));
    if (bytes != sizeof(value) && address - BASE != WINDOW_SELECT) {
        log_error("I/O APIC: write of %u bytes at 0x%lx", bytes, address);
    } else if (ioapic.own->enabled) {
        ioapic_model_write(&ioapic.own->model, address - BASE, value);
    }
    return true;
}

/* What Bochs chose, which is the number of CPUs. */
static uint8_t id_of(void *stock)
{
    auto read = reinterpret_cast<uint32_t (*)(void *, bx_phy_address)>(
        libraries_symbol("ioapic", "_ZN11bx_ioapic_c12read_alignedEm"));
    auto write = reinterpret_cast<void (*)(void *, bx_phy_address, uint32_t)>(
        libraries_symbol("ioapic", "_ZN11bx_ioapic_c13write_alignedEmj"));
    if (read == NULL || write == NULL) {
        return 0;
    }
    write(stock, WINDOW_SELECT, 0);
    return static_cast<uint8_t>(read(stock, WINDOW_DATA) >> 24);
}

/* Bochs calls its I/O APIC through one pointer among its devices. */
static void **pointer_to(const void *stock)
{
    void **words = reinterpret_cast<void **>(&bx_devices);
    void **found = NULL;
    for (unsigned i = 0; i < sizeof(bx_devices) / sizeof(*words); i++) {
        if (words[i] == stock) {
            if (found != NULL) {
                return NULL;
            }
            found = &words[i];
        }
    }
    return found;
}

static void take_place(void *stock)
{
    void **pointer = stock == NULL ? NULL : pointer_to(stock);
    if (pointer == NULL || !BX_MEM_C::unregisterMemoryHandlers(stock, BASE, BASE + IOAPIC_MODEL_WINDOW - 1)) {
        ending_refuse("Bochs' own I/O APIC is not where it was expected");
    }
    ioapic.own = new remapping_ioapic(id_of(stock));
    *pointer = static_cast<bx_ioapic_stub_c *>(ioapic.own);
    BX_MEM_C::registerMemoryHandlers(ioapic.own, on_read, on_write, NULL, BASE, BASE + IOAPIC_MODEL_WINDOW - 1);
    log_line("I/O APIC id=%u is sid=0x%04x", ioapic.own->id, options_get()->sources.ioapic);
}

void ioapic_init()
{
    if (ioapic.own == NULL) {
        void **stock = static_cast<void **>(libraries_symbol("ioapic", "theIOAPIC"));
        take_place(stock == NULL ? NULL : *stock);
    }
    ioapic_reset();
}

void ioapic_reset()
{
    static const struct ioapic_model_io io = {NULL, send};
    ioapic_model_reset(&ioapic.own->model, ioapic.own->id, &io);
}
