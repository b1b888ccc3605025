/* SPDX-License-Identifier: GPL-2.0-only
 * USB legacy support hand-off (xHCI 1.2 4.22.1, EHCI 1.0 5.1, UHCI 1.1 5.2.1). */
#include "drivers/usb_handoff.h"

#include "drivers/pci_diag.h"
#include "drivers/pci_regs.h"
#include "kernel/core/mmio_map.h"
#include "kernel/core/time.h"
#include "kernel/hw/cpu.h"
#include "kernel/hw/mmio.h"

#define CLASS_UHCI 0x0c0300
#define CLASS_EHCI 0x0c0320
#define CLASS_XHCI 0x0c0330

#define HANDOFF_US UINT64_C(1000000)
#define HALT_US UINT64_C(20000) /* xHCI 1.2 5.4.1.1: 16 ms; EHCI 1.0 2.3.1: 16 micro-frames */

/* Legacy support capability: xHCI in MMIO, EHCI in configuration space; same layout. */
enum legacy_register {
    LEGSUP = 0x0,    /* id 7:0, next 15:8, firmware owns 16, system owns 24 */
    LEGCTLSTS = 0x4, /* SMI enables, and status bits that a written 1 clears */
};

#define LEGSUP_ID 1
#define LEGSUP_FIRMWARE BIT32(16)
#define LEGSUP_SYSTEM BIT32(24)
/* xHCI: enables 0, 4, 13-15 to 0 (all others there are read-only or reserved, kept), status 31:29 cleared. */
#define XHCI_LEGCTL_ENABLES (BIT32(0) | BIT32(4) | BIT32(13) | BIT32(14) | BIT32(15))
#define XHCI_LEGCTL_STATUS MASK32(31, 29)
#define EHCI_LEGCTL_STATUS MASK32(31, 29)
/* UHCI legacy support: status bits cleared by writing 1; all traps and enables 0. */
#define UHCI_LEGSUP 0xc0
#define UHCI_LEGSUP_CLEAR 0x8f00

/* Capability registers, common to EHCI and xHCI but for the parameters' place. */
#define HC_CAPLENGTH 0x00
#define EHCI_HCCPARAMS 0x08
#define XHCI_HCCPARAMS 0x10
/* Operational registers. */
#define HC_USBCMD 0x00
#define HC_USBSTS 0x04
#define HC_RUN BIT32(0)
#define XHCI_HALTED BIT32(0)
#define EHCI_HALTED BIT32(12)

#define CHAIN_MAX 64

/* The controller's registers. */
struct window {
    struct hpa base;
    uint64_t size;
};

/* A legacy support capability, wherever it is. */
struct legacy {
    const struct pci_function *f;
    bool in_config;
    struct hpa mmio;
    uint16_t offset;
};

static uint32_t legacy_read(const struct legacy *l, unsigned reg)
{
    return l->in_config ? pci_config_read32(l->f->at, (uint16_t)(l->offset + reg)) : mmio_read32(hpa_add(l->mmio, reg));
}

static void legacy_write(const struct legacy *l, unsigned reg, uint32_t value)
{
    if (l->in_config) {
        pci_config_write32(l->f->at, (uint16_t)(l->offset + reg), value);
    } else {
        mmio_write32(hpa_add(l->mmio, reg), value);
    }
}

bool usb_handoff_applies(const struct pci_function *f)
{
    return f->class_code == CLASS_UHCI || f->class_code == CLASS_EHCI || f->class_code == CLASS_XHCI;
}

static enum status open_window(const struct pci_function *f, struct window *out)
{
    const struct pci_bar *bar = &f->bars[0];
    bool memory = bar->kind == PCI_BAR_MEM32 || bar->kind == PCI_BAR_MEM64;
    uint16_t command = pci_config_read16(f->at, PCI_COMMAND);
    if (!memory || !bar->assigned || bar->size < 0x20 || command == UINT16_MAX || (command & PCI_COMMAND_MEMORY) == 0 ||
        (f->blocked & PCI_BLOCKED_BARS) != 0) {
        return STATUS_NOT_FOUND;
    }
    *out = (struct window){hpa(bar->address), bar->size};
    return mmio_map(out->base, out->size);
}

static bool wait_for(const struct legacy *l, uint32_t mask, uint32_t value)
{
    struct deadline deadline = deadline_in_us(HANDOFF_US);
    while ((legacy_read(l, LEGSUP) & mask) != value) {
        if (deadline_passed(deadline)) {
            return false;
        }
        cpu_pause();
    }
    return true;
}

static enum status take(const struct legacy *l, struct diag_list *diag)
{
    uint32_t legsup = legacy_read(l, LEGSUP);
    legacy_write(l, LEGSUP, legsup | LEGSUP_SYSTEM);
    if (wait_for(l, LEGSUP_FIRMWARE, 0)) {
        return STATUS_OK;
    }
    char where[SBDF_TEXT_SIZE];
    diag_add(diag, PCI_DIAG_USB_HANDOFF, DIAG_WARNING, sbdf_text(l->f->at, where),
             "switch legacy USB support off in firmware setup",
             "firmware did not give this USB controller up within a second; it was taken by force");
    legacy_write(l, LEGSUP, (legacy_read(l, LEGSUP) & ~LEGSUP_FIRMWARE) | LEGSUP_SYSTEM);
    return STATUS_TIMEOUT;
}

/* Keep the first thing that went wrong. */
static enum status first_of(enum status a, enum status b)
{
    return a != STATUS_OK ? a : b;
}

/* Stop the schedule: a running controller would only report the aborts that follow. */
static enum status halt(const struct window *w, uint32_t halted)
{
    uint64_t operational = mmio_read8(hpa_add(w->base, HC_CAPLENGTH));
    if (operational < 0x0c || !is_aligned(operational, 4) || operational + 8 > w->size) {
        return STATUS_BAD_FORMAT;
    }
    struct hpa command = hpa_add(w->base, operational + HC_USBCMD);
    struct hpa state = hpa_add(w->base, operational + HC_USBSTS);
    mmio_write32(command, mmio_read32(command) & ~HC_RUN);
    struct deadline deadline = deadline_in_us(HALT_US);
    while ((mmio_read32(state) & halted) == 0) {
        if (deadline_passed(deadline)) {
            return STATUS_TIMEOUT;
        }
        cpu_pause();
    }
    return STATUS_OK;
}

/* xHCI extended capabilities: a chain of dword distances (xHCI 1.2 7). */
static enum status find_xhci_legacy(const struct pci_function *f, const struct window *w, struct legacy *out)
{
    uint64_t step = bits_get(mmio_read32(hpa_add(w->base, XHCI_HCCPARAMS)), 31, 16);
    uint64_t offset = 0;
    for (unsigned i = 0; step != 0 && i < CHAIN_MAX; i++) {
        offset += step * 4;
        if (offset + 8 > w->size) {
            return STATUS_BAD_FORMAT;
        }
        uint32_t header = mmio_read32(hpa_add(w->base, offset));
        if (header == UINT32_MAX) {
            return STATUS_BAD_FORMAT;
        }
        if (bits_get(header, 7, 0) == LEGSUP_ID) {
            *out = (struct legacy){.f = f, .mmio = hpa_add(w->base, offset)};
            return STATUS_OK;
        }
        step = bits_get(header, 15, 8);
    }
    return STATUS_NOT_FOUND;
}

static enum status xhci(const struct pci_function *f, const struct window *w, struct diag_list *diag)
{
    struct legacy legacy;
    enum status found = find_xhci_legacy(f, w, &legacy);
    enum status taken = STATUS_OK;
    if (found == STATUS_OK) {
        taken = take(&legacy, diag);
        uint32_t control = legacy_read(&legacy, LEGCTLSTS) & ~XHCI_LEGCTL_ENABLES;
        legacy_write(&legacy, LEGCTLSTS, control | XHCI_LEGCTL_STATUS);
    } else if (found != STATUS_NOT_FOUND) {
        return found;
    }
    return first_of(taken, halt(w, XHCI_HALTED));
}

/* EHCI extended capabilities: a chain of offsets in configuration space (EHCI 1.0 2.1.7). */
static enum status find_ehci_legacy(const struct pci_function *f, const struct window *w, struct legacy *out)
{
    uint16_t offset = (uint16_t)bits_get(mmio_read32(hpa_add(w->base, EHCI_HCCPARAMS)), 15, 8);
    for (unsigned i = 0; offset != 0 && i < CHAIN_MAX; i++) {
        if (offset < PCI_CAPS_FIRST || !is_aligned(offset, 4) || offset > 0xf8) {
            return STATUS_BAD_FORMAT;
        }
        uint32_t header = pci_config_read32(f->at, offset);
        if (bits_get(header, 7, 0) == LEGSUP_ID) {
            *out = (struct legacy){.f = f, .in_config = true, .offset = offset};
            return STATUS_OK;
        }
        offset = (uint16_t)bits_get(header, 15, 8);
    }
    return STATUS_NOT_FOUND;
}

static enum status ehci(const struct pci_function *f, const struct window *w, struct diag_list *diag)
{
    struct legacy legacy;
    enum status found = find_ehci_legacy(f, w, &legacy);
    enum status taken = STATUS_OK;
    if (found == STATUS_OK) {
        taken = take(&legacy, diag);
        legacy_write(&legacy, LEGCTLSTS, EHCI_LEGCTL_STATUS);
    } else if (found != STATUS_NOT_FOUND) {
        return found;
    }
    return first_of(taken, halt(w, EHCI_HALTED));
}

enum status usb_handoff(const struct pci_function *f, struct diag_list *diag)
{
    if (f->class_code == CLASS_UHCI) {
        pci_config_write16(f->at, UHCI_LEGSUP, UHCI_LEGSUP_CLEAR);
        return STATUS_OK;
    }
    struct window window;
    enum status status = open_window(f, &window);
    if (status != STATUS_OK) {
        return status;
    }
    return f->class_code == CLASS_XHCI ? xhci(f, &window, diag) : ehci(f, &window, diag);
}
