/* SPDX-License-Identifier: GPL-2.0-only
 * Assigned functions on a guest's bus (PCI 3.0 6.2). */
#include "guest/pci_function.h"

#include "drivers/pci_quiesce.h"
#include "drivers/pci_regs.h"
#include "guest/device_ats.h"
#include "guest/pci_function_bars.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"
#include "kernel/lib/bits.h"

#define MSI_CAP_BYTES 24u
#define DRAIN_US UINT64_C(100000) /* PCIe 6.0 6.6.2: software may give up waiting for completions */

/* The low `width` bytes. */
static uint32_t cut(uint32_t value, unsigned width)
{
    return width >= 4 ? value : value & (BIT32(8 * width) - 1);
}

static bool overlaps(uint16_t offset, unsigned width, uint16_t start, unsigned bytes)
{
    return offset < start + bytes && offset + width > start;
}

static uint16_t command_of(const struct guest_pci_function *f)
{
    return (uint16_t)pci_view_get(&f->view, PCI_COMMAND, 2);
}

/* --- command, MSI, MSI-X */

static void command_written(struct guest_pci_function *f, uint16_t before)
{
    uint16_t changed = before ^ command_of(f);
    if ((changed & PCI_COMMAND_MEMORY) != 0) {
        pci_function_bars_changed(f);
    }
    if ((changed & PCI_COMMAND_INTX_OFF) != 0) {
        guest_pci_function_restart(f);
    }
    if ((changed & PCI_COMMAND_BUS_MASTER) != 0 && f->attached) {
        pci_bus_master_set(f->config->facts, f->host, (command_of(f) & PCI_COMMAND_BUS_MASTER) != 0);
    }
}

static void msix_written(struct guest_pci_function *f)
{
    uint16_t control = (uint16_t)pci_view_get(&f->view, f->view.msix + PCI_MSIX_CONTROL, 2);
    guest_msix_control(&f->msix, (control & PCI_MSIX_ENABLE) != 0, (control & PCI_MSIX_MASK_ALL) != 0);
}

/* --- config space in naturally aligned pieces */

static uint32_t read_piece(struct guest_pci_function *f, uint16_t offset, unsigned width)
{
    if (f->host != NULL && pci_function_bars_has(offset)) {
        return pci_function_bars_read(f, offset);
    }
    return pci_view_get(&f->view, offset, width);
}

static void write_piece(struct guest_pci_function *f, uint16_t offset, unsigned width, uint32_t value)
{
    if (f->host == NULL) {
        return; /* nothing of the bridge is writable */
    }
    if (pci_function_bars_has(offset)) {
        pci_function_bars_write(f, offset, width, value);
        return;
    }
    uint16_t command = command_of(f);
    pci_view_write(&f->view, offset, width, value);
    if (overlaps(offset, width, PCI_COMMAND, 2)) {
        command_written(f, command);
    }
    if (f->view.msi != 0 && overlaps(offset, width, f->view.msi, MSI_CAP_BYTES)) {
        guest_msi_update(&f->msi, &f->view);
    }
    if (f->view.msix != 0 && overlaps(offset, width, f->view.msix + PCI_MSIX_CONTROL, 2)) {
        msix_written(f);
    }
}

/* The widest aligned piece. */
static unsigned piece_at(uint16_t offset, unsigned left)
{
    if (left >= 4 && is_aligned(offset, 4)) {
        return 4;
    }
    return left >= 2 && is_aligned(offset, 2) ? 2 : 1;
}

/* Who asks whether anybody is there asks for the vendor: then the device itself is asked too. A virtual function has no
 * vendor of its own; bits 15:11 of the command register are 0 in every function. */
static void look_for(struct guest_pci_function *f)
{
    char text[SBDF_TEXT_SIZE];
    bool gone = pci_config_read32(f->host->at, PCI_COMMAND) == UINT32_MAX;
    if (gone && !f->gone) {
        log_warn("pci: %s: does not answer any more", sbdf_text(f->host->at, text));
    }
    f->gone = gone;
}

uint32_t guest_pci_function_read(struct guest_pci_function *f, uint16_t offset, unsigned width)
{
    uint32_t value = 0;
    bulkhead_assert(width <= 4 && offset + width <= PCI_VIEW_SIZE);
    if (f->host != NULL && !f->stopped && overlaps(offset, width, PCI_VENDOR, 4)) {
        look_for(f);
    }
    if (f->gone || f->stopped) {
        return cut(UINT32_MAX, width);
    }
    for (unsigned done = 0; done < width;) {
        uint16_t at = (uint16_t)(offset + done);
        unsigned piece = piece_at(at, width - done);
        value |= cut(read_piece(f, at, piece), piece) << (8 * done);
        done += piece;
    }
    return value;
}

void guest_pci_function_write(struct guest_pci_function *f, uint16_t offset, unsigned width, uint32_t value)
{
    bulkhead_assert(width <= 4 && offset + width <= PCI_VIEW_SIZE);
    for (unsigned done = 0; !f->stopped && done < width;) {
        uint16_t at = (uint16_t)(offset + done);
        unsigned piece = piece_at(at, width - done);
        write_piece(f, at, piece, cut(value >> (8 * done), piece));
        done += piece;
    }
}

/* --- life */

enum status guest_pci_function_bridge(struct guest_pci_function *f, const struct guest_pci_config *config)
{
    *f = (struct guest_pci_function){.config = config};
    enum status status = pci_view_init(&f->view);
    if (status == STATUS_OK) {
        pci_view_of_host_bridge(&f->view);
        f->present = true;
    }
    return status;
}

static void show_function(struct guest_pci_function *f)
{
    pci_view_of_function(&f->view, f->host);
    if (f->intx.routed) {
        pci_view_set(&f->view, PCI_INTERRUPT_LINE, 1, f->gsi);
        pci_view_set(&f->view, PCI_INTERRUPT_PIN, 1, 1);
    }
    if (f->vmd != NULL) {
        guest_vmd_show(f->vmd, &f->view);
    }
    pci_view_set(&f->view, PCI_COMMAND, 2, PCI_COMMAND_MEMORY); /* as firmware leaves it */
}

enum status guest_pci_function_make(struct guest_pci_function *f, const struct guest_pci_config *config,
                                    const struct vm_device *device, unsigned place, uint64_t line_bit,
                                    uint64_t *next_low, uint64_t *next_high)
{
    const struct pci_function *host = device->function;
    *f = (struct guest_pci_function){.config = config, .place = place, .device = device, .host = host};
    uint64_t low = *next_low;
    uint64_t high = *next_high;
    enum status status = pci_function_bars_make(f, &low, &high);
    if (status == STATUS_OK) {
        status = pci_view_init(&f->view);
    }
    if (status == STATUS_OK) {
        status = guest_msix_init(&f->msix, device, config->router, f->bars);
    }
    if (status == STATUS_OK && device->vmd != NULL) {
        status = guest_vmd_make(&f->vmd, config->facts, device, f->bars, &f->msix);
    }
    if (status != STATUS_OK) {
        guest_msix_free(&f->msix);
        pci_view_free(&f->view);
        *f = (struct guest_pci_function){0};
        return status;
    }
    show_function(f);
    guest_msi_init(&f->msi, device, &f->view, config->router);
    guest_intx_init(&f->intx, device, config->router, &config->lines, line_bit);
    f->gsi = (uint8_t)guest_pci_gsi(guest_pci_device(place));
    *next_low = low;
    *next_high = high;
    f->present = true;
    return STATUS_OK;
}

enum status guest_pci_function_rom(struct guest_pci_function *f)
{
    enum status status = guest_rom_make(&f->rom, &f->bars[GUEST_PCI_ROM], f->config->facts, f->host);
    if (status == STATUS_OK && f->rom.bytes != 0) {
        f->bars[GUEST_PCI_ROM].address = f->first_address[GUEST_PCI_ROM] = f->device->plan->rom_at;
    }
    return status;
}

enum status guest_pci_function_line(struct guest_pci_function *f, const struct vtd_line_place *place)
{
    enum status status = guest_intx_route(&f->intx, &f->config->lines, place);
    show_function(f);
    return status;
}

void guest_pci_function_restart(struct guest_pci_function *f)
{
    guest_intx_enable(&f->intx, (command_of(f) & PCI_COMMAND_INTX_OFF) == 0);
}

enum status guest_pci_function_map(struct guest_pci_function *f)
{
    return pci_function_bars_apply(f);
}

void guest_pci_function_retry(struct guest_pci_function *f)
{
    pci_function_bars_changed(f);
}

static void stop(struct guest_pci_function *f)
{
    pci_bus_master_set(f->config->facts, f->host, false);
    if (f->vmd != NULL) {
        guest_vmd_reset(f->vmd);
    }
    guest_msi_reset(&f->msi);
    guest_msix_reset(&f->msix);
}

void guest_pci_function_reset(struct guest_pci_function *f)
{
    if (!f->present || f->host == NULL || f->stopped) {
        return;
    }
    stop(f);
    guest_intx_enable(&f->intx, false);
    guest_intx_end(&f->intx);
    show_function(f);
    pci_function_bars_reset(f);
    pci_function_bars_changed(f);
}

static enum status drain(const struct guest_pci_function *f)
{
    struct deadline deadline = deadline_in_us(DRAIN_US);
    while (pci_transactions_pending(f->host) || (f->vmd != NULL && guest_vmd_is_busy(f->vmd))) {
        if (deadline_passed(deadline)) {
            return STATUS_TIMEOUT;
        }
        cpu_pause();
    }
    return STATUS_OK;
}

static enum status leave_domain(struct guest_pci_function *f)
{
    if (!f->attached) {
        return STATUS_OK;
    }
    f->attached = false;
    return guest_sources_detach(f->config->sources, f->device);
}

enum status guest_pci_function_translate(struct guest_pci_function *f)
{
    return device_ats_on(f->config->facts, f->device, f->config->domain);
}

static enum status end_dma(struct guest_pci_function *f)
{
    pci_bus_master_set(f->config->facts, f->host, false);
    enum status drained = drain(f);
    enum status forgot = f->attached ? device_ats_off(f->config->facts, f->device, f->config->domain) : STATUS_OK;
    return drained == STATUS_OK ? forgot : drained;
}

void guest_pci_function_quiet(struct guest_pci_function *f)
{
    if (f->device->plan->ats) {
        enum status status = end_dma(f);
        f->dead = f->dead || status != STATUS_OK;
    }
}

static enum status hide_bars(struct guest_pci_function *f)
{
    pci_view_set(&f->view, PCI_COMMAND, 2, 0);
    return pci_function_bars_apply(f);
}

enum status guest_pci_function_withdraw(struct guest_pci_function *f)
{
    enum status drained = end_dma(f);
    stop(f);
    guest_intx_release(&f->intx);
    enum status left = leave_domain(f);
    enum status hidden = hide_bars(f);
    f->dead = f->dead || f->msi.stuck || f->msix.stuck || f->intx.stuck || drained != STATUS_OK || left != STATUS_OK ||
              hidden != STATUS_OK;
    if (!f->dead) {
        return STATUS_OK;
    }
    return drained != STATUS_OK ? drained : left != STATUS_OK ? left : hidden != STATUS_OK ? hidden : STATUS_TIMEOUT;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

uint64_t guest_pci_function_resume(struct guest_pci_function *f, uint64_t now_ns)
{
    uint64_t next = sooner(device_irq_resume(&f->msi.irq, now_ns), guest_intx_resume(&f->intx, now_ns));
    for (unsigned i = 0; f->msix.host != NULL && i < f->msix.table.count; i++) {
        next = sooner(next, device_irq_resume(&f->msix.entries[i].irq, now_ns));
    }
    return next;
}

/* The guest's registers are those after power-on, so that nothing it had programmed comes back by itself. */
enum status guest_pci_function_stop(struct guest_pci_function *f)
{
    f->stopped = true;
    enum status status = guest_pci_function_withdraw(f);
    show_function(f);
    pci_view_set(&f->view, PCI_COMMAND, 2, 0);
    pci_function_bars_reset(f);
    return status;
}

static enum status join_again(struct guest_pci_function *f)
{
    enum status status = guest_sources_attach(f->config->sources, f->device);
    if (status != STATUS_OK) {
        return status;
    }
    f->attached = true;
    show_function(f);
    status = guest_pci_function_translate(f);
    status = status == STATUS_OK ? guest_pci_function_map(f) : status;
    return status == STATUS_OK && f->device->line.io != NULL ? guest_pci_function_line(f, &f->device->line) : status;
}

enum status guest_pci_function_return(struct guest_pci_function *f)
{
    bulkhead_assert(f->stopped && !f->dead);
    enum status status = join_again(f);
    if (status != STATUS_OK) {
        enum status undone = guest_pci_function_stop(f);
        return undone == STATUS_OK ? status : undone;
    }
    f->stopped = f->gone = false;
    guest_pci_function_restart(f);
    return STATUS_OK;
}

void guest_pci_function_free(struct guest_pci_function *f)
{
    pci_view_free(&f->view);
    guest_rom_free(&f->rom);
    f->present = false;
    if (f->dead) {
        return; /* what is stuck stays where it is */
    }
    guest_vmd_free(f->vmd);
    if (f->host != NULL) {
        guest_msix_free(&f->msix);
    }
    *f = (struct guest_pci_function){0};
}
