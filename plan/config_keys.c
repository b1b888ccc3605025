/* SPDX-License-Identifier: GPL-2.0-only
 * The table of all configuration keys, and the search for the one that was meant. */
#include "plan/config_keys.h"

#include "kernel/core/cpu_feature.h"
#include "kernel/lib/string.h"
#include "plan/config.h"

#define WORD_MAX 32 /* longer words are never near each other */
#define MEMORY_HIGH (UINT64_C(1) << 46)
#define CMDLINE_HIGH 2047 /* Linux's COMMAND_LINE_SIZE on x86, less its NUL */
#define CPU_HIGH 1023
#define GSI_HIGH 1023
#define SLICE_LOW 1000
#define SLICE_HIGH 100000
#define WATCH_AFTER_HIGH 86400

static const char *const level_words[] = {"error", "warn", "info", "debug", "none", NULL}; /* enum log_level, none */
static const char *const rmrr_words[] = {"refuse", "map", NULL};                           /* enum config_rmrr */
static const char *const reset_words[] = {"flr", "d3d0", "bus", "none", NULL};             /* enum config_reset */
/* enum config_on_fault, enum config_severity */
static const char *const on_fault_words[] = {"log", "stop-device", "restart-guest", "reboot", NULL};
static const char *const severity_words[] = {"info", "warning", "error", "critical", NULL};

/* enum config_on_reboot, config_on_poweroff, config_restart, config_watchdog */
static const char *const on_reboot_words[] = {"restart", "stop", NULL};
static const char *const on_poweroff_words[] = {"stop", "restart", NULL};
static const char *const restart_words[] = {"never", "on-failure", "always", NULL};
static const char *const on_watch_words[] = {"block", "allow", NULL}; /* enum config_on_watch */
static const char *const watchdog_words[] = {"reset", "stop", "event", NULL};

static const struct config_key top_keys[] = {
    {.name = "version",
     .type = CONFIG_INTEGER,
     .required = true,
     .offset = offsetof(struct config, version),
     .low = 1,
     .high = 1,
     .example = "1",
     .description = "Version of this format."},
};

static const struct config_key system_keys[] = {
    {.name = "console",
     .type = CONFIG_STRING,
     .offset = offsetof(struct config_system, console),
     .low = 1,
     .high = 63,
     .example = "\"com1,115200\"",
     .description = "Serial port of the hypervisor's own log, and its speed."},
    {.name = "service",
     .type = CONFIG_GUEST_NAME,
     .offset = offsetof(struct config_system, service),
     .low = 1,
     .high = CONFIG_NAME_MAX,
     .example = "\"service\"",
     .description = "The guest that receives events and may send commands."},
    {.name = "events-level",
     .type = CONFIG_WORD,
     .words = level_words,
     .offset = offsetof(struct config_system, events_level),
     .example = "\"warn\"",
     .description =
         "From which level on the hypervisor's log lines are sent to the service guest as events: \"error\", "
         "\"warn\", \"info\", \"debug\", or \"none\". Not given: \"warn\"."},
    {.name = "unassigned",
     .type = CONFIG_GUEST_NAME,
     .offset = offsetof(struct config_system, unassigned),
     .low = 1,
     .high = CONFIG_NAME_MAX,
     .example = "\"block\"",
     .description = "\"block\", or the guest that gets every group of devices that nobody names."},
    {.name = "without",
     .type = CONFIG_STRINGS,
     .offset = offsetof(struct config_system, without),
     .low = 1,
     .high = 63,
     .fewest = 0,
     .most = CPU_FEATURE_COUNT,
     .example = "[\"posted-interrupts\"]",
     .description = "Parts of the machine to leave unused although they are there: \"apic-registers\", "
                    "\"virtual-interrupts\", \"virtual-x2apic\", \"posted-interrupts\", \"preemption-timer\", "
                    "\"vpid\", \"shared-tables\"."},
    {.name = "slice-us",
     .type = CONFIG_INTEGER,
     .offset = offsetof(struct config_system, slice),
     .low = SLICE_LOW,
     .high = SLICE_HIGH,
     .example = "10000",
     .description = "Length of a turn on a shared CPU, in microseconds; 10000 when not given."},
    {.name = "inventory",
     .type = CONFIG_BOOLEAN,
     .offset = offsetof(struct config_system, inventory),
     .example = "true",
     .description =
         "Whether the log has a line for every PCI function at boot, as `bulkhead devices` prints it: group, "
         "unit, reset, and why it can be given to no guest."},
    {.name = "audit",
     .type = CONFIG_BOOLEAN,
     .offset = offsetof(struct config_system, audit),
     .example = "true",
     .description = "Whether the log says at boot all that the isolation audit saw, for `bulkhead audit`: who reaches "
                    "what. The audit runs in any case."},
};

static const struct config_key guest_keys[] = {
    {.name = "cpus",
     .type = CONFIG_INTEGERS,
     .required = true,
     .offset = offsetof(struct config_guest, cpus),
     .low = 0,
     .high = CPU_HIGH,
     .fewest = 1,
     .most = CONFIG_CPUS_MAX,
     .example = "[1, 2]",
     .description =
         "Physical CPUs, one for each virtual CPU, which stays on it. No CPU twice, but where `share` allows it."},
    {.name = "share",
     .type = CONFIG_BOOLEAN,
     .offset = offsetof(struct config_guest, share),
     .example = "true",
     .description =
         "Its CPUs may also be other guests' that say so too, or be named twice: virtual CPUs then take turns."},
    {.name = "share-core",
     .type = CONFIG_BOOLEAN,
     .offset = offsetof(struct config_guest, share_core),
     .example = "true",
     .description = "Its CPUs may be threads of cores whose other threads are guests' that say so too; one may then "
                    "learn secrets of the other by what the threads share."},
    {.name = "autostart",
     .type = CONFIG_BOOLEAN,
     .offset = offsetof(struct config_guest, autostart),
     .example = "false",
     .description = "Whether it starts with the machine; true when not given. Otherwise the service guest starts it."},
    {.name = "on-reboot",
     .type = CONFIG_WORD,
     .words = on_reboot_words,
     .offset = offsetof(struct config_guest, on_reboot),
     .example = "\"stop\"",
     .description =
         "What happens when it resets itself: \"restart\" at once, which holds when not given, or \"stop\"."},
    {.name = "on-poweroff",
     .type = CONFIG_WORD,
     .words = on_poweroff_words,
     .offset = offsetof(struct config_guest, on_poweroff),
     .example = "\"restart\"",
     .description =
         "What happens when it switches itself off: \"stop\", or \"restart\" after a while, as `restart` says "
         "how long. Not given: \"restart\" with restart = \"always\", else \"stop\"."},
    {.name = "restart",
     .type = CONFIG_WORD,
     .words = restart_words,
     .offset = offsetof(struct config_guest, restart),
     .example = "\"on-failure\"",
     .description = "Whether it starts again after its end: \"on-failure\" after a crash, \"always\" after switching "
                    "itself off too, \"never\", which holds when not given. It waits for 1 s before, then 2 s, 4 s and "
                    "so on to 60 s; after a run of a minute it begins with 1 s again. Orders of the service guest come "
                    "first: what it stopped stays stopped."},
    {.name = "watchdog",
     .type = CONFIG_WORD,
     .words = watchdog_words,
     .offset = offsetof(struct config_guest, watchdog),
     .example = "\"reset\"",
     .description = "Gives it a watchdog (Intel 6300ESB, Linux's i6300esb), and says what happens when it runs out: "
                    "\"reset\" starts the guest anew, \"stop\" stops it, \"event\" only tells. Not given: none."},
    {.name = "memory",
     .type = CONFIG_SIZE,
     .required = true,
     .offset = offsetof(struct config_guest, memory),
     .low = PAGE_SIZE,
     .high = MEMORY_HIGH,
     .example = "\"512MiB\"",
     .description = "Memory, all of it given at the start: a number and KiB, MiB, GiB or TiB."},
    {.name = "kernel",
     .type = CONFIG_STRING,
     .required = true,
     .offset = offsetof(struct config_guest, kernel),
     .low = 1,
     .high = 255,
     .example = "\"vmlinuz\"",
     .description = "Name of the boot module that holds the kernel."},
    {.name = "initrd",
     .type = CONFIG_STRING,
     .offset = offsetof(struct config_guest, initrd),
     .low = 1,
     .high = 255,
     .example = "\"guest.img\"",
     .description = "Name of the boot module that holds a Linux guest's initial RAM disk."},
    {.name = "cmdline",
     .type = CONFIG_STRING,
     .offset = offsetof(struct config_guest, cmdline),
     .low = 0,
     .high = CMDLINE_HIGH,
     .example = "\"console=hvc0\"",
     .description = "The kernel's command line."},
    {.name = "kernel-sha256",
     .type = CONFIG_SHA256,
     .offset = offsetof(struct config_guest, kernel_sha256),
     .example = "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
     .description = "What `sha256sum` says of the kernel. If it is another one, the guest starts from "
                    "`fallback-kernel`, or not at all."},
    {.name = "initrd-sha256",
     .type = CONFIG_SHA256,
     .offset = offsetof(struct config_guest, initrd_sha256),
     .example = "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
     .description = "The same for the initial RAM disk."},
    {.name = "fallback-kernel",
     .type = CONFIG_STRING,
     .offset = offsetof(struct config_guest, fallback_kernel),
     .low = 1,
     .high = 255,
     .example = "\"vmlinuz.old\"",
     .description = "Name of the boot module that is the kernel when `kernel-sha256` or `initrd-sha256` does not "
                    "match."},
    {.name = "fallback-initrd",
     .type = CONFIG_STRING,
     .offset = offsetof(struct config_guest, fallback_initrd),
     .low = 1,
     .high = 255,
     .example = "\"guest.img.old\"",
     .description = "Initial RAM disk of `fallback-kernel`; without it, that kernel has none."},
    {.name = "fallback-cmdline",
     .type = CONFIG_STRING,
     .offset = offsetof(struct config_guest, fallback_cmdline),
     .low = 0,
     .high = CMDLINE_HIGH,
     .example = "\"console=hvc0 rescue\"",
     .description = "Command line of `fallback-kernel`; `cmdline` when not given."},
    {.name = "fallback-kernel-sha256",
     .type = CONFIG_SHA256,
     .offset = offsetof(struct config_guest, fallback_kernel_sha256),
     .example = "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
     .description = "What `sha256sum` says of `fallback-kernel`. If it is another one, the guest does not start."},
    {.name = "fallback-initrd-sha256",
     .type = CONFIG_SHA256,
     .offset = offsetof(struct config_guest, fallback_initrd_sha256),
     .example = "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
     .description = "The same for `fallback-initrd`."},
    {.name = "devices",
     .type = CONFIG_DEVICES,
     .offset = offsetof(struct config_guest, devices),
     .low = 1,
     .high = 63,
     .fewest = 0,
     .most = CONFIG_DEVICES_MAX,
     .example = "[\"0000:00:02.0\", \"group:0000:3b:00.0\"]",
     .description = "PCI functions given to the guest; \"group:\" takes every function of the named one's group."},
    {.name = "rmrr",
     .type = CONFIG_WORD,
     .words = rmrr_words,
     .offset = offsetof(struct config_guest, rmrr),
     .example = "\"refuse\"",
     .description = "What to do with its devices for which firmware reserves memory (RMRR): \"refuse\" them, or "
                    "\"map\" that memory for them one to one. Not given: refused, but for USB controllers and "
                    "displays, which do without it."},
    {.name = "unsafe-interrupts",
     .type = CONFIG_BOOLEAN,
     .offset = offsetof(struct config_guest, unsafe_interrupts),
     .example = "true",
     .description = "Whether it gets devices although this machine does not remap interrupts: it can then raise any "
                    "interrupt on any CPU, and so stop or take over the machine."},
    {.name = "modules",
     .type = CONFIG_STRINGS,
     .offset = offsetof(struct config_guest, modules),
     .low = 1,
     .high = 255,
     .fewest = 0,
     .most = CONFIG_MODULES_MAX,
     .example = "[\"first.bin\"]",
     .description = "Names of the boot modules handed on to a multiboot guest."},
    {.name = "on-fault",
     .type = CONFIG_WORD,
     .words = on_fault_words,
     .offset = offsetof(struct config_guest, on_fault),
     .example = "\"stop-device\"",
     .description = "What happens when one of its devices has more blocked requests than `fault-limit` allows: "
                    "\"log\" and nothing else, \"stop-device\" until it is returned by hand, \"restart-guest\", or "
                    "\"reboot\" the machine; \"log\" when not given."},
    {.name = "fault-limit",
     .type = CONFIG_RATE,
     .offset = offsetof(struct config_guest, fault_limit),
     .low = 0,
     .high = CONFIG_RATE_HIGH,
     .example = "\"10/1s\"",
     .description =
         "How many blocked requests of one device in what time are only logged: a number, '/', and a time in "
         "us, ms, s or min; \"10/1s\" when not given, \"0/1s\" acts on the first."},
    {.name = "irq-limit",
     .type = CONFIG_RATE,
     .offset = offsetof(struct config_guest, irq_limit),
     .low = 1,
     .high = CONFIG_RATE_HIGH,
     .example = "\"20000/10ms\"",
     .description = "How many interrupts of one vector or line of a device in what time are let through; beyond, it is "
                    "masked for a while. No limit when not given. With one, its interrupts are not posted."},
    {.name = "fault-severity",
     .type = CONFIG_WORD,
     .words = severity_words,
     .offset = offsetof(struct config_guest, fault_severity),
     .example = "\"error\"",
     .description = "How bad a blocked request of one of its devices is called in events: \"info\", \"warning\", "
                    "\"error\" or \"critical\"; \"warning\" when not given."},
    {.name = "watch",
     .type = CONFIG_RANGES,
     .offset = offsetof(struct config_guest, watch),
     .low = 1,
     .high = 63,
     .fewest = 0,
     .most = CONFIG_WATCH_MAX,
     .example = "[\"0x1000000+0x200000\"]",
     .description = "Ranges of its memory, as it sees it, that nobody is to write: where each starts, '+', its size, "
                    "both in bytes and multiples of 4 KiB. A write by its CPUs or its devices is told "
                    "(docs/integrity.md)."},
    {.name = "on-watch",
     .type = CONFIG_WORD,
     .words = on_watch_words,
     .offset = offsetof(struct config_guest, on_watch),
     .example = "\"block\"",
     .description = "What becomes of a write to what it watches: \"block\", which holds when not given, or \"allow\"."},
    {.name = "watch-armed",
     .type = CONFIG_BOOLEAN,
     .offset = offsetof(struct config_guest, watch_armed),
     .example = "false",
     .description = "Whether the watch begins by itself; true when not given. Otherwise the service guest arms it."},
    {.name = "watch-after-s",
     .type = CONFIG_INTEGER,
     .offset = offsetof(struct config_guest, watch_after),
     .low = 0,
     .high = WATCH_AFTER_HIGH,
     .example = "60",
     .description = "How long after each start of the guest the watch begins, in seconds: kernels write their own "
                    "code while they boot. 0 when not given."},
};

static const struct config_key device_keys[] = {
    {.name = "gsi",
     .type = CONFIG_INTEGER,
     .offset = offsetof(struct config_device, gsi),
     .low = 0,
     .high = GSI_HIGH,
     .example = "17",
     .description = "Global system interrupt of its INTA# line, for a device without MSI: Linux on the same machine "
                    "names it behind the driver's \"IO-APIC\" in /proc/interrupts. Only by address."},
    {.name = "expect",
     .type = CONFIG_ID,
     .offset = offsetof(struct config_device, expect),
     .example = "\"8086:37c8\"",
     .description = "The id, vendor and device, of what must be there: a changed machine is refused. Only by address."},
    {.name = "reset",
     .type = CONFIG_WORD,
     .words = reset_words,
     .offset = offsetof(struct config_device, reset),
     .example = "\"d3d0\"",
     .description = "How it is reset, instead of the gentlest way that it offers: \"flr\" function level reset, "
                    "\"d3d0\" power state D3hot and back, \"bus\" secondary bus reset, \"none\" not at all."},
    {.name = "rom",
     .type = CONFIG_BOOLEAN,
     .offset = offsetof(struct config_device, rom),
     .example = "false",
     .description = "Whether its guest sees its option ROM; true when not given."},
    {.name = "rmrr",
     .type = CONFIG_WORD,
     .words = rmrr_words,
     .offset = offsetof(struct config_device, rmrr),
     .example = "\"map\"",
     .description = "As the guest's `rmrr`, for this device."},
    {.name = "on-fault",
     .type = CONFIG_WORD,
     .words = on_fault_words,
     .offset = offsetof(struct config_device, on_fault),
     .example = "\"stop-device\"",
     .description = "As the guest's `on-fault`, for this device."},
    {.name = "fault-limit",
     .type = CONFIG_RATE,
     .offset = offsetof(struct config_device, fault_limit),
     .low = 0,
     .high = CONFIG_RATE_HIGH,
     .example = "\"10/1s\"",
     .description = "As the guest's `fault-limit`, for this device."},
    {.name = "irq-limit",
     .type = CONFIG_RATE,
     .offset = offsetof(struct config_device, irq_limit),
     .low = 1,
     .high = CONFIG_RATE_HIGH,
     .example = "\"20000/10ms\"",
     .description = "As the guest's `irq-limit`, for this device."},
    {.name = "fault-severity",
     .type = CONFIG_WORD,
     .words = severity_words,
     .offset = offsetof(struct config_device, fault_severity),
     .example = "\"error\"",
     .description = "As the guest's `fault-severity`, for this device."},
    {.name = "vfs",
     .type = CONFIG_INTEGER,
     .offset = offsetof(struct config_device, vfs),
     .low = 0,
     .high = CONFIG_VFS_MAX,
     .example = "8",
     .description =
         "How many virtual functions of this SR-IOV device are switched on at boot; none when not given. They can "
         "then be named by their own addresses, which the log and `bulkhead plan` say."},
    {.name = "trusted",
     .type = CONFIG_BOOLEAN,
     .offset = offsetof(struct config_device, trusted),
     .example = "true",
     .description = "Its guest is trusted not to abuse what remapping does not hold back: needed for `ats`, and for "
                    "devices that can hang the platform. Of a PF it holds for its VFs too."},
    {.name = "ats",
     .type = CONFIG_BOOLEAN,
     .offset = offsetof(struct config_device, ats),
     .example = "true",
     .description = "Whether it may keep translations itself (ATS): faster, but it is then believed when it says that "
                    "an address is translated already. Only with `trusted`. Not given: off."},
};

static const struct config_key network_keys[] = {
    {.name = "guests",
     .type = CONFIG_GUESTS,
     .required = true,
     .offset = offsetof(struct config_network, guests),
     .low = 1,
     .high = CONFIG_NAME_MAX,
     .fewest = 2,
     .most = CONFIG_GUESTS_MAX,
     .example = "[\"service\", \"user\"]",
     .description = "The guests that are on it, two at least. Each gets a virtio network device for it: the first "
                    "network of a guest is its PCI device 00:1d.0, the next 00:1c.0, and so on."},
    {.name = "mtu",
     .type = CONFIG_INTEGER,
     .offset = offsetof(struct config_network, mtu),
     .low = 576,
     .high = 9216,
     .example = "9000",
     .description = "Bytes of a frame without its Ethernet header; 1500 when not given."},
    {.name = "macs",
     .type = CONFIG_MACS,
     .offset = offsetof(struct config_network, macs),
     .low = 17,
     .high = 17,
     .fewest = 2,
     .most = CONFIG_GUESTS_MAX,
     .example = "[\"52:54:00:00:00:01\", \"52:54:00:00:00:02\"]",
     .description = "The Ethernet address of each guest's device, in the order of `guests`. Not given: made from the "
                    "names of the network and the guest, the same at every start."},
    {.name = "filter",
     .type = CONFIG_BOOLEAN,
     .offset = offsetof(struct config_network, filter),
     .example = "true",
     .description = "Whether a guest may send from its device's own address alone. Not given: from any, which a bridge "
                    "in a guest needs."},
};

const struct config_table config_tables[CONFIG_TABLE_COUNT] = {
    [CONFIG_TABLE_TOP] = {"", top_keys, ARRAY_LENGTH(top_keys), "Before the first table."},
    [CONFIG_TABLE_SYSTEM] = {"[system]", system_keys, ARRAY_LENGTH(system_keys), "The hypervisor itself."},
    [CONFIG_TABLE_GUEST] = {"[guest.NAME]", guest_keys, ARRAY_LENGTH(guest_keys),
                            "One guest. NAME has 1 to 31 characters of a-z, 0-9 and '-', and is not \"block\"."},
    [CONFIG_TABLE_DEVICE] = {"[device.\"ADDRESS-OR-ID\"]", device_keys, ARRAY_LENGTH(device_keys),
                             "What holds for one assigned device, by its PCI address, `[device.\"0000:3b:00.0\"]`, or "
                             "for all with one vendor and device id, `[device.\"8086:28c0\"]`. Where both say "
                             "something, the address's table counts."},
    [CONFIG_TABLE_NETWORK] = {"[network.NAME]", network_keys, ARRAY_LENGTH(network_keys),
                              "A virtual network between guests. NAME is made as a guest's."},
};

const struct config_key *config_keys_find(const struct config_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->keys[i].name, name) == 0) {
            return &table->keys[i];
        }
    }
    return NULL;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance, one row at a time. Both words have at most WORD_MAX characters. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[WORD_MAX + 1];
    size_t length = strlen(b);
    for (unsigned j = 0; j <= length; j++) {
        row[j] = j;
    }
    for (unsigned i = 0; a[i] != 0; i++) {
        unsigned diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            unsigned replaced = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = least(replaced, least(diagonal, row[j]) + 1);
        }
    }
    return row[length];
}

bool config_keys_near(const char *a, const char *b)
{
    size_t shorter = strnlen(a, WORD_MAX + 1);
    size_t longer = strnlen(b, WORD_MAX + 1);
    if (shorter > longer) {
        size_t swapped = shorter;
        shorter = longer;
        longer = swapped;
    }
    /* Two slips in a word of three letters say nothing. */
    return longer <= WORD_MAX && distance(a, b) <= (shorter > 4 ? 2U : 1U);
}

const char *config_keys_suggest(const struct config_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (config_keys_near(table->keys[i].name, name)) {
            return table->keys[i].name;
        }
    }
    return NULL;
}

bool config_keys_is_list(enum config_type type)
{
    return type == CONFIG_INTEGERS || type == CONFIG_STRINGS || type == CONFIG_DEVICES || type == CONFIG_GUESTS ||
           type == CONFIG_MACS || type == CONFIG_RANGES;
}

const char *config_keys_type_text(enum config_type type)
{
    switch (type) {
    case CONFIG_INTEGER:
        return "an integer";
    case CONFIG_STRING:
        return "a string";
    case CONFIG_BOOLEAN:
        return "true or false";
    case CONFIG_SIZE:
        return "a string with a size";
    case CONFIG_GUEST_NAME:
        return "a string with a guest's name";
    case CONFIG_WORD:
        return "a string with one of its words";
    case CONFIG_ID:
        return "a string with a device's id";
    case CONFIG_SHA256:
        return "a string with a SHA-256";
    case CONFIG_RATE:
        return "a string with a number and a time";
    case CONFIG_INTEGERS:
        return "an array of integers";
    case CONFIG_STRINGS:
        return "an array of strings";
    case CONFIG_DEVICES:
        return "an array of strings with device addresses";
    case CONFIG_GUESTS:
        return "an array of strings with guests' names";
    case CONFIG_MACS:
        return "an array of strings with Ethernet addresses";
    case CONFIG_RANGES:
        return "an array of strings with addresses and sizes";
    }
    return "unknown";
}
