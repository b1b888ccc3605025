/* SPDX-License-Identifier: GPL-2.0-only
 * Making the service guest's channel from the configuration. */
#include "kernel/launch_service.h"

#include "kernel/core/event_log.h"
#include "kernel/core/log_level.h"
#include "kernel/core/pages.h"
#include "kernel/core/power.h"
#include "kernel/hw/phys.h"
#include "kernel/launch_faults.h"
#include "kernel/launch_modules.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/sha256.h"
#include "kernel/lib/string.h"
#include "kernel/lib/version.h"

static struct {
    struct isolate *isolate;
    char config_sha256[SHA256_TEXT_SIZE];
} service;

static uint64_t fault_total(void)
{
    return __atomic_load_n(&service.isolate->watch.count, __ATOMIC_RELAXED);
}

static void end_machine(enum control_machine what)
{
    if (what == CONTROL_MACHINE_REBOOT) {
        power_reset();
    }
    log_error("power: the machine did not switch off: %s", status_text(power_off()));
}

static void hash_configuration(const struct launch_parts *parts)
{
    char name[LAUNCH_NAME_SIZE];
    uint8_t digest[SHA256_BYTES];
    launch_modules_config(parts->boot, name);
    const struct boot_module *module = launch_modules_find(parts->boot, name);
    sha256_of(phys_to_virt(module->start), module->size, digest);
    sha256_text(digest, service.config_sha256);
}

static enum status allocate(size_t bytes, struct channel **out)
{
    struct hpa at;
    enum status status = pages_alloc_block(align_up(bytes, PAGE_SIZE), PAGE_SIZE, UINT64_MAX, &at);
    if (status == STATUS_OK) {
        *out = phys_to_virt(at);
        memset(*out, 0, bytes);
    }
    return status;
}

static size_t index_of_service(const struct config *config)
{
    size_t i = 0;
    while (strcmp(config->guests[i].name.text, config->system.service.text) != 0) {
        i++; /* the configuration was checked: it is there */
    }
    return i;
}

/* The words are in the order of enum log_level, "none" behind them. */
static void choose_level(const struct config *config)
{
    const struct config_value *level = &config->system.events_level;
    if (level->at.line != 0) {
        event_log_set_level(level->number == LOG_LEVELS ? EVENT_LOG_NONE : (int)level->number);
    }
}

enum status launch_service_make(const struct launch_parts *parts, struct vm_owned *const *guests, struct channel **out)
{
    const struct config *config = parts->config;
    *out = NULL;
    if (config->system.service.at.line == 0) {
        return STATUS_OK;
    }
    const char **names = arena_array(parts->arena, config->guest_count, sizeof(*names));
    enum status status = allocate(channel_bytes(config->guest_count), out);
    if (names == NULL || status != STATUS_OK) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < config->guest_count; i++) {
        names[i] = config->guests[i].name.text;
    }
    service.isolate = parts->isolate;
    choose_level(config);
    hash_configuration(parts);
    static const struct control_faults faults = {launch_faults_count};
    const struct channel_parts channel = {
        .control = {.version = BULKHEAD_VERSION,
                    .config_sha256 = service.config_sha256,
                    .guests = guests,
                    .guest_count = config->guest_count,
                    .networks = parts->network->links,
                    .network_count = parts->network->count,
                    .faults = &faults,
                    .fault_total = fault_total},
        .guest_names = names,
        .self = index_of_service(config),
        .machine = end_machine,
    };
    channel_init(*out, &channel);
    return STATUS_OK;
}

void launch_service_poll(struct channel *channel)
{
    if (channel != NULL) {
        channel_poll(channel);
    }
}
