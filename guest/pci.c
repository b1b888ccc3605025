/* SPDX-License-Identifier: GPL-2.0-only
 * A guest's PCI bus: which functions are on it. */
#include "guest/pci.h"

#include "guest/pci_access.h"
#include "kernel/core/pages.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

struct guest_pci_function *guest_pci_at(const struct guest_pci *pci, unsigned place)
{
    struct guest_pci_function *f = place < GUEST_PCI_SLOTS ? pci->functions[place] : NULL;
    return f != NULL && f->present ? f : NULL;
}

void guest_pci_fill_places(struct guest_pci *pci)
{
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        struct guest_pci_function *f = guest_pci_at(pci, i);
        if (f != NULL && f->lost) {
            guest_pci_function_retry(f);
        }
    }
    for (unsigned i = 1; i <= GUEST_PCI_DEVICES; i++) {
        if (pci->emulated[i] != NULL && pci->emulated[i]->lost) {
            pci_emulated_retry(pci->emulated[i]);
        }
    }
}

/* A BAR that only some of the guest's devices could reach would be a trap for its drivers. */
static void cut_windows(struct guest_bar_windows *windows, uint64_t limit)
{
    windows->low_end = windows->low_end < limit ? windows->low_end : limit;
    windows->high_end = windows->high_end < limit ? windows->high_end : limit;
}

enum status guest_pci_init(struct guest_pci *pci, const struct guest_pci_config *config)
{
    *pci = (struct guest_pci){.config = *config};
    pci->config.lines.asserted = &pci->asserted;
    pci->config.sources = &pci->sources;
    guest_sources_init(&pci->sources, config->domain);
    cut_windows(&pci->config.windows, config->domain->address_limit);
    pci->next_low = pci->config.windows.low_start;
    pci->next_high = pci->config.windows.high_start;
    enum status status = guest_pci_function_bridge(&pci->bridge, &pci->config);
    pci->functions[0] = &pci->bridge;
    return status == STATUS_OK ? guest_pci_access_add(pci) : status;
}

void guest_pci_reset(struct guest_pci *pci)
{
    pci->address = 0;
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        struct guest_pci_function *f = guest_pci_at(pci, i);
        if (f != NULL) {
            guest_pci_function_reset(f);
        }
    }
    /* Those that found their first place taken by one that had not moved back yet. */
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        struct guest_pci_function *f = guest_pci_at(pci, i);
        enum status status = f != NULL ? guest_pci_function_map(f) : STATUS_OK;
        (void)status; /* logged by the reset above */
    }
    guest_pci_reset_emulated(pci);
    guest_pci_fill_places(pci); /* the first may have found its place taken by the second */
}

void guest_pci_reroute(struct guest_pci *pci)
{
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        struct guest_pci_function *f = guest_pci_at(pci, i);
        if (f != NULL) {
            guest_msi_update(&f->msi, &f->view);
            guest_msix_reroute(&f->msix);
        }
    }
}

uint32_t guest_pci_lines(const struct guest_pci *pci)
{
    uint64_t asserted = __atomic_load_n(&pci->asserted, __ATOMIC_SEQ_CST);
    uint32_t pins = 0;
    for (unsigned place = 1; asserted != 0 && place < GUEST_PCI_SLOTS; place++) {
        const struct guest_pci_function *f = guest_pci_at(pci, place);
        pins |= f != NULL && (asserted & f->intx.bit) != 0 ? BIT32(f->gsi) : 0;
    }
    for (unsigned device = PCI_EMULATED_LOWEST; device <= GUEST_PCI_DEVICES; device++) {
        const struct pci_emulated *f = pci->emulated[device];
        pins |= f != NULL && pci_emulated_asserts(f) ? BIT32(guest_pci_gsi(device)) : 0;
    }
    return pins;
}

void guest_pci_line_ended(struct guest_pci *pci, unsigned pin)
{
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        struct guest_pci_function *f = guest_pci_at(pci, i);
        if (f != NULL && f->gsi == pin) {
            guest_intx_end(&f->intx);
        }
    }
}

void guest_pci_free(struct guest_pci *pci)
{
    guest_pci_access_remove(pci);
    for (unsigned i = 1; i <= GUEST_PCI_DEVICES; i++) {
        if (pci->emulated[i] != NULL) {
            pci_emulated_hide(pci->emulated[i]);
            pci->emulated[i] = NULL;
        }
    }
    guest_pci_function_free(&pci->bridge);
    pci->functions[0] = NULL;
}

#define PLACE_BYTES align_up(sizeof(struct guest_pci_function), PAGE_SIZE)

static bool is_taken(const struct guest_pci *pci, unsigned place)
{
    bool emulated = guest_pci_function_number(place) == 0 && pci->emulated[guest_pci_device(place)] != NULL;
    return emulated || pci->functions[place] != NULL;
}

static unsigned free_place(const struct guest_pci *pci)
{
    unsigned place = 1;
    while (place < GUEST_PCI_SLOTS && is_taken(pci, place)) {
        place++;
    }
    return place;
}

/* One that no function has, dead ones included; 0: all are taken. */
static uint64_t free_line_bit(const struct guest_pci *pci)
{
    uint64_t used = 0;
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        used |= pci->functions[i] != NULL ? pci->functions[i]->intx.bit : 0;
    }
    return ~used & (used + 1);
}

enum status guest_pci_add(struct guest_pci *pci, const struct vm_device *device, struct guest_pci_function **out)
{
    struct hpa at;
    unsigned place = free_place(pci);
    uint64_t line_bit = free_line_bit(pci);
    enum status status = place < GUEST_PCI_SLOTS && line_bit != 0
                             ? pages_alloc_block(PLACE_BYTES, PAGE_SIZE, UINT64_MAX, &at)
                             : STATUS_NO_MEMORY;
    if (status != STATUS_OK) {
        return status;
    }
    struct guest_pci_function *f = phys_to_virt(at);
    memset(f, 0, sizeof(*f));
    status = guest_pci_function_make(f, &pci->config, device, place, line_bit, &pci->next_low, &pci->next_high);
    if (status != STATUS_OK) {
        pages_free(at, PLACE_BYTES);
        return status;
    }
    pci->functions[place] = f;
    *out = f;
    return STATUS_OK;
}

void guest_pci_remove(struct guest_pci *pci, struct guest_pci_function *f)
{
    unsigned place = f->place;
    guest_pci_function_free(f);
    if (!f->dead) {
        pci->functions[place] = NULL;
        pages_free(virt_to_phys(f), PLACE_BYTES);
    }
}

struct guest_pci_function *guest_pci_find(const struct guest_pci *pci, struct sbdf host)
{
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        struct guest_pci_function *f = guest_pci_at(pci, i);
        if (f != NULL && sbdf_equal(f->host->at, host)) {
            return f;
        }
    }
    return NULL;
}

uint64_t guest_pci_resume(struct guest_pci *pci, uint64_t now_ns)
{
    uint64_t next = 0;
    for (unsigned i = 1; i < GUEST_PCI_SLOTS; i++) {
        struct guest_pci_function *f = guest_pci_at(pci, i);
        uint64_t at = f != NULL && f->host != NULL ? guest_pci_function_resume(f, now_ns) : 0;
        next = next == 0 || (at != 0 && at < next) ? at : next;
    }
    return next;
}
