/* SPDX-License-Identifier: GPL-2.0-only
 * A guest's view of configuration space (PCI 3.0 6.1, 6.7; PCIe 6.0 7.5, 7.6). */
#include "guest/pci_view.h"

#include "drivers/pci_caps.h"
#include "drivers/pci_regs.h"
#include "guest/pci_rules.h"
#include "kernel/core/pages.h"
#include "kernel/hw/pci_config.h"
#include "kernel/hw/phys.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"

#define READ_REQUEST_MAX 5u /* 4096 bytes; 6 and 7 are reserved */

enum status pci_view_init(struct pci_view *view)
{
    uint8_t **parts[] = {&view->value, &view->writable};
    *view = (struct pci_view){0};
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        struct hpa page;
        enum status status = pages_alloc(&page);
        if (status != STATUS_OK) {
            pci_view_free(view);
            return status;
        }
        *parts[i] = phys_to_virt(page);
    }
    return STATUS_OK;
}

void pci_view_free(struct pci_view *view)
{
    uint8_t *parts[] = {view->value, view->writable};
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        if (parts[i] != NULL) {
            pages_free(virt_to_phys(parts[i]), PAGE_SIZE);
        }
    }
    *view = (struct pci_view){0};
}

uint32_t pci_view_get(const struct pci_view *view, uint16_t offset, unsigned width)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < width; i++) {
        value |= (uint32_t)view->value[offset + i] << (8 * i);
    }
    return value;
}

static void put(uint8_t *bytes, uint16_t offset, unsigned width, uint32_t value)
{
    for (unsigned i = 0; i < width; i++) {
        bytes[offset + i] = (uint8_t)(value >> (8 * i));
    }
}

void pci_view_set(struct pci_view *view, uint16_t offset, unsigned width, uint32_t value)
{
    put(view->value, offset, width, value);
}

/* Device control: payloads no larger than what the device and its path are set to, no reserved request size. */
static void keep_limits(struct pci_view *view)
{
    uint16_t at = (uint16_t)(view->express + PCI_EXP_DEVCTL);
    uint64_t control = pci_view_get(view, at, 2);
    if (bits_get(control, 7, 5) > view->payload) {
        control = bits_set(control, 7, 5, view->payload);
    }
    if (bits_get(control, 14, 12) > READ_REQUEST_MAX) {
        control = bits_set(control, 14, 12, READ_REQUEST_MAX);
    }
    pci_view_set(view, at, 2, (uint32_t)control);
}

void pci_view_write(struct pci_view *view, uint16_t offset, unsigned width, uint32_t value)
{
    for (unsigned i = 0; i < width; i++) {
        uint8_t bits = view->writable[offset + i];
        uint8_t byte = (uint8_t)(value >> (8 * i));
        view->value[offset + i] = (uint8_t)((view->value[offset + i] & ~bits) | (byte & bits));
    }
    if (view->express != 0) {
        keep_limits(view);
    }
}

static uint32_t device_read(struct sbdf at, uint16_t offset, unsigned width)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < width; i++) {
        value |= (uint32_t)pci_config_read8(at, (uint16_t)(offset + i)) << (8 * i);
    }
    return value;
}

static void show_register(struct pci_view *view, struct sbdf at, uint16_t base, const struct pci_rule_register *r)
{
    uint16_t offset = (uint16_t)(base + r->offset);
    uint32_t copied = r->copied != 0 ? device_read(at, offset, r->width) & r->copied : 0;
    pci_view_set(view, offset, r->width, copied | r->set);
    put(view->writable, offset, r->width, r->writable);
}

static void limit_payload(struct pci_view *view)
{
    uint16_t at = (uint16_t)(view->express + PCI_EXP_DEVCAP);
    uint64_t devcap = pci_view_get(view, at, 4);
    uint64_t set = bits_get(pci_view_get(view, view->express + PCI_EXP_DEVCTL, 2), 7, 5);
    view->payload = (uint8_t)(set < bits_get(devcap, 2, 0) ? set : bits_get(devcap, 2, 0));
    pci_view_set(view, at, 4, (uint32_t)bits_set(devcap, 2, 0, view->payload));
    keep_limits(view);
}

static void remember(struct pci_view *view, uint16_t id, uint16_t offset)
{
    switch (id) {
    case PCI_CAP_PM:
        view->pm = offset;
        break;
    case PCI_CAP_MSI:
        view->msi = offset;
        break;
    case PCI_CAP_MSIX:
        view->msix = offset;
        break;
    case PCI_CAP_EXPRESS:
        view->express = offset;
        limit_payload(view);
        break;
    default:
        break;
    }
}

static void show_emulated(struct pci_view *view, struct sbdf at, const struct pci_rule *rule, uint16_t offset,
                          uint16_t flags)
{
    for (size_t i = 0; i < rule->register_count; i++) {
        if (pci_rule_applies(&rule->registers[i], flags)) {
            show_register(view, at, offset, &rule->registers[i]);
        }
    }
    remember(view, rule->id, offset);
}

static void show_passed(struct pci_view *view, struct sbdf at, uint16_t offset, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        view->value[offset + i] = pci_config_read8(at, (uint16_t)(offset + i));
    }
}

/* Bytes that have a meaning already: one bit each. */
struct claims {
    uint64_t bits[PCI_VIEW_SIZE / 64];
};

/* Take the bytes for one capability. False: they are not all in its part of config space, or a broken device lets two
 * capabilities overlap; the second one is hidden, so that no byte has two meanings. */
static bool claim(struct claims *claims, uint16_t offset, unsigned size, unsigned end)
{
    if (size < 4 || offset + size > end) {
        return false;
    }
    for (unsigned i = offset; i < offset + size; i++) {
        if ((claims->bits[i / 64] & BIT64(i % 64)) != 0) {
            return false;
        }
    }
    for (unsigned i = offset; i < offset + size; i++) {
        claims->bits[i / 64] |= BIT64(i % 64);
    }
    return true;
}

/* One that is emulated is one thing: the first of its kind. */
static bool is_second(const struct pci_view *view, const struct pci_rule *rule)
{
    const struct {
        uint16_t id, offset;
    } kept[] = {
        {PCI_CAP_PM, view->pm}, {PCI_CAP_MSI, view->msi}, {PCI_CAP_MSIX, view->msix}, {PCI_CAP_EXPRESS, view->express}};
    for (size_t i = 0; i < ARRAY_LENGTH(kept); i++) {
        if (kept[i].id == rule->id && kept[i].offset != 0) {
            return true;
        }
    }
    return false;
}

/* Chain the capabilities that are shown, in the device's order. The pointer to the next one is written when it is
 * known, so that the chain never leads to a hidden one. */
static void show_legacy(struct pci_view *view, const struct pci_function *host)
{
    struct pci_reader reader = pci_reader_live(&host->at);
    struct pci_cap_walk walk = pci_caps_start(&reader, host->at, NULL);
    struct pci_cap cap;
    struct claims claims = {0};
    uint16_t link = PCI_CAPABILITIES;
    while (pci_caps_next(&walk, &cap)) {
        const struct pci_rule *rule = pci_rules_find(&pci_rules_legacy, cap.id, host->vendor);
        if (rule == NULL || rule->treatment == PCI_HIDE || is_second(view, rule)) {
            continue;
        }
        uint16_t flags = pci_reader_u16(&reader, (uint16_t)(cap.offset + 2));
        unsigned size = pci_rule_size(rule, flags);
        if (!claim(&claims, cap.offset, size, PCI_CONFIG_BYTES)) {
            continue;
        }
        if (rule->treatment == PCI_PASS) {
            show_passed(view, host->at, cap.offset, size);
        } else {
            show_emulated(view, host->at, rule, cap.offset, flags);
        }
        view->value[cap.offset] = (uint8_t)cap.id;
        view->value[cap.offset + 1] = 0;
        view->value[link] = (uint8_t)cap.offset;
        link = (uint16_t)(cap.offset + 1);
    }
    if (link != PCI_CAPABILITIES) {
        view->value[PCI_STATUS] |= PCI_STATUS_CAPABILITIES;
    }
}

/* The chain of extended ones starts at 0x100 whatever is there: id 0 and a pointer when that one is hidden (PCIe 6.0
 * 7.9.28). All that are shown are passed. */
static void show_extended(struct pci_view *view, const struct pci_function *host)
{
    struct pci_reader reader = pci_reader_live(&host->at);
    struct pci_cap_walk walk = pci_ext_caps_start(&reader, host->at, NULL);
    struct pci_cap cap;
    struct claims claims = {0};
    uint16_t last = PCI_EXT_FIRST;
    while (pci_caps_next(&walk, &cap)) {
        const struct pci_rule *rule = pci_rules_find(&pci_rules_extended, cap.id, host->vendor);
        if (rule == NULL || rule->treatment != PCI_PASS || !claim(&claims, cap.offset, rule->size, PCI_VIEW_SIZE)) {
            continue;
        }
        show_passed(view, host->at, cap.offset, rule->size);
        pci_view_set(view, cap.offset, 4, (uint32_t)cap.version << 16 | cap.id);
        if (cap.offset != PCI_EXT_FIRST) {
            pci_view_set(view, last, 4, pci_view_get(view, last, 4) | (uint32_t)cap.offset << 20);
        }
        last = cap.offset;
    }
}

void pci_view_of_function(struct pci_view *view, const struct pci_function *host)
{
    memset(view->value, 0, PCI_VIEW_SIZE);
    memset(view->writable, 0, PCI_VIEW_SIZE);
    view->msi = view->msix = view->express = view->pm = 0;
    pci_view_set(view, PCI_VENDOR, 2, host->vendor);
    pci_view_set(view, PCI_DEVICE, 2, host->device);
    pci_view_set(view, PCI_REVISION, 4, host->class_code << 8 | host->revision);
    pci_view_set(view, PCI_SUBSYSTEM, 2, host->subsystem_vendor);
    pci_view_set(view, PCI_SUBSYSTEM + 2, 2, host->subsystem);
    for (size_t i = 0; i < pci_rules_header_count; i++) {
        show_register(view, host->at, 0, &pci_rules_header[i]);
    }
    show_legacy(view, host);
    show_extended(view, host);
}

void pci_view_of_host_bridge(struct pci_view *view)
{
    pci_view_set(view, PCI_VENDOR, 2, 0x1b36); /* Red Hat's "QEMU PCIe Host bridge": no driver binds to it */
    pci_view_set(view, PCI_DEVICE, 2, 0x0008);
    pci_view_set(view, PCI_REVISION, 4, 0x06000000);
}
