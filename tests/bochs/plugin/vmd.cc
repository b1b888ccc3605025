/* SPDX-License-Identifier: GPL-2.0-only
 * The model of VMD as a PCI function of Bochs: configuration space, BARs that move, disks, time. */
#include "tests/bochs/plugin/vmd.hh"

#include <stdlib.h>
#include <string.h>

#include "tests/bochs/plugin/bochs_api.hh"
#include "tests/bochs/plugin/dma.hh"
#include "tests/bochs/plugin/ending.hh"
#include "tests/bochs/plugin/log.hh"
#include "tests/bochs/plugin/model.hh"

#define STEP_US 10                    /* some commands of the queues */
#define ADDRESSES (UINT64_C(1) << 40) /* Bochs crashes beyond */
/* Firmware's part: Bochs' own knows no 64-bit BARs. Above all RAM; below 4 GiB where its own addresses do not reach. */
#define CFGBAR UINT64_C(0x2000000000)
#define MEMBAR1 UINT64_C(0xf0000000)
#define MEMBAR2 UINT64_C(0x2010000000)
#define BARS_FIRST 0x10
#define BAR_REGISTERS 6
/* Bochs drops writes to the BARs of header type 0 that it does not know; what is read is the model's. */
#define NOT_BOCHS_BARS 1
#define ALL_ONES UINT32_C(0xffffffff)

/* What of the machine's addresses leads to one BAR. */
struct place {
    unsigned bar;
    uint64_t bytes;
    uint64_t base; /* 0: nothing does */
};

class vmd_device : public bx_pci_device_c
{
  public:
    struct vmd_options options;
    struct vmd_model model;
    struct place places[3];
    int timer;
    unsigned strays;
    /* Bochs' firmware takes the upper half of a 64-bit BAR for an I/O BAR. It sizes every register once: each is absent
     * for that once, so that the BARs stay where our options, in firmware's place, put them. */
    bool seen[BAR_REGISTERS], asked[BAR_REGISTERS];

    vmd_device()
    {
        put("bulkhead_vmd", "BHVMD");
    }
    void attach();
    void power_on();
    void follow_bars();
    void check();
    void wake();
    bool hides(uint8_t address, unsigned bytes, uint32_t written);
    virtual uint32_t pci_read_handler(uint8_t address, unsigned bytes);
    virtual void pci_write_handler(uint8_t address, uint32_t value, unsigned bytes);
};

static struct {
    vmd_device *device;
} vmd;

static bool on_dma(void *context, bool write, uint64_t address, void *data, size_t bytes)
{
    const vmd_device *d = static_cast<vmd_device *>(context);
    return write ? dma_write(d->options.devfunc, address, data, bytes)
                 : dma_read(d->options.devfunc, address, data, bytes);
}

static void on_message(void *context, uint64_t address, uint32_t data)
{
    dma_write(static_cast<vmd_device *>(context)->options.devfunc, address, &data, sizeof(data));
}

static bool on_disk(void *context, unsigned disk, bool write, uint64_t offset, void *data, size_t bytes)
{
    return vmd_options_disk(&static_cast<vmd_device *>(context)->options, disk, write, offset, data, bytes);
}

static vmd_device *device_of(void *param, bx_phy_address address, struct place **out)
{
    vmd_device *d = static_cast<vmd_device *>(param);
    for (struct place &p : d->places) {
        if (p.base != 0 && address >= p.base && address - p.base < p.bytes) {
            *out = &p;
            return d;
        }
    }
    return NULL;
}

static bool on_read(bx_phy_address address, unsigned bytes, void *data, void *param)
{
    struct place *p = NULL;
    vmd_device *d = device_of(param, address, &p);
    uint64_t value = ~UINT64_C(0);
    if (d != NULL) {
        value = vmd_model_read(&d->model, p->bar, address - p->base, bytes);
    }
    memcpy(data, &value, bytes < sizeof(value) ? bytes : sizeof(value));
    return true;
}

static bool on_write(bx_phy_address address, unsigned bytes, void *data, void *param)
{
    struct place *p = NULL;
    vmd_device *d = device_of(param, address, &p);
    uint64_t value = 0;
    memcpy(&value, data, bytes < sizeof(value) ? bytes : sizeof(value));
    if (d != NULL) {
        vmd_model_write(&d->model, p->bar, address - p->base, bytes, value);
        d->check();
        d->wake();
    }
    return true;
}

static void on_time(void *param)
{
    vmd_device *d = static_cast<vmd_device *>(param);
    if (!vmd_model_tick(&d->model)) {
        bx_pc_system.deactivate_timer(static_cast<unsigned>(d->timer));
    }
}

void vmd_device::wake()
{
    bx_pc_system.activate_timer(static_cast<unsigned>(timer), STEP_US, true);
}

/* On hardware the addresses behind such a window, whoever's they are, would lead to the children. */
void vmd_device::check()
{
    if (model.counts.strays != strays) {
        strays = static_cast<unsigned>(model.counts.strays);
        log_error("vmd: a root port decodes addresses outside the MEMBARs");
    }
}

/* Memory decode and the BARs, as they are now. */
void vmd_device::follow_bars()
{
    bool decodes = pci_model_decodes(&model.space);
    for (struct place &p : places) {
        uint64_t base = decodes ? vmd_model_bar(&model, p.bar) : 0;
        base = base > ADDRESSES - p.bytes ? 0 : base;
        if (base == p.base) {
            continue;
        }
        if (p.base != 0) {
            BX_MEM_C::unregisterMemoryHandlers(this, p.base, p.base + p.bytes - 1);
        }
        p.base = base;
        if (base != 0 && !BX_MEM_C::registerMemoryHandlers(this, on_read, on_write, NULL, base, base + p.bytes - 1)) {
            log_error("vmd: BAR %u is put where something else is: 0x%llx", p.bar,
                      static_cast<unsigned long long>(base));
            p.base = 0;
        }
    }
}

bool vmd_device::hides(uint8_t address, unsigned bytes, uint32_t written)
{
    unsigned i = (address - BARS_FIRST) / 4U;
    if (address < BARS_FIRST || i >= BAR_REGISTERS || seen[i]) {
        return false;
    }
    asked[i] = bytes == 4 && written == ALL_ONES;
    seen[i] = !asked[i];
    return asked[i];
}

uint32_t vmd_device::pci_read_handler(uint8_t address, unsigned bytes)
{
    unsigned i = (address - BARS_FIRST) / 4U;
    if (address >= BARS_FIRST && i < BAR_REGISTERS && asked[i]) {
        asked[i] = false;
        seen[i] = true;
        return 0;
    }
    return vmd_model_config_read(&model, address, bytes);
}

void vmd_device::pci_write_handler(uint8_t address, uint32_t value, unsigned bytes)
{
    if (hides(address, bytes, value)) {
        return;
    }
    vmd_model_config_write(&model, address, bytes, value);
    follow_bars();
    check();
    wake();
}

void vmd_device::power_on()
{
    const struct vmd_model_io io = {this, on_dma, on_message, on_disk};
    vmd_model_init(&model, &options.config, &io);
    strays = 0;
    follow_bars();
}

void vmd_device::attach()
{
    static const struct place none[] = {{VMD_MODEL_CFGBAR, VMD_MODEL_CFGBAR_BYTES, 0},
                                        {VMD_MODEL_MEMBAR1, VMD_MODEL_MEMBAR1_BYTES, 0},
                                        {VMD_MODEL_MEMBAR2, VMD_MODEL_MEMBAR2_BYTES, 0}};
    memcpy(places, none, sizeof(places));
    memset(seen, 0, sizeof(seen));
    memset(asked, 0, sizeof(asked));
    init_pci_conf(VMD_MODEL_VENDOR, options.config.device, 1, VMD_MODEL_CLASS, NOT_BOCHS_BARS, 0);
    timer = bx_pc_system.register_timer(this, on_time, STEP_US, true, false, "vmd");
    if (!bx_devices.register_pci_handlers(this, &options.devfunc, "vmd", "Bulkhead's VMD", 0)) {
        ending_refuse("vmd: place %02x.%u is taken", options.devfunc >> 3, options.devfunc & 7U);
    }
    power_on();
    log_line("vmd 8086:%04x is sid=0x%04x", options.config.device, options.devfunc);
}

static struct vmd_options read_options()
{
    struct vmd_options options;
    const char *text = getenv("BULKHEAD_VMD");
    text = text != NULL ? text : "";
    const char *wrong = vmd_options_parse(&options, text);
    wrong = wrong != NULL ? wrong : vmd_options_open(&options);
    if (wrong != NULL) {
        ending_refuse("BULKHEAD_VMD=%s: %s", text, wrong);
    }
    options.config.bar[0] = CFGBAR;
    options.config.bar[1] = MEMBAR1;
    options.config.bar[2] = MEMBAR2;
    return options;
}

void vmd_init()
{
    struct vmd_options options = read_options();
    if (options.wanted) {
        vmd.device = new vmd_device();
        vmd.device->options = options;
        vmd.device->attach();
    }
}

void vmd_reset()
{
    if (vmd.device != NULL) {
        vmd.device->power_on();
    }
}

void vmd_summary()
{
    char text[512];
    if (vmd.device != NULL) {
        vmd_options_summary(&vmd.device->model, text, sizeof(text));
        log_line("%s", text);
    }
}
