/* SPDX-License-Identifier: GPL-2.0-only
 * What must hold between the parts of a configuration. */
#include "plan/config_check.h"

#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "plan/config_keys.h"
#include "plan/config_network.h"
#include "plan/config_store.h"

static void check_required(struct config_lexer *lx, const struct config_table *table, const void *object,
                           struct config_position at)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct config_key *key = &table->keys[i];
        const struct config_position *first = (const struct config_position *)((const char *)object + key->offset);
        if (key->required && first->line == 0) {
            char fix[DIAG_TEXT_SIZE];
            format_text(fix, sizeof(fix), "add for example: %s = %s", key->name, key->example);
            config_lexer_error(lx, at, CONFIG_MISSING_KEY, fix, "'%s' is missing", key->name);
        }
    }
}

static void check_cpus_differ(struct config_lexer *lx, const struct config_guest *guest)
{
    const struct config_list *cpus = &guest->cpus;
    for (size_t i = 0; guest->share.number == 0 && i < cpus->count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (cpus->items[k].number == cpus->items[i].number) {
                config_lexer_error(lx, cpus->items[i].at, CONFIG_DUPLICATE_ITEM,
                                   "write it once, or add share = true: virtual CPUs then take turns on it",
                                   "CPU %llu is in this list already, at line %u",
                                   (unsigned long long)cpus->items[i].number, cpus->items[k].at.line);
                break;
            }
        }
    }
}

void config_check_names_guest(struct config_lexer *lx, const struct config *config, const struct config_value *value)
{
    if (value->text == NULL || !config_store_is_name(value->text) || config_find_guest(config, value->text) != NULL) {
        return;
    }
    char fix[DIAG_TEXT_SIZE];
    format_text(fix, sizeof(fix), "add [guest.%s], or name a guest that is there", value->text);
    for (size_t i = 0; i < config->guest_count; i++) {
        if (config_keys_near(config->guests[i].name.text, value->text)) {
            format_text(fix, sizeof(fix), "write \"%s\"", config->guests[i].name.text);
        }
    }
    config_lexer_error(lx, value->at, CONFIG_UNKNOWN_GUEST, fix, "there is no guest \"%s\"", value->text);
}

/* What belongs to one device alone would say the same about all with that id, or nothing. */
static void check_not_by_id(struct config_lexer *lx, const struct config_device *device,
                            const struct config_value *value, const char *key)
{
    if (device->by_id && value->key.line != 0) {
        config_lexer_error(lx, value->key, CONFIG_NOT_BY_ID,
                           "write it into a table of the device's address, [device.\"0000:3b:00.0\"]",
                           "'%s' cannot hold for every device with id %s", key, device->address.text);
    }
}

/* `key` means something only beside `other`. */
static void check_needs(struct config_lexer *lx, const struct config_value *value, const char *key,
                        const struct config_value *other, const char *other_key)
{
    if (value->key.line != 0 && other->key.line == 0) {
        char fix[DIAG_TEXT_SIZE];
        format_text(fix, sizeof(fix), "add %s, or leave %s out", other_key, key);
        config_lexer_error(lx, value->key, CONFIG_NEEDS_KEY, fix, "'%s' means nothing without '%s'", key, other_key);
    }
}

static void check_images(struct config_lexer *lx, const struct config_guest *g)
{
    check_needs(lx, &g->initrd_sha256, "initrd-sha256", &g->initrd, "initrd");
    check_needs(lx, &g->fallback_initrd, "fallback-initrd", &g->fallback_kernel, "fallback-kernel");
    check_needs(lx, &g->fallback_cmdline, "fallback-cmdline", &g->fallback_kernel, "fallback-kernel");
    check_needs(lx, &g->fallback_kernel_sha256, "fallback-kernel-sha256", &g->fallback_kernel, "fallback-kernel");
    check_needs(lx, &g->fallback_initrd_sha256, "fallback-initrd-sha256", &g->fallback_initrd, "fallback-initrd");
    if (g->initrd_sha256.key.line == 0) {
        check_needs(lx, &g->fallback_kernel, "fallback-kernel", &g->kernel_sha256, "kernel-sha256");
    }
}

static void check_watch(struct config_lexer *lx, const struct config_guest *g)
{
    for (size_t i = 0; i < g->watch.count; i++) {
        struct config_range a = config_range_of(&g->watch.items[i]);
        for (size_t k = 0; k < i; k++) {
            struct config_range b = config_range_of(&g->watch.items[k]);
            if (a.start < b.start + b.size && b.start < a.start + a.size) {
                config_lexer_error(lx, g->watch.items[i].at, CONFIG_WATCH_OVERLAPS, "name every page in one range only",
                                   "\"%.60s\" and \"%.60s\" overlap", g->watch.items[i].text, g->watch.items[k].text);
            }
        }
    }
    check_needs(lx, &g->on_watch, "on-watch", &(struct config_value){.key = g->watch.key}, "watch");
    check_needs(lx, &g->watch_armed, "watch-armed", &(struct config_value){.key = g->watch.key}, "watch");
    check_needs(lx, &g->watch_after, "watch-after-s", &(struct config_value){.key = g->watch.key}, "watch");
}

/* Somebody has to start: the one that starts the others, or any. */
static void check_autostart(struct config_lexer *lx, const struct config *config)
{
    const struct config_value *service = &config->system.service;
    size_t off = 0;
    for (size_t i = 0; i < config->guest_count; i++) {
        const struct config_guest *guest = &config->guests[i];
        bool serves = service->text != NULL && strcmp(service->text, guest->name.text) == 0;
        off += config_guest_starts(guest) ? 0 : 1;
        if (serves && !config_guest_starts(guest)) {
            config_lexer_error(lx, guest->autostart.key, CONFIG_NONE_STARTS, "leave autostart out here",
                               "the service guest has to start with the machine: nobody else could start it");
        }
    }
    if (off != 0 && off == config->guest_count && service->text == NULL) {
        config_lexer_error(lx, config->guests[0].autostart.key, CONFIG_NONE_STARTS,
                           "leave autostart = false out in at least one guest", "no guest starts with the machine");
    }
}

void config_check(struct config_lexer *lx, const struct config *config)
{
    struct config_position start = {1, 1};
    check_required(lx, &config_tables[CONFIG_TABLE_TOP], config, start);
    for (size_t i = 0; i < config->guest_count; i++) {
        check_required(lx, &config_tables[CONFIG_TABLE_GUEST], &config->guests[i], config->guests[i].name.at);
        check_cpus_differ(lx, &config->guests[i]);
        check_images(lx, &config->guests[i]);
        check_watch(lx, &config->guests[i]);
    }
    for (size_t i = 0; i < config->device_count; i++) {
        check_not_by_id(lx, &config->devices[i], &config->devices[i].gsi, "gsi");
        check_not_by_id(lx, &config->devices[i], &config->devices[i].expect, "expect");
    }
    config_check_names_guest(lx, config, &config->system.service);
    if (config->system.unassigned.text != NULL && strcmp(config->system.unassigned.text, "block") != 0) {
        config_check_names_guest(lx, config, &config->system.unassigned);
    }
    for (size_t i = 0; i < config->network_count; i++) {
        check_required(lx, &config_tables[CONFIG_TABLE_NETWORK], &config->networks[i], config->networks[i].name.at);
        config_network_check(lx, config, i);
    }
    check_autostart(lx, config);
    if (config->guest_count == 0) {
        config_lexer_error(lx, start, CONFIG_NO_GUEST, "add [guest.NAME] with cpus, memory and kernel",
                           "there is no guest");
    }
}
