/* SPDX-License-Identifier: GPL-2.0-only
 * The model of edu as a PCI function of Bochs: configuration space (PCI 3.0 chapter 6, MSI 6.8), registers, time. */
#include "tests/bochs/plugin/edu.hh"

#include <string.h>

#include "tests/bochs/plugin/bochs_api.hh"
#include "tests/bochs/plugin/dma.hh"
#include "tests/bochs/plugin/ending.hh"
#include "tests/bochs/plugin/libraries.hh"
#include "tests/bochs/plugin/log.hh"
#include "tests/bochs/plugin/model.hh"
#include "tests/bochs/plugin/options.hh"
#include "tests/bochs/plugin/units.hh"

enum {
    CONFIG_COMMAND = 0x04,
    CONFIG_STATUS = 0x06,
    CONFIG_CAPABILITIES = 0x34,
    CONFIG_LINE = 0x3c,
    MSI = 0x40,
    MSI_CONTROL = MSI + 2,
    MSI_ADDRESS = MSI + 4,
    MSI_UPPER = MSI + 8,
    MSI_DATA = MSI + 12,
    MSI_END = MSI + 14,
    COMMAND_MEMORY = 2,
    COMMAND_MASTER = 4,
    COMMAND_NO_LINE = 4, /* bit 10, in the upper byte */
    STATUS_CAPABILITIES = 0x10,
    MSI_IDENTITY = 5,
    MSI_ENABLE = 1,
    MSI_64_BIT = 0x80,
    INTA = 1,
    EXPRESS = 0x60, /* capability, for those with ATS: an integrated endpoint */
    EXPRESS_IDENTITY = 0x10,
    EXPRESS_INTEGRATED = 0x92, /* version 2, type 9 */
    ATS = 0x100,
    ATS_DEPTH = 4,
};
#define MACHINE_CHECK 0xf8 /* a register that edu has with BULKHEAD_MACHINE_CHECK alone */
#define MACHINE_CHECK_VECTOR 18
#define CLASS_OTHER 0x00ff00
#define ATS_HEADER UINT32_C(0x0001000f)
#define ATS_GLOBAL UINT32_C(0x40)
#define ATS_ENABLE UINT32_C(0x8000)
#define ATS_STU UINT32_C(0x1f)
#define STEP_US 10 /* one burst of the engine */

class edu_device : public bx_pci_device_c
{
  public:
    struct edu_model model;
    enum options_ats ats;
    struct ats_model tlb;
    uint16_t ats_control;
    uint8_t devfunc;
    int timer;

    edu_device(uint8_t where, enum options_ats how) : ats(how), tlb(), ats_control(0), devfunc(where), timer(-1)
    {
        put("bulkhead_edu", "BHEDU");
    }
    void attach();
    virtual void reset(unsigned);
    virtual void pci_write_handler(uint8_t address, uint32_t value, unsigned bytes);

    bool enabled(uint8_t command_bit) const
    {
        return (pci_conf[CONFIG_COMMAND] & command_bit) != 0;
    }
    void notify(bool raised);
    uint64_t offset_of(bx_phy_address address) const
    {
        return address - pci_bar[0].addr;
    }
    void work();
};

static struct {
    unsigned count;
    edu_device *device[OPTIONS_EDUS];
} edus;

static void bus_read(void *context, uint64_t address, void *data, size_t bytes)
{
    edu_device *e = static_cast<edu_device *>(context);
    if (e->enabled(COMMAND_MASTER)) {
        dma_read(e->devfunc, address, data, bytes);
    } else {
        memset(data, 0xff, bytes);
    }
}

static void bus_write(void *context, uint64_t address, const void *data, size_t bytes)
{
    edu_device *e = static_cast<edu_device *>(context);
    if (e->enabled(COMMAND_MASTER)) {
        dma_write(e->devfunc, address, data, bytes);
    }
}

static void on_interrupt(void *context, bool raised)
{
    static_cast<edu_device *>(context)->notify(raised);
}

static void on_complaint(void *context, const char *what)
{
    log_error("edu %02x.%u: %s", static_cast<edu_device *>(context)->devfunc >> 3,
              static_cast<edu_device *>(context)->devfunc & 7U, what);
}

static bool on_read(bx_phy_address address, unsigned bytes, void *data, void *param)
{
    edu_device *e = static_cast<edu_device *>(param);
    uint64_t value = ~UINT64_C(0);
    if (e->enabled(COMMAND_MEMORY)) {
        value = edu_model_read(&e->model, e->offset_of(address), bytes);
    }
    memcpy(data, &value, bytes < sizeof(value) ? bytes : sizeof(value));
    return true;
}

/* As if this store had met an error of the machine: on the CPU that makes it, whose number is stored. */
static void machine_check(uint64_t cpu)
{
    if (cpu >= bx_cpu_count) {
        log_error("edu: a machine check on CPU %u, which is not there", static_cast<unsigned>(cpu));
        return;
    }
    log_line("edu: machine check on CPU %u", static_cast<unsigned>(cpu));
    bx_cpu_array[cpu]->exception(MACHINE_CHECK_VECTOR, 0);
}

static bool on_write(bx_phy_address address, unsigned bytes, void *data, void *param)
{
    edu_device *e = static_cast<edu_device *>(param);
    uint64_t value = 0;
    memcpy(&value, data, bytes < sizeof(value) ? bytes : sizeof(value));
    if (e->enabled(COMMAND_MEMORY)) {
        if (options_get()->machine_checks && e->offset_of(address) == MACHINE_CHECK) {
            machine_check(value);
        }
        edu_model_write(&e->model, e->offset_of(address), bytes, value);
        if (edu_model_running(&e->model)) {
            bx_pc_system.activate_timer(static_cast<unsigned>(e->timer), STEP_US, true);
        }
    }
    return true;
}

static void on_time(void *param)
{
    static_cast<edu_device *>(param)->work();
}

void edu_device::work()
{
    edu_model_step(&model);
    if (!edu_model_running(&model)) {
        bx_pc_system.deactivate_timer(static_cast<unsigned>(timer));
    }
}

static void set_line(uint8_t devfunc, bool asserted)
{
    void **bridge = static_cast<void **>(libraries_symbol("pci2isa", "thePci2IsaBridge"));
    auto set = reinterpret_cast<void (*)(void *, uint8_t, unsigned, bool)>(
        libraries_symbol("pci2isa", "_ZN10bx_piix3_c11pci_set_irqEhjb"));
    if (bridge != NULL && set != NULL) {
        set(*bridge, devfunc, INTA, asserted);
    }
}

/* The message is a memory write, and as such goes through the remapping unit (PCI 3.0 6.8.1). */
void edu_device::notify(bool raised)
{
    if ((pci_conf[MSI_CONTROL] & MSI_ENABLE) == 0) {
        set_line(devfunc, raised && (pci_conf[CONFIG_COMMAND + 1] & COMMAND_NO_LINE) == 0);
        return;
    }
    uint64_t address = 0;
    uint32_t data = 0;
    memcpy(&address, &pci_conf[MSI_ADDRESS], sizeof(address));
    memcpy(&data, &pci_conf[MSI_DATA], sizeof(uint16_t));
    if (raised) {
        bus_write(this, address, &data, sizeof(data));
    }
}

static uint8_t writable(unsigned offset)
{
    switch (offset) {
    case CONFIG_COMMAND:
        return COMMAND_MEMORY | COMMAND_MASTER;
    case CONFIG_COMMAND + 1:
        return COMMAND_NO_LINE;
    case CONFIG_LINE:
        return 0xff;
    case MSI_CONTROL:
        return MSI_ENABLE;
    case MSI_ADDRESS:
        return 0xfc;
    default:
        return offset > MSI_ADDRESS && offset < MSI_END ? 0xff : 0;
    }
}

/* The base address registers are Bochs' own business. */
void edu_device::pci_write_handler(uint8_t address, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        unsigned at = address + i;
        uint8_t mask = writable(at);
        pci_conf[at] = static_cast<uint8_t>((pci_conf[at] & ~mask) | (value >> (8 * i) & mask));
    }
}

void edu_device::reset(unsigned)
{
    static const struct edu_model_io io = {NULL, bus_read, bus_write, on_interrupt, on_complaint};
    struct edu_model_io mine = io;
    mine.context = this;
    edu_model_reset(&model, &mine);
    bx_pc_system.deactivate_timer(static_cast<unsigned>(timer));
    pci_conf[CONFIG_COMMAND] = 0;
    pci_conf[CONFIG_COMMAND + 1] = 0;
    memset(&pci_conf[MSI_CONTROL], 0, MSI_END - MSI_CONTROL);
    pci_conf[MSI_CONTROL] = MSI_64_BIT;
    ats_control = 0;
    ats_model_reset(&tlb, units_of(devfunc), devfunc, ATS_DEPTH);
    tlb.deaf = ats == OPTIONS_ATS_DEAF;
    tlb.mute = ats == OPTIONS_ATS_MUTE;
}

void edu_device::attach()
{
    init_pci_conf(EDU_MODEL_VENDOR, EDU_MODEL_DEVICE, 0x10, CLASS_OTHER, 0, INTA);
    init_bar_mem(0, EDU_MODEL_WINDOW, on_read, on_write);
    pci_conf[CONFIG_STATUS] = STATUS_CAPABILITIES;
    pci_conf[CONFIG_CAPABILITIES] = MSI;
    pci_conf[MSI] = MSI_IDENTITY;
    if (ats != OPTIONS_ATS_NONE) {
        pci_conf[MSI + 1] = EXPRESS;
        pci_conf[EXPRESS] = EXPRESS_IDENTITY;
        pci_conf[EXPRESS + 2] = EXPRESS_INTEGRATED;
        dma_keeps(devfunc, &tlb);
    }
    timer = bx_pc_system.register_timer(this, on_time, STEP_US, true, false, "edu");
    if (!bx_devices.register_pci_handlers(this, &devfunc, "edu", "Bulkhead's edu", 0)) {
        ending_refuse("edu: place %02x.%u is taken", devfunc >> 3, devfunc & 7U);
    }
    reset(0);
    log_line("edu is sid=0x%04x", devfunc);
}

static edu_device *find_ats(uint16_t sid)
{
    for (unsigned i = 0; i < edus.count; i++) {
        if (edus.device[i]->devfunc == sid && edus.device[i]->ats != OPTIONS_ATS_NONE) {
            return edus.device[i];
        }
    }
    return NULL;
}

bool edu_forget(void *, uint16_t sid, uint64_t address, uint64_t bytes, unsigned max_pending)
{
    edu_device *e = find_ats(sid);
    return e != NULL && ats_model_invalidate(&e->tlb, address, bytes, max_pending);
}

/* One capability: ATS (PCIe 6.0 10.5.1). Extended configuration space is empty else. */
bool edu_extended_read(uint8_t devfunc, unsigned offset, uint32_t *value)
{
    edu_device *e = find_ats(devfunc);
    if (e == NULL) {
        return false;
    }
    *value = offset == ATS       ? ATS_HEADER
             : offset == ATS + 4 ? static_cast<uint32_t>(e->ats_control) << 16 | ATS_GLOBAL | ATS_DEPTH
                                 : 0;
    return true;
}

bool edu_extended_write(uint8_t devfunc, unsigned offset, uint32_t value)
{
    edu_device *e = find_ats(devfunc);
    if (e != NULL && offset == ATS + 4) {
        e->ats_control = static_cast<uint16_t>(value >> 16 & (ATS_ENABLE | ATS_STU));
        if ((e->ats_control & ATS_STU) != 0 && (e->ats_control & ATS_ENABLE) != 0) {
            log_error("edu %02x.%u: ATS switched on for pages that are not of 4 KiB", devfunc >> 3, devfunc & 7U);
        }
        ats_model_enable(&e->tlb, (e->ats_control & ATS_ENABLE) != 0);
    }
    return e != NULL;
}

void edu_init()
{
    const struct options *o = options_get();
    for (unsigned i = 0; i < o->edus; i++) {
        edus.device[i] = new edu_device(o->edu[i], o->ats[i]);
        edus.device[i]->attach();
        edus.count++;
    }
}

void edu_reset()
{
    for (unsigned i = 0; i < edus.count; i++) {
        edus.device[i]->reset(0);
    }
}
