/* SPDX-License-Identifier: GPL-2.0-only
 * Diagnostics of the configuration text. Printed BH0501 and so on; a number is never used again. */
#ifndef BULKHEAD_PLAN_CONFIG_CODES_H
#define BULKHEAD_PLAN_CONFIG_CODES_H

enum config_code {
    CONFIG_BAD_UTF8 = 501,          /* bytes that are not UTF-8 */
    CONFIG_CONTROL_CHARACTER = 502, /* a control character other than tab, raw or by an escape */
    CONFIG_BARE_CR = 503,           /* a carriage return without a line feed */
    CONFIG_BAD_KEY = 504,           /* a line that starts with neither a key, a table nor a comment */
    CONFIG_DOTTED_KEY = 505,        /* a.b = ...: write a table instead */
    CONFIG_MISSING_EQUALS = 506,    /* no '=' after a key */
    CONFIG_BAD_VALUE = 507,         /* a value is missing or is a bare word */
    CONFIG_BAD_STRING = 508,        /* a string is not closed on its line */
    CONFIG_BAD_ESCAPE = 509,        /* an escape that TOML 1.0 does not know */
    CONFIG_BAD_INTEGER = 510,       /* an integer not in TOML's form, or beyond 64 bits signed */
    CONFIG_UNUSED_TOML = 511,       /* good TOML that the subset leaves out: floats, dates, inline tables, ... */
    CONFIG_BAD_ARRAY = 512,         /* an array is not closed, or a comma is missing */
    CONFIG_TRAILING_TEXT = 513,     /* something other than a comment behind a value or a table's name */
    CONFIG_BAD_TABLE = 514,         /* a table's line that is not [name] or [name.name] */
    CONFIG_UNKNOWN_TABLE = 515,     /* a table that nothing reads */
    CONFIG_DUPLICATE_TABLE = 516,   /* a table or a guest's name for the second time */
    CONFIG_UNKNOWN_KEY = 517,       /* a key that nothing reads */
    CONFIG_DUPLICATE_KEY = 518,     /* a key for the second time in its table */
    CONFIG_WRONG_TYPE = 519,        /* a string where an integer belongs, and so on */
    CONFIG_BAD_SIZE = 520,          /* not a size such as "512MiB" */
    CONFIG_BAD_RANGE = 521,         /* an integer, size or string's length outside its limits */
    CONFIG_BAD_NAME = 522,          /* not a guest's name: [a-z0-9-], 1 to 31 characters, not "block" */
    CONFIG_BAD_DEVICE = 523,        /* not "0000:3b:00.0" or "group:0000:3b:00.0" */
    CONFIG_MISSING_KEY = 524,       /* a key that its table must have */
    CONFIG_TOO_MANY = 525,          /* more guests, items or bytes than this build has room for */
    CONFIG_TEXT_FULL = 526,         /* all strings together are too long */
    CONFIG_UNKNOWN_GUEST = 527,     /* system.service or system.unassigned names no guest */
    CONFIG_NO_GUEST = 528,          /* not one guest */
    CONFIG_DUPLICATE_ITEM = 529,    /* the same CPU or device twice in one array */
    CONFIG_UNKNOWN_FEATURE = 530,   /* system.without names nothing that can be left unused */
    CONFIG_BAD_WORD = 531,          /* not one of the words that the key takes */
    CONFIG_BAD_ID = 532,            /* not a device's id, "8086:28c0" */
    CONFIG_NOT_BY_ID = 533,         /* a key of one device alone in a table of an id */
    CONFIG_BAD_SHA256 = 534,        /* not 64 hex digits */
    CONFIG_NEEDS_KEY = 535,         /* a key that means nothing without another one, which is not there */
    CONFIG_NONE_STARTS = 536,       /* autostart = false where a guest has to start */
    CONFIG_BAD_WATCH = 550,         /* not a range of whole pages, "0x1000000+0x200000" */
    CONFIG_WATCH_OVERLAPS = 551,    /* two ranges of `watch` have pages in common */
    CONFIG_BAD_RATE = 540,          /* not a number in a time, "10/10ms" */
    CONFIG_BAD_MAC = 545,           /* not a device's Ethernet address, "52:54:00:12:34:56" */
    CONFIG_MAC_COUNT = 546,         /* a network's `macs` has not one for each of its guests */
};

#endif
