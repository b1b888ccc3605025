/* SPDX-License-Identifier: GPL-2.0-only
 * Parses every file named on the command line and prints one line of JSON for each, for test_config_toml.py:
 * {"config": {...}} as a TOML parser would give it (sizes in bytes), or {"errors": ["line", ...]}. */
#include <stdio.h>
#include <stdlib.h>

#include "plan/config.h"
#include "plan/config_keys.h"

#define DIAGS_MAX 64

static struct config config;
static struct diag diags[DIAGS_MAX];

static void put_string(const char *text)
{
    putchar('"');
    for (; *text != 0; text++) {
        if (*text == '"' || *text == '\\' || (unsigned char)*text < ' ') {
            printf("\\u%04x", (unsigned)*text);
        } else {
            putchar(*text);
        }
    }
    putchar('"');
}

static void put_value(enum config_type type, const struct config_value *value)
{
    if (type == CONFIG_INTEGER || type == CONFIG_INTEGERS || type == CONFIG_SIZE) {
        printf("%llu", (unsigned long long)value->number);
    } else if (type == CONFIG_BOOLEAN) {
        printf("%s", value->number != 0 ? "true" : "false");
    } else {
        put_string(value->text);
    }
}

static void put_list(enum config_type type, const struct config_list *list)
{
    putchar('[');
    for (size_t i = 0; i < list->count; i++) {
        printf("%s", i > 0 ? ", " : "");
        put_value(type, &list->items[i]);
    }
    putchar(']');
}

/* The members of one table, each followed by a comma. */
static void put_members(const struct config_table *table, const void *object)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct config_key *key = &table->keys[i];
        const void *at = (const char *)object + key->offset;
        if (((const struct config_value *)at)->key.line == 0) {
            continue;
        }
        printf("\"%s\": ", key->name);
        if (config_keys_is_list(key->type)) {
            put_list(key->type, at);
        } else {
            put_value(key->type, at);
        }
        printf(", ");
    }
}

static void put_config(void)
{
    printf("{\"config\": {");
    put_members(&config_tables[CONFIG_TABLE_TOP], &config);
    if (config.system.at.line != 0) {
        printf("\"system\": {");
        put_members(&config_tables[CONFIG_TABLE_SYSTEM], &config.system);
        printf("\"\": 0}, ");
    }
    printf("\"guest\": {");
    for (size_t i = 0; i < config.guest_count; i++) {
        put_string(config.guests[i].name.text);
        printf(": {");
        put_members(&config_tables[CONFIG_TABLE_GUEST], &config.guests[i]);
        printf("\"\": 0}, ");
    }
    printf("\"\": 0}, \"device\": {");
    for (size_t i = 0; i < config.device_count; i++) {
        put_string(config.devices[i].address.text);
        printf(": {");
        put_members(&config_tables[CONFIG_TABLE_DEVICE], &config.devices[i]);
        printf("\"\": 0}, ");
    }
    printf("\"\": 0}, \"network\": {");
    for (size_t i = 0; i < config.network_count; i++) {
        put_string(config.networks[i].name.text);
        printf(": {");
        put_members(&config_tables[CONFIG_TABLE_NETWORK], &config.networks[i]);
        printf("\"\": 0}, ");
    }
    printf("\"\": 0}}}\n");
}

static void put_errors(const struct diag_list *list)
{
    printf("{\"errors\": [");
    for (size_t i = 0; i < list->count; i++) {
        char line[1024];
        diag_line(&list->items[i], line, sizeof(line));
        put_string(line);
        printf("%s", i + 1 < list->count ? ", " : "");
    }
    printf("]}\n");
}

static int dump(const char *path)
{
    static char text[CONFIG_FILE_MAX + 1];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    size_t length = fread(text, 1, sizeof(text), file);
    fclose(file);
    struct diag_list list = diag_list_make(diags, DIAGS_MAX);
    if (config_parse(text, length, path, &config, &list) == STATUS_OK) {
        put_config();
    } else {
        put_errors(&list);
    }
    return 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (dump(argv[i]) != 0) {
            return 1;
        }
    }
    return 0;
}
