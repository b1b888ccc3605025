/* SPDX-License-Identifier: GPL-2.0-only
 * The configuration's grammar: tables, key = value, arrays. */
#include "plan/config.h"

#include "kernel/lib/format.h"
#include "kernel/lib/sbdf.h"
#include "kernel/lib/string.h"
#include "plan/config_check.h"
#include "plan/config_keys.h"
#include "plan/config_lexer.h"
#include "plan/config_store.h"

struct parser {
    struct config_lexer lx;
    struct config *out;
    const struct config_table *table; /* the one being filled; NULL: a refused one, whose keys are only skipped */
    void *object;                     /* the struct its keys' offsets are in */
    bool in_array;                    /* an array is open: an error goes on behind its end */
};

/* --- arrays */

/* Add one item to the list that is being read; the lists' items lie behind each other in out->items. */
static void add_item(struct parser *p, const struct config_key *key, struct config_list *list,
                     const struct config_token *token)
{
    if (list->count == key->most || p->out->item_count == CONFIG_ITEMS_MAX) {
        /* Once a list, at its first item too many. */
        config_lexer_error(&p->lx, token->at, CONFIG_TOO_MANY, "leave some out",
                           list->count == key->most ? "'%s' has room for %zu items"
                                                    : "'%s': all arrays together have room for %zu items",
                           key->name, list->count == key->most ? key->most : (size_t)CONFIG_ITEMS_MAX);
        list->count = SIZE_MAX;
    }
    if (list->count == SIZE_MAX) {
        return;
    }
    struct config_value *item = &p->out->items[p->out->item_count++];
    size_t errors = p->lx.diags->errors;
    *item = (struct config_value){.key = list->key};
    config_store(&p->lx, key, token, item);
    if (p->lx.diags->errors != errors) {
        p->out->item_count--;
        return;
    }
    bool distinct = key->type == CONFIG_DEVICES || key->type == CONFIG_MACS; /* CPUs: check_cpus_differ */
    for (size_t i = 0; distinct && i < list->count; i++) {
        if (((list->items[i].number ^ item->number) & ~CONFIG_DEVICE_GROUP) == 0) {
            config_lexer_error(&p->lx, token->at, CONFIG_DUPLICATE_ITEM, "write it once",
                               "this item of '%s' is there already, at line %u", key->name, list->items[i].at.line);
        }
    }
    list->count++;
}

static bool refuse_open_array(struct parser *p, struct config_position at)
{
    config_lexer_error(&p->lx, at, CONFIG_BAD_ARRAY, "close it with ']'", "the array that starts here is not closed");
    return false;
}

/* One item, and the comma behind it if there is one. */
static bool read_item(struct parser *p, const struct config_key *key, struct config_list *list)
{
    if (config_lexer_peek(&p->lx) == CONFIG_LEXER_END || config_lexer_at_statement(&p->lx)) {
        return refuse_open_array(p, list->at);
    }
    if (config_lexer_peek(&p->lx) == '[') {
        config_lexer_error(&p->lx, p->lx.position, CONFIG_UNUSED_TOML, "write one flat array",
                           "arrays in arrays are not used here");
        return false;
    }
    struct config_token token;
    if (!config_lexer_value(&p->lx, &token)) {
        return false;
    }
    if (key != NULL) {
        add_item(p, key, list, &token);
    }
    if (!config_lexer_skip_blank(&p->lx)) {
        return false;
    }
    int c = config_lexer_peek(&p->lx);
    if (c == ',') {
        config_lexer_advance(&p->lx);
        return config_lexer_skip_blank(&p->lx);
    }
    if (c == CONFIG_LEXER_END || config_lexer_at_statement(&p->lx)) {
        return refuse_open_array(p, list->at);
    }
    if (c != ']') {
        config_lexer_error(&p->lx, p->lx.position, CONFIG_BAD_ARRAY, "put ',' between items and ']' behind the last",
                           "a comma or ']' is missing in the array");
        return false;
    }
    return true;
}

static void refuse_short_list(struct parser *p, const struct config_key *key, const struct config_list *list)
{
    char fix[DIAG_TEXT_SIZE] = "name at least one";
    if (key->fewest > 1) {
        format_text(fix, sizeof(fix), "name at least %zu", key->fewest);
    }
    config_lexer_error(&p->lx, list->at, CONFIG_BAD_RANGE, fix,
                       list->count == 0 ? "'%s' is empty" : "'%s' has too few items", key->name);
}

/* key NULL: read over it. */
static bool read_array(struct parser *p, const struct config_key *key, struct config_list *list)
{
    p->in_array = true;
    size_t errors = p->lx.diags->errors;
    list->at = p->lx.position;
    list->items = &p->out->items[p->out->item_count];
    config_lexer_advance(&p->lx);
    if (!config_lexer_skip_blank(&p->lx)) {
        return false;
    }
    while (config_lexer_peek(&p->lx) != ']') {
        if (!read_item(p, key, list)) {
            return false;
        }
    }
    config_lexer_advance(&p->lx);
    p->in_array = false;
    if (list->count == SIZE_MAX) {
        list->count = 0; /* refused as too long */
    } else if (key != NULL && list->count < key->fewest && p->lx.diags->errors == errors) {
        refuse_short_list(p, key, list);
    }
    return true;
}

/* --- key = value */

static void refuse_unknown_key(struct parser *p, const struct config_token *name)
{
    char fix[DIAG_TEXT_SIZE] = "remove it; docs/config.md lists the keys of every table";
    char meant[DIAG_TEXT_SIZE] = "";
    const char *near = config_keys_suggest(p->table, name->text);
    if (near != NULL) {
        format_text(fix, sizeof(fix), "write %s", near);
        format_text(meant, sizeof(meant), "; did you mean '%s'?", near);
    } else if (config_keys_find(&config_tables[CONFIG_TABLE_TOP], name->text) != NULL) {
        format_text(fix, sizeof(fix), "write it above the first table");
    }
    config_lexer_error(&p->lx, name->at, CONFIG_UNKNOWN_KEY, fix, "unknown key '%.60s'%s", name->text, meant);
}

/* The key's entry in its table when it may be set now; else NULL, reported. */
static const struct config_key *accept_key(struct parser *p, const struct config_token *name)
{
    if (p->table == NULL) {
        return NULL;
    }
    const struct config_key *key = config_keys_find(p->table, name->text);
    if (key == NULL) {
        refuse_unknown_key(p, name);
        return NULL;
    }
    /* Both structs a key may lead to start with the key's position. */
    struct config_position *first = (struct config_position *)((char *)p->object + key->offset);
    if (first->line != 0) {
        config_lexer_error(&p->lx, name->at, CONFIG_DUPLICATE_KEY, "keep one of them",
                           "'%s' is there already, at line %u", key->name, first->line);
        return NULL;
    }
    *first = name->at;
    return key;
}

_Static_assert(offsetof(struct config_value, key) == 0 && offsetof(struct config_list, key) == 0,
               "accept_key() reads either");

static bool read_array_value(struct parser *p, const struct config_key *key)
{
    if (key != NULL && config_keys_is_list(key->type)) {
        return read_array(p, key, (struct config_list *)((char *)p->object + key->offset));
    }
    if (key != NULL) {
        config_store_wrong_type(&p->lx, key, p->lx.position, "an array");
    }
    struct config_list ignored = {.count = 0};
    return read_array(p, NULL, &ignored);
}

static bool read_value(struct parser *p, const struct config_key *key)
{
    if (config_lexer_peek(&p->lx) == '[') {
        return read_array_value(p, key);
    }
    struct config_token token;
    if (!config_lexer_value(&p->lx, &token)) {
        return false;
    }
    if (key != NULL && config_keys_is_list(key->type)) {
        config_store_wrong_type(&p->lx, key, token.at, "a single value");
    } else if (key != NULL) {
        config_store(&p->lx, key, &token, (struct config_value *)((char *)p->object + key->offset));
    }
    return true;
}

static bool read_pair(struct parser *p)
{
    struct config_token name;
    size_t mark = p->lx.pool_used;
    if (!config_lexer_key(&p->lx, &name)) {
        return false;
    }
    config_lexer_skip_space(&p->lx);
    if (config_lexer_peek(&p->lx) == '.') {
        config_lexer_error(&p->lx, name.at, CONFIG_DOTTED_KEY,
                           "write a table, [system] or [guest.NAME], and its keys "
                           "below it",
                           "dotted keys are not used here");
        return false;
    }
    if (config_lexer_peek(&p->lx) != '=') {
        config_lexer_error(&p->lx, p->lx.position, CONFIG_MISSING_EQUALS, "write key = value",
                           "'=' is missing behind '%.60s'", name.text);
        return false;
    }
    config_lexer_advance(&p->lx);
    config_lexer_skip_space(&p->lx);
    const struct config_key *key = accept_key(p, &name);
    p->lx.pool_used = mark; /* the key's own text is not needed any more */
    return read_value(p, key) && config_lexer_end_statement(&p->lx);
}

/* --- [table] */

#define HEADER_PARTS 2

/* The parts of [a] or [a.b]; *count is above HEADER_PARTS when there are more. */
static bool read_header(struct parser *p, struct config_token parts[HEADER_PARTS], size_t *count)
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

static void begin_system(struct parser *p, struct config_position at)
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

static void begin_guest(struct parser *p, struct config_position at, const struct config_token *name)
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

static void begin_device(struct parser *p, struct config_position at, const struct config_token *name)
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

static void begin_network(struct parser *p, struct config_position at, const struct config_token *name)
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

static void refuse_unknown_table(struct parser *p, const struct config_token *first, size_t parts)
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

static bool read_table(struct parser *p)
{
    struct config_position at = p->lx.position;
    struct config_token parts[HEADER_PARTS];
    size_t count = 0;
    size_t mark = p->lx.pool_used;
    p->table = NULL; /* until this one is known to be good */
    if (!read_header(p, parts, &count)) {
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

/* --- the whole file */

static bool rest_of_line_has_bracket(const struct config_lexer *lx)
{
    struct config_lexer look = *lx;
    while (!config_lexer_at_line_end(&look)) {
        if (config_lexer_peek(&look) == ']') {
            return true;
        }
        config_lexer_advance(&look);
    }
    return false;
}

/* Behind an error: to the start of a line from which reading makes sense again. */
static void recover(struct parser *p)
{
    bool in_array = p->in_array;
    p->in_array = false;
    if (in_array && config_lexer_at_statement(&p->lx)) {
        return; /* the array was never closed, and here is what follows it */
    }
    bool closed = !in_array;
    do {
        closed |= rest_of_line_has_bracket(&p->lx);
        config_lexer_next_line(&p->lx);
    } while (!closed && config_lexer_peek(&p->lx) != CONFIG_LEXER_END && !config_lexer_at_statement(&p->lx));
}

static bool read_statement(struct parser *p)
{
    config_lexer_skip_space(&p->lx);
    if (p->lx.bad_line) {
        return false;
    }
    if (config_lexer_at_line_end(&p->lx) || config_lexer_peek(&p->lx) == '#') {
        return true;
    }
    return config_lexer_peek(&p->lx) == '[' ? read_table(p) : read_pair(p);
}

enum status config_parse(const char *text, size_t length, const char *file, struct config *out, struct diag_list *diags)
{
    size_t errors = diags->errors;
    memset(out, 0, sizeof(*out));
    struct parser p = {.out = out, .table = &config_tables[CONFIG_TABLE_TOP], .object = out};
    bool fits = length <= CONFIG_FILE_MAX;
    p.lx = config_lexer_make(text, fits ? length : 0, file, out->text, sizeof(out->text), diags);
    if (!fits) {
        config_lexer_error(&p.lx, p.lx.position, CONFIG_TOO_MANY, "is this the right file?",
                           "the file has more than %zu bytes", CONFIG_FILE_MAX);
        return STATUS_BAD_FORMAT;
    }
    while (config_lexer_peek(&p.lx) != CONFIG_LEXER_END) {
        if (read_statement(&p)) {
            config_lexer_next_line(&p.lx);
        } else {
            recover(&p);
        }
    }
    config_check(&p.lx, out);
    return diags->errors == errors ? STATUS_OK : STATUS_BAD_FORMAT;
}
