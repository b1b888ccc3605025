/* SPDX-License-Identifier: GPL-2.0-only
 * Every key of the configuration, once: the parser reads by this table and docs/config.md is made from it. */
#ifndef BULKHEAD_PLAN_CONFIG_KEYS_H
#define BULKHEAD_PLAN_CONFIG_KEYS_H

#include "kernel/lib/types.h"

enum config_type {
    CONFIG_INTEGER,
    CONFIG_STRING,
    CONFIG_BOOLEAN,
    CONFIG_SIZE,       /* a string: "512MiB" */
    CONFIG_GUEST_NAME, /* a string: a guest's name */
    CONFIG_WORD,       /* a string: one of words */
    CONFIG_ID,         /* a string: a device's id, "8086:28c0" */
    CONFIG_SHA256,     /* a string: 64 hex digits */
    CONFIG_RATE,       /* a string: at most so many in a time, "10/10ms"; low and high are of the number */
    CONFIG_INTEGERS,   /* an array of integers */
    CONFIG_STRINGS,    /* an array of strings */
    CONFIG_DEVICES,    /* an array of strings: device addresses, all different */
    CONFIG_GUESTS,     /* an array of strings: guests' names */
    CONFIG_MACS,       /* an array of strings: Ethernet addresses, all different */
    CONFIG_RANGES,     /* an array of strings: addresses and sizes, "0x1000000+0x200000" */
};

struct config_key {
    const char *name;
    enum config_type type;
    bool required;
    size_t offset;       /* of the struct config_value or config_list in the table's struct */
    uint64_t low, high;  /* smallest and largest integer or size; fewest and most bytes of a string; of each item */
    size_t fewest, most; /* items of an array */
    const char *const *words; /* of CONFIG_WORD, NULL behind the last; a value's number is its word's index */
    const char *example;      /* as written behind the '=' */
    const char *description;
};

struct config_table {
    const char *header; /* "[system]", "[guest.NAME]"; "" for what stands before the first table */
    const struct config_key *keys;
    size_t count;
    const char *description;
};

enum config_table_index {
    CONFIG_TABLE_TOP,
    CONFIG_TABLE_SYSTEM,
    CONFIG_TABLE_GUEST,
    CONFIG_TABLE_DEVICE,
    CONFIG_TABLE_NETWORK,
    CONFIG_TABLE_COUNT,
};

extern const struct config_table config_tables[CONFIG_TABLE_COUNT];

/* The key of that name in a table, or NULL. */
const struct config_key *config_keys_find(const struct config_table *table, const char *name);

/* The name in the table that was probably meant, or NULL when none is near. */
const char *config_keys_suggest(const struct config_table *table, const char *name);

/* True when two words differ by a slip or two (at most two letters put in, left out or changed). */
bool config_keys_near(const char *a, const char *b);

bool config_keys_is_list(enum config_type type);

/* "an integer", "a string", ... */
const char *config_keys_type_text(enum config_type type);

#endif
