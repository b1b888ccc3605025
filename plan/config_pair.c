/* SPDX-License-Identifier: GPL-2.0-only
 * Keys and their values. */
#include "plan/config_pair.h"

#include "kernel/lib/format.h"
#include "plan/config_store.h"

/* --- arrays */

/* Add one item to the list that is being read; the lists' items lie behind each other in out->items. */
static void add_item(struct config_parser *p, const struct config_key *key, struct config_list *list,
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

static bool refuse_open_array(struct config_parser *p, struct config_position at)
{
    config_lexer_error(&p->lx, at, CONFIG_BAD_ARRAY, "close it with ']'", "the array that starts here is not closed");
    return false;
}

/* One item, and the comma behind it if there is one. */
static bool read_item(struct config_parser *p, const struct config_key *key, struct config_list *list)
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

static void refuse_short_list(struct config_parser *p, const struct config_key *key, const struct config_list *list)
{
    char fix[DIAG_TEXT_SIZE] = "name at least one";
    if (key->fewest > 1) {
        format_text(fix, sizeof(fix), "name at least %zu", key->fewest);
    }
    config_lexer_error(&p->lx, list->at, CONFIG_BAD_RANGE, fix,
                       list->count == 0 ? "'%s' is empty" : "'%s' has too few items", key->name);
}

/* key NULL: read over it. */
static bool read_array(struct config_parser *p, const struct config_key *key, struct config_list *list)
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

static void refuse_unknown_key(struct config_parser *p, const struct config_token *name)
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
static const struct config_key *accept_key(struct config_parser *p, const struct config_token *name)
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

static bool read_array_value(struct config_parser *p, const struct config_key *key)
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

static bool read_value(struct config_parser *p, const struct config_key *key)
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

bool config_pair_read(struct config_parser *p)
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
