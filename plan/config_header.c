/* SPDX-License-Identifier: GPL-2.0-only
 * Tables begin. */
#include "plan/config_header.h"

#include "kernel/lib/format.h"
#include "kernel/lib/sbdf.h"
#include "kernel/lib/string.h"
#include "plan/config_store.h"

#define HEADER_PARTS 2

/* The parts of [a] or [a.b]; *count is above HEADER_PARTS when there are more. */
static bool read_parts(struct config_parser *p, struct config_token parts[HEADER_PARTS], size_t *count)
{
    struct config_position at = p->lx.position;
    *count = 0;
    config_lexer_advance(&p->lx);
    if (config_lexer_peek(&p->lx) == '[') {
        config_lexer_error(&p->lx, at, CONFIG_UNUSED_TOML, "write [guest.NAME]", "arrays of tables are not used here");
        return false;
    }
    for (;;) {
        struct config_token part;
        config_lexer_skip_space(&p->lx);
        if (!config_lexer_key(&p->lx, &part)) {
            return false;
        }
        if (*count < HEADER_PARTS) {
            parts[*count] = part;
        }
        (*count)++;
        config_lexer_skip_space(&p->lx);
        int c = config_lexer_peek(&p->lx);
        if (c != '.' && c != ']') {
            config_lexer_error(&p->lx, p->lx.position, CONFIG_BAD_TABLE, "write [system] or [guest.NAME]",
                               "']' is missing behind the table's name");
            return false;
        }
        config_lexer_advance(&p->lx);
        if (c == ']') {
            return config_lexer_end_statement(&p->lx);
        }
    }
}

static void begin_system(struct config_parser *p, struct config_position at)
{
    struct config_system *system = &p->out->system;
    if (system->at.line != 0) {
        config_lexer_error(&p->lx, at, CONFIG_DUPLICATE_TABLE, "put all its keys into one table",
                           "[system] is there already, at line %u", system->at.line);
        return;
    }
    system->at = at;
    p->table = &config_tables[CONFIG_TABLE_SYSTEM];
    p->object = system;
}

static void begin_guest(struct config_parser *p, struct config_position at, const struct config_token *name)
{
    if (!config_store_is_name(name->text) || strcmp(name->text, "block") == 0) {
        config_lexer_error(&p->lx, name->at, CONFIG_BAD_NAME,
                           "use a-z, 0-9 and '-', at most 31 characters, and not \"block\"",
                           "'%.60s' cannot be a guest's name", name->text);
        return;
    }
    const struct config_guest *twin = config_find_guest(p->out, name->text);
    if (twin != NULL) {
        config_lexer_error(&p->lx, name->at, CONFIG_DUPLICATE_TABLE, "give one of them another name",
                           "a guest named '%s' is there already, at line %u", name->text, twin->name.at.line);
        return;
    }
    if (p->out->guest_count == CONFIG_GUESTS_MAX) {
        config_lexer_error(&p->lx, at, CONFIG_TOO_MANY, "leave some out", "there is room for %u guests",
                           CONFIG_GUESTS_MAX);
        return;
    }
    struct config_guest *guest = &p->out->guests[p->out->guest_count++];
    guest->name = (struct config_value){.key = at, .at = at, .text = name->text};
    p->table = &config_tables[CONFIG_TABLE_GUEST];
    p->object = guest;
}

/* An address or an id. */
static bool read_device_name(const char *text, struct config_device *out)
{
    struct sbdf at;
    out->by_id = config_store_read_id(text, &out->address.number);
    if (!out->by_id && sbdf_parse(text, strlen(text), &at)) {
        out->address.number = at.v;
        return true;
    }
    return out->by_id;
}

static const struct config_device *find_twin(const struct config *config, const struct config_device *wanted)
{
    for (size_t i = 0; i < config->device_count; i++) {
        const struct config_device *d = &config->devices[i];
        if (d->by_id == wanted->by_id && d->address.number == wanted->address.number) {
            return d;
        }
    }
    return NULL;
}

static void begin_device(struct config_parser *p, struct config_position at, const struct config_token *name)
{
    struct config_device wanted = {.address = {.key = at, .at = at, .text = name->text}};
    if (!read_device_name(name->text, &wanted)) {
        config_lexer_error(&p->lx, name->at, CONFIG_BAD_DEVICE,
                           "write [device.\"0000:3b:00.0\"], or [device.\"8086:28c0\"] for every device with that id",
                           "\"%.60s\" is not a device's address or id", name->text);
        return;
    }
    const struct config_device *twin = find_twin(p->out, &wanted);
    if (twin != NULL) {
        config_lexer_error(&p->lx, name->at, CONFIG_DUPLICATE_TABLE, "put all its keys into one table",
                           "device %.60s has a table already, at line %u", name->text, twin->address.at.line);
        return;
    }
    if (p->out->device_count == CONFIG_DEVICE_TABLES_MAX) {
        config_lexer_error(&p->lx, at, CONFIG_TOO_MANY, "leave some out", "there is room for %u tables of devices",
                           CONFIG_DEVICE_TABLES_MAX);
        return;
    }
    struct config_device *device = &p->out->devices[p->out->device_count++];
    *device = wanted;
    p->table = &config_tables[CONFIG_TABLE_DEVICE];
    p->object = device;
}

static void begin_network(struct config_parser *p, struct config_position at, const struct config_token *name)
{
    if (!config_store_is_name(name->text)) {
        config_lexer_error(&p->lx, name->at, CONFIG_BAD_NAME, "use a-z, 0-9 and '-', at most 31 characters",
                           "'%.60s' cannot be a network's name", name->text);
        return;
    }
    for (size_t i = 0; i < p->out->network_count; i++) {
        const struct config_network *twin = &p->out->networks[i];
        if (strcmp(twin->name.text, name->text) == 0) {
            config_lexer_error(&p->lx, name->at, CONFIG_DUPLICATE_TABLE, "give one of them another name",
                               "a network named '%s' is there already, at line %u", name->text, twin->name.at.line);
            return;
        }
    }
    if (p->out->network_count == CONFIG_NETWORKS_MAX) {
        config_lexer_error(&p->lx, at, CONFIG_TOO_MANY, "leave some out", "there is room for %u networks",
                           CONFIG_NETWORKS_MAX);
        return;
    }
    struct config_network *network = &p->out->networks[p->out->network_count++];
    network->name = (struct config_value){.key = at, .at = at, .text = name->text};
    p->table = &config_tables[CONFIG_TABLE_NETWORK];
    p->object = network;
}

static void refuse_unknown_table(struct config_parser *p, const struct config_token *first, size_t parts)
{
    bool guest = strcmp(first->text, "guest") == 0;
    char meant[DIAG_TEXT_SIZE] = "";
    if (strcmp(first->text, "device") == 0 || (parts == 2 && config_keys_near(first->text, "device"))) {
        format_text(meant, sizeof(meant), "; did you mean '[device.\"ADDRESS-OR-ID\"]'?");
    } else if (guest || (parts == 2 && config_keys_near(first->text, "guest"))) {
        format_text(meant, sizeof(meant), "; did you mean '[guest.NAME]'?");
    } else if (strcmp(first->text, "network") == 0 || (parts == 2 && config_keys_near(first->text, "network"))) {
        format_text(meant, sizeof(meant), "; did you mean '[network.NAME]'?");
    } else if (parts == 1 && config_keys_near(first->text, "system")) {
        format_text(meant, sizeof(meant), "; did you mean '[system]'?");
    }
    config_lexer_error(&p->lx, first->at, CONFIG_UNKNOWN_TABLE,
                       "write [system], [guest.NAME], [device.\"ADDRESS-OR-ID\"] or [network.NAME]",
                       "unknown table '%.60s%s'%s", first->text, parts > 1 ? "..." : "", meant);
}

bool config_header_read(struct config_parser *p)
{
    struct config_position at = p->lx.position;
    struct config_token parts[HEADER_PARTS];
    size_t count = 0;
    size_t mark = p->lx.pool_used;
    p->table = NULL; /* until this one is known to be good */
    if (!read_parts(p, parts, &count)) {
        return false;
    }
    if (count == 1 && strcmp(parts[0].text, "system") == 0) {
        begin_system(p, at);
    } else if (count == 2 && strcmp(parts[0].text, "guest") == 0) {
        begin_guest(p, at, &parts[1]);
    } else if (count == 2 && strcmp(parts[0].text, "device") == 0) {
        begin_device(p, at, &parts[1]);
    } else if (count == 2 && strcmp(parts[0].text, "network") == 0) {
        begin_network(p, at, &parts[1]);
    } else {
        refuse_unknown_table(p, &parts[0], count);
    }
    if (p->table == NULL || p->table == &config_tables[CONFIG_TABLE_SYSTEM]) { /* nobody keeps its name */
        p->lx.pool_used = mark;
    }
    return true;
}
