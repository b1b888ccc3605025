/* SPDX-License-Identifier: GPL-2.0-only
 * The configuration: what the user wants, with the place of every word of it. Text is a strict subset of TOML 1.0. */
#ifndef BULKHEAD_PLAN_CONFIG_H
#define BULKHEAD_PLAN_CONFIG_H

#include "kernel/lib/bits.h"
#include "kernel/lib/diag.h"
#include "kernel/lib/rate.h"
#include "kernel/lib/sbdf.h"
#include "kernel/lib/status.h"
#include "kernel/lib/types.h"

struct pci_facts;
struct pci_function;

#define CONFIG_GUESTS_MAX 64
#define CONFIG_CPUS_MAX 64     /* in one guest */
#define CONFIG_DEVICES_MAX 128 /* in one guest */
#define CONFIG_DEVICE_TABLES_MAX 256
#define CONFIG_NETWORKS_MAX 64
#define CONFIG_NETWORKS_OF_GUEST_MAX 10 /* as many as its PCI bus has places for */
#define CONFIG_MODULES_MAX 32           /* in one guest */
#define CONFIG_ITEMS_MAX 8192 /* in all arrays together: 4,096 devices, and a CPU and images for each of 64 guests */
#define CONFIG_TEXT_MAX ((size_t)128 * KIB)
#define CONFIG_FILE_MAX ((size_t)MIB)
#define CONFIG_VFS_MAX 1024 /* of one PF */
#define CONFIG_NAME_MAX 31
#define CONFIG_WHERE_NAME_MAX 40 /* a longer file name is cut in diagnostics */

/* Counted from 1, columns in characters; line 0: not in the file. */
struct config_position {
    uint32_t line, column;
};

/* One value; value.at.line == 0: not given. */
struct config_value {
    struct config_position key; /* of the key */
    struct config_position at;  /* of the value */
    const char *text;           /* of a string, as decoded: valid UTF-8, no control characters but tab */
    uint64_t number;            /* of an integer or boolean; a size in bytes; a device's address and kind;
                                   "8086:28c0" is 0x808628c0; a MAC's first byte is 47:40; a word is an enum below */
};

/* A device's number: struct sbdf's v, and this when all of its group is meant ("group:0000:3b:00.0"). */
#define CONFIG_DEVICE_GROUP BIT64(63)

/* rmrr = "refuse" or "map". */
enum config_rmrr { CONFIG_RMRR_REFUSE, CONFIG_RMRR_MAP };

/* reset = "flr", "d3d0", "bus" or "none". */
enum config_reset { CONFIG_RESET_FLR, CONFIG_RESET_D3, CONFIG_RESET_BUS, CONFIG_RESET_NONE };

/* on-reboot, on-poweroff, restart, watchdog. */
enum config_on_reboot { CONFIG_REBOOT_RESTARTS, CONFIG_REBOOT_STOPS };
enum config_on_poweroff { CONFIG_POWEROFF_STOPS, CONFIG_POWEROFF_RESTARTS };
enum config_restart { CONFIG_RESTART_NEVER, CONFIG_RESTART_ON_FAILURE, CONFIG_RESTART_ALWAYS };
enum config_watchdog { CONFIG_WATCHDOG_RESET, CONFIG_WATCHDOG_STOP, CONFIG_WATCHDOG_EVENT };

/* on-fault, and fault-severity. */
enum config_on_fault { CONFIG_FAULT_LOG, CONFIG_FAULT_STOP_DEVICE, CONFIG_FAULT_RESTART_GUEST, CONFIG_FAULT_REBOOT };
enum config_severity { CONFIG_INFO, CONFIG_WARNING, CONFIG_ERROR, CONFIG_CRITICAL };

/* on-watch = "block" or "allow". */
enum config_on_watch { CONFIG_WATCH_BLOCK, CONFIG_WATCH_ALLOW };

/* A range as a value's number, in pages: where it starts above CONFIG_RANGE_SHIFT, its size below. */
#define CONFIG_RANGE_SHIFT 28
#define CONFIG_RANGE_PAGES_MAX (BIT64(CONFIG_RANGE_SHIFT) - 1)
#define CONFIG_WATCH_MAX 16 /* ranges of one guest */
struct config_range {
    uint64_t start, size; /* bytes, whole pages, size not 0; the end is below 2^48 */
};

/* A rate as a value's number: the count above CONFIG_RATE_SHIFT, microseconds below. */
#define CONFIG_RATE_SHIFT 40
#define CONFIG_RATE_HIGH ((UINT64_C(1) << 24) - 1)
#define CONFIG_RATE_US_HIGH UINT64_C(86400000000) /* a day */

/* An array; at.line == 0: not given. */
struct config_list {
    struct config_position key, at;
    const struct config_value *items;
    size_t count;
};

struct config_system {
    struct config_position at; /* of the table */
    struct config_value console, service, events_level, unassigned, slice, inventory, audit;
    struct config_list without; /* plan/features.h makes a set of it */
};

struct config_guest {
    struct config_value name; /* at: of the table's line */
    struct config_value memory, kernel, initrd, cmdline, share, share_core;
    struct config_value rmrr, unsafe_interrupts;
    struct config_value autostart, on_reboot, on_poweroff, restart, watchdog;
    struct config_value kernel_sha256, initrd_sha256;                       /* text: 64 hex digits */
    struct config_value fallback_kernel, fallback_initrd, fallback_cmdline; /* when an image is another one */
    struct config_value fallback_kernel_sha256, fallback_initrd_sha256;
    struct config_value on_fault, fault_limit, irq_limit, fault_severity;
    struct config_list cpus, devices, modules;
    struct config_list watch; /* config_range_of() each */
    struct config_value on_watch, watch_armed, watch_after;
};

/* [device."0000:3b:00.0"], or [device."8086:28c0"] for every device with that id. */
struct config_device {
    struct config_value address; /* at: of the table's line; number: struct sbdf's v, or the id */
    bool by_id;                  /* the table is of the id, and has neither gsi nor expect */
    struct config_value gsi, expect, reset, rom, rmrr;
    struct config_value on_fault, fault_limit, irq_limit, fault_severity;
    struct config_value vfs;          /* VFs to switch on; not given: firmware's are switched off */
    struct config_value trusted, ats; /* booleans; false when not given */
};

/* [network.NAME]: a virtual link between guests (guest/net_link.h); plan/network.h has its addresses. */
struct config_network {
    struct config_value name; /* at: of the table's line */
    struct config_list guests, macs;
    struct config_value mtu, filter;
};

/* Its pointers lead into itself: do not copy it. About 560 KiB. */
struct config {
    struct config_value version;
    struct config_system system;
    struct config_guest guests[CONFIG_GUESTS_MAX]; /* in the file's order */
    size_t guest_count;
    struct config_device devices[CONFIG_DEVICE_TABLES_MAX]; /* likewise */
    size_t device_count;
    struct config_network networks[CONFIG_NETWORKS_MAX]; /* likewise */
    size_t network_count;
    struct config_value items[CONFIG_ITEMS_MAX];
    size_t item_count;
    char text[CONFIG_TEXT_MAX];
};

/* Read text (length bytes, no NUL needed) into out; file is the name shown in diagnostics. Adds a diagnostic for
 * everything that is wrong (codes in plan/config_codes.h) and goes on behind it. STATUS_BAD_FORMAT when there was any;
 * out is then incomplete. */
MUST_CHECK enum status config_parse(const char *text, size_t length, const char *file, struct config *out,
                                    struct diag_list *diags);

/* How long a turn on a shared CPU is, in microseconds: system.slice-us or what holds without it. */
uint64_t config_slice_us(const struct config *config);

/* Of a value with a rate. */
struct rate_limit config_rate_of(const struct config_value *value);

/* Of an item of `watch`. */
struct config_range config_range_of(const struct config_value *value);

/* Is what it watches protected from its start on? Without `watch-armed`, yes. */
bool config_guest_arms_watch(const struct config_guest *guest);

/* The guest of that name, or NULL. */
const struct config_guest *config_find_guest(const struct config *config, const char *name);

/* The table of that address, or NULL. */
const struct config_device *config_find_device(const struct config *config, struct sbdf at);

/* The table of that id, or NULL. */
const struct config_device *config_find_device_id(const struct config *config, uint16_t vendor, uint16_t device);

/* What the file says about a device with that address and id: each value from the table of its address, or, where that
 * has none, of its id. address is of the first table there is; its at.line is 0 when there is neither. */
struct config_device config_device_of(const struct config *config, struct sbdf at, uint16_t vendor, uint16_t device);

/* Does it start with the machine? Without `autostart`, yes. */
bool config_guest_starts(const struct config_guest *guest);

/* Does the file trust f's guest with it? By its own table, by its PF's when it is a VF, or by a table of either's id.
 */
bool config_device_is_trusted(const struct config *config, const struct pci_facts *pci, const struct pci_function *f);

/* Is f to use ATS? By its own tables alone: that of a PF is not for its VFs, which get none. */
bool config_device_uses_ats(const struct config *config, const struct pci_function *f);

#define CONFIG_WHERE_SIZE DIAG_WHERE_SIZE

/* Write "FILE:line:column" for diagnostics; returns text. */
char *config_where(const char *file, struct config_position at, char text[CONFIG_WHERE_SIZE]);

#endif
