/* SPDX-License-Identifier: GPL-2.0-only
 * Any bytes as a configuration: no read outside them, and what is accepted keeps its promises. */
#include "plan/config.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_guest(const struct config_guest *g)
{
    if (g->cpus.count == 0 || g->cpus.count > CONFIG_CPUS_MAX || g->devices.count > CONFIG_DEVICES_MAX ||
        g->memory.number == 0 || g->memory.number % PAGE_SIZE != 0 || g->kernel.text[0] == 0 ||
        strlen(g->name.text) > CONFIG_NAME_MAX) {
        abort();
    }
    for (size_t i = 0; i < g->modules.count; i++) {
        if (g->modules.items[i].text == NULL || g->modules.items[i].at.line == 0) {
            abort();
        }
    }
}

static void check_device(const struct config_device *d)
{
    if (d->reset.number > CONFIG_RESET_NONE || d->rmrr.number > CONFIG_RMRR_MAP || d->rom.number > 1 ||
        d->expect.number > UINT32_MAX || d->address.number > UINT32_MAX) {
        abort();
    }
    if (d->by_id && (d->gsi.key.line != 0 || d->expect.key.line != 0)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config config;
    static struct diag items[8];
    struct diag_list diags = diag_list_make(items, ARRAY_LENGTH(items));
    enum status status = config_parse((const char *)data, size, "fuzz.toml", &config, &diags);
    if ((status == STATUS_OK) != (diags.errors == 0)) {
        abort();
    }
    if (status != STATUS_OK) {
        return 0;
    }
    if (config.version.number != 1 || config.guest_count == 0 || config.guest_count > CONFIG_GUESTS_MAX) {
        abort();
    }
    for (size_t i = 0; i < config.guest_count; i++) {
        check_guest(&config.guests[i]);
    }
    for (size_t i = 0; i < config.device_count; i++) {
        check_device(&config.devices[i]);
    }
    return 0;
}
