/* SPDX-License-Identifier: GPL-2.0-only
 * Every device library gets stubs of its own, so that a call tells which device made it. Not covered, because they do
 * no DMA in Bochs: ne2k, pcipnic, voodoo. */
#include "tests/bochs/plugin/dma_hooks.hh"

#include <utility>

#include "tests/bochs/plugin/bochs_api.hh"
#include "tests/bochs/plugin/dma.hh"
#include "tests/bochs/plugin/ending.hh"
#include "tests/bochs/plugin/libraries.hh"
#include "tests/bochs/plugin/log.hh"
#include "tests/bochs/plugin/options.hh"
#include "tests/bochs/plugin/pci_places.hh"

#define INTEL 0x8086

/* How a library's device is found. The legacy DMA controllers speak as the ISA bridge, the HPET as the option says. */
struct source {
    const char *library;
    bool is_hpet;
    bool masters; /* obeys the bus master bit */
    struct pci_places_kind kind;
};

static constexpr struct source sources[] = {
    {"pci_ide", false, true, {0x010100, 0xffff00, 0}},
    {"e1000", false, true, {0x020000, 0xffff00, INTEL}},
    {"usb_uhci", false, true, {0x0c0300, 0xffffff, 0}},
    {"usb_ohci", false, true, {0x0c0310, 0xffffff, 0}},
    {"usb_ehci", false, true, {0x0c0320, 0xffffff, 0}},
    {"usb_xhci", false, true, {0x0c0330, 0xffffff, 0}},
    {"es1370", false, true, {0x040100, 0xffff00, 0}},
    {"dma", false, false, {0x060100, 0xffff00, 0}},
    {"hpet", true, false, {0, 0, 0}},
};
static constexpr unsigned source_count = sizeof(sources) / sizeof(sources[0]);

static struct {
    uint16_t sid[source_count];
    bool stopped[source_count]; /* said that its bus master bit is off */
} hooks;

static bool may_pass(unsigned which)
{
    bool may = !sources[which].masters || pci_places_may_master(static_cast<uint8_t>(hooks.sid[which]));
    if (!may && !hooks.stopped[which]) {
        hooks.stopped[which] = true;
        log_line("%s does DMA while its bus master bit is off: blocked", sources[which].library);
    }
    return may;
}

static void hooked_read(unsigned which, uint64_t address, void *data, unsigned bytes)
{
    if (may_pass(which)) {
        dma_read(hooks.sid[which], address, data, bytes);
    } else {
        memset(data, 0xff, bytes);
    }
}

static void hooked_write(unsigned which, uint64_t address, const void *data, unsigned bytes)
{
    if (may_pass(which)) {
        dma_write(hooks.sid[which], address, data, bytes);
    }
}

/* Bochs' four ways to memory; with a CPU given, the access is the CPU's and none of ours. */
template <unsigned which> struct stub {
    static void dma_read_page(bx_phy_address address, unsigned bytes, uint8_t *data)
    {
        hooked_read(which, address, data, bytes);
    }
    static void dma_write_page(bx_phy_address address, unsigned bytes, uint8_t *data)
    {
        hooked_write(which, address, data, bytes);
    }
    static void read_page(BX_CPU_C *cpu, bx_phy_address address, unsigned bytes, void *data)
    {
        if (cpu != NULL) {
            BX_MEM_C::readPhysicalPage(cpu, address, bytes, data);
        } else {
            hooked_read(which, address, data, bytes);
        }
    }
    static void write_page(BX_CPU_C *cpu, bx_phy_address address, unsigned bytes, void *data)
    {
        if (cpu != NULL) {
            BX_MEM_C::writePhysicalPage(cpu, address, bytes, data);
        } else {
            hooked_write(which, address, data, bytes);
        }
    }
};

template <typename F> static unsigned redirect(const char *library, const char *symbol, F *function)
{
    return libraries_replace(library, symbol, reinterpret_cast<void *>(function));
}

template <unsigned which> static unsigned redirect_library()
{
    const char *library = sources[which].library;
    return redirect(library, "_ZN8BX_MEM_C19dmaReadPhysicalPageEmjPh", stub<which>::dma_read_page) +
           redirect(library, "_ZN8BX_MEM_C20dmaWritePhysicalPageEmjPh", stub<which>::dma_write_page) +
           redirect(library, "_ZN8BX_MEM_C16readPhysicalPageEP8BX_CPU_CmjPv", stub<which>::read_page) +
           redirect(library, "_ZN8BX_MEM_C17writePhysicalPageEP8BX_CPU_CmjPv", stub<which>::write_page);
}

/* A library with two devices cannot tell which of them speaks. */
static bool find_place(unsigned which)
{
    const struct source *s = &sources[which];
    uint8_t devfunc = 0;
    if (s->is_hpet) {
        hooks.sid[which] = options_get()->sources.hpet;
        return true;
    }
    unsigned found = pci_places_find(&s->kind, &devfunc);
    hooks.sid[which] = devfunc;
    if (found > 1) {
        ending_refuse("%s has %u functions: which of them does DMA cannot be told", s->library, found);
    }
    return found == 1;
}

template <unsigned which> static void hook()
{
    const char *library = sources[which].library;
    if (!libraries_loaded(library)) {
        return;
    }
    hooks.stopped[which] = false;
    unsigned slots = redirect_library<which>();
    if (slots == 0) {
        ending_refuse("%s: no call to redirect", library);
    }
    if (find_place(which)) {
        log_line("%s is sid=0x%04x, %u calls redirected", library, hooks.sid[which], slots);
    }
}

template <unsigned... which> static void hook_all(std::integer_sequence<unsigned, which...>)
{
    (hook<which>(), ...);
}

void dma_hooks_init()
{
    hook_all(std::make_integer_sequence<unsigned, source_count>());
}
