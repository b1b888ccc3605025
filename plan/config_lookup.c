/* SPDX-License-Identifier: GPL-2.0-only
 * What a configuration says about one guest or device, and how its places are written. */
#include "drivers/pci.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "plan/config.h"

#define SLICE_US 10000

char *config_where(const char *file, struct config_position at, char text[CONFIG_WHERE_SIZE])
{
    format_text(text, CONFIG_WHERE_SIZE, "%.*s:%u:%u", CONFIG_WHERE_NAME_MAX, file, at.line, at.column);
    return text;
}

const struct config_guest *config_find_guest(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->guest_count; i++) {
        if (strcmp(config->guests[i].name.text, name) == 0) {
            return &config->guests[i];
        }
    }
    return NULL;
}

static const struct config_device *find(const struct config *config, bool by_id, uint64_t number)
{
    for (size_t i = 0; i < config->device_count; i++) {
        if (config->devices[i].by_id == by_id && config->devices[i].address.number == number) {
            return &config->devices[i];
        }
    }
    return NULL;
}

const struct config_device *config_find_device(const struct config *config, struct sbdf at)
{
    return find(config, false, at.v);
}

const struct config_device *config_find_device_id(const struct config *config, uint16_t vendor, uint16_t device)
{
    return find(config, true, (uint64_t)vendor << 16 | device);
}

static void add_missing(struct config_value *value, const struct config_value *other)
{
    if (value->at.line == 0) {
        *value = *other;
    }
}

struct config_device config_device_of(const struct config *config, struct sbdf at, uint16_t vendor, uint16_t device)
{
    const struct config_device *by_address = config_find_device(config, at);
    const struct config_device *by_id = config_find_device_id(config, vendor, device);
    if (by_address == NULL) {
        return by_id == NULL ? (struct config_device){.by_id = false} : *by_id;
    }
    struct config_device all = *by_address;
    if (by_id != NULL) {
        add_missing(&all.reset, &by_id->reset);
        add_missing(&all.rom, &by_id->rom);
        add_missing(&all.rmrr, &by_id->rmrr);
        add_missing(&all.on_fault, &by_id->on_fault);
        add_missing(&all.fault_limit, &by_id->fault_limit);
        add_missing(&all.irq_limit, &by_id->irq_limit);
        add_missing(&all.fault_severity, &by_id->fault_severity);
        add_missing(&all.vfs, &by_id->vfs);
        add_missing(&all.trusted, &by_id->trusted);
        add_missing(&all.ats, &by_id->ats);
    }
    return all;
}

bool config_guest_starts(const struct config_guest *guest)
{
    return guest->autostart.at.line == 0 || guest->autostart.number != 0;
}

bool config_guest_arms_watch(const struct config_guest *guest)
{
    return guest->watch_armed.at.line == 0 || guest->watch_armed.number != 0;
}

struct config_range config_range_of(const struct config_value *value)
{
    return (struct config_range){.start = (value->number >> CONFIG_RANGE_SHIFT) * PAGE_SIZE,
                                 .size = (value->number & CONFIG_RANGE_PAGES_MAX) * PAGE_SIZE};
}

/* Where a VF's tables say nothing, its PF's do. */
bool config_device_is_trusted(const struct config *config, const struct pci_facts *pci, const struct pci_function *f)
{
    for (unsigned step = 0; step < 2; step++) {
        struct config_device table = config_device_of(config, f->at, f->vendor, f->device);
        if (table.trusted.at.line != 0) {
            return table.trusted.number != 0;
        }
        if (!f->is_vf || f->pf >= pci->count) {
            return false;
        }
        f = &pci->functions[f->pf];
    }
    return false;
}

bool config_device_uses_ats(const struct config *config, const struct pci_function *f)
{
    return config_device_of(config, f->at, f->vendor, f->device).ats.number != 0;
}

struct rate_limit config_rate_of(const struct config_value *value)
{
    return (struct rate_limit){.count = (uint32_t)(value->number >> CONFIG_RATE_SHIFT),
                               .period_ns = bits_get(value->number, CONFIG_RATE_SHIFT - 1, 0) * 1000};
}

uint64_t config_slice_us(const struct config *config)
{
    return config->system.slice.at.line != 0 ? config->system.slice.number : SLICE_US;
}
