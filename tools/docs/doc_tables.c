/* SPDX-License-Identifier: GPL-2.0-only
 * Prints what the documents take from the sources: docs/config.md whole, and the fault reasons that docs/faults.md must
 * list; docs/config-space.md is doc_config_space.h's. usage: doc_tables config|config-space|faults */
#include <stdio.h>
#include <string.h>

#include "plan/config.h"
#include "plan/config_keys.h"
#include "tools/docs/doc_config_space.h"
#include "vtd/fault_text.h"

static const char *const config_head =
    "# Configuration keys\n"
    "\n"
    "<!-- Made by `make docs` from plan/config_keys.c; do not edit. -->\n"
    "\n"
    "The text is a strict subset of TOML 1.0: tables, strings, integers, booleans and arrays of these. Every accepted\n"
    "file means the same to any TOML 1.0 reader. Unknown keys and tables are refused; so are floats, dates, inline\n"
    "tables, dotted keys and arrays of tables. Every message names file, line and column, and says what to write\n"
    "instead; the codes BH0501 and up are in [diagnostics.md](diagnostics.md).\n"
    "\n"
    "Sizes are strings: a number and KiB, MiB, GiB or TiB. A device is its PCI address, `\"0000:3b:00.0\"`; with\n"
    "`group:` before it, every function of its group is meant.\n"
    "\n";

static void print_size(uint64_t bytes)
{
    static const struct {
        uint64_t unit;
        const char *name;
    } units[] = {{1024 * GIB, "TiB"}, {GIB, "GiB"}, {MIB, "MiB"}, {KIB, "KiB"}};
    for (size_t i = 0; i < ARRAY_LENGTH(units); i++) {
        if (bytes >= units[i].unit && bytes % units[i].unit == 0) {
            printf("%llu %s", (unsigned long long)(bytes / units[i].unit), units[i].name);
            return;
        }
    }
    printf("%llu bytes", (unsigned long long)bytes);
}

static void print_words(const struct config_key *key)
{
    for (size_t i = 0; key->words[i] != NULL; i++) {
        printf("%s`\"%s\"`", i == 0 ? "" : ", ", key->words[i]);
    }
}

static void print_limits(const struct config_key *key)
{
    if (config_keys_is_list(key->type)) {
        printf("%zu to %zu items, each ", key->fewest, key->most);
    }
    switch (key->type) {
    case CONFIG_BOOLEAN:
        break;
    case CONFIG_SIZE:
        print_size(key->low);
        printf(" to ");
        print_size(key->high);
        break;
    case CONFIG_INTEGER:
    case CONFIG_INTEGERS:
        if (key->low == key->high) {
            printf("%llu", (unsigned long long)key->low);
        } else {
            printf("%llu to %llu", (unsigned long long)key->low, (unsigned long long)key->high);
        }
        break;
    case CONFIG_WORD:
        print_words(key);
        break;
    case CONFIG_ID:
        printf("`VENDOR:DEVICE`");
        break;
    case CONFIG_SHA256:
        printf("64 hex digits");
        break;
    case CONFIG_MACS:
        printf("six bytes of two hex digits, the first even");
        break;
    case CONFIG_RATE:
        printf("%llu to %llu in 1us to 1440min", (unsigned long long)key->low, (unsigned long long)key->high);
        break;
    case CONFIG_STRING:
    case CONFIG_GUEST_NAME:
    case CONFIG_STRINGS:
    case CONFIG_DEVICES:
    case CONFIG_RANGES:
    case CONFIG_GUESTS:
        printf("%llu to %llu bytes", (unsigned long long)key->low, (unsigned long long)key->high);
        break;
    }
}

static void print_table(const struct config_table *table)
{
    printf("## %s\n\n%s\n\n", table->header[0] != 0 ? table->header : "Top", table->description);
    puts("| Key | Type | Required | Limits | Example | Meaning |");
    puts("|---|---|---|---|---|---|");
    for (size_t i = 0; i < table->count; i++) {
        const struct config_key *key = &table->keys[i];
        printf("| `%s` | %s | %s | ", key->name, config_keys_type_text(key->type), key->required ? "yes" : "no");
        print_limits(key);
        printf(" | `%s = %s` | %s |\n", key->name, key->example, key->description);
    }
    puts("");
}

static void print_config(void)
{
    fputs(config_head, stdout);
    for (size_t i = 0; i < CONFIG_TABLE_COUNT; i++) {
        print_table(&config_tables[i]);
    }
    printf("At most %d guests, %d items in all arrays together, and a text of %zu KiB.\n", CONFIG_GUESTS_MAX,
           CONFIG_ITEMS_MAX, CONFIG_FILE_MAX / KIB);
}

static void print_faults(void)
{
    const char *none = vtd_fault_text(UINT8_MAX);
    for (unsigned reason = 0; reason < UINT8_MAX; reason++) {
        const char *text = vtd_fault_text((uint8_t)reason);
        if (strcmp(text, none) != 0) {
            printf("| 0x%x | %s |\n", reason, text);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "config") == 0) {
        print_config();
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "faults") == 0) {
        print_faults();
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "config-space") == 0) {
        doc_config_space();
        return 0;
    }
    fputs("usage: doc_tables config|config-space|faults\n", stderr);
    return 2;
}
