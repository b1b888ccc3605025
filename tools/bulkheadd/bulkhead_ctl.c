/* SPDX-License-Identifier: GPL-2.0-only
 * bulkhead-ctl: looks at the Bulkhead hypervisor's guests from its service guest, and acts on them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/bulkheadd/agent.h"
#include "tools/bulkheadd/ctl.h"

struct command {
    const char *name, *arguments, *summary;
    int (*run)(struct ctl *c, int argc, char **argv);
};

static const struct command commands[] = {
    {"status", "", "the agent, its channels, the hypervisor", ctl_status},
    {"guests", "", "the guests and what they do", ctl_list},
    {"devices", "", "devices and whose they are", ctl_list},
    {"networks", "", "the networks between guests", ctl_list},
    {"faults", "", "how many requests of each device were blocked", ctl_list},
    {"events", "[--follow] [--last N] [--type T] [--guest G] [--severity S]", "what happened", ctl_events},
    {"last-boot", "", "how the boot before this one ended, and the end of its log", ctl_last_boot},
    {"top", "", "a live screen of guests, rates, networks and faults", ctl_top},
    {"console", "GUEST", "a guest's console on this terminal; Ctrl-] ends it", ctl_console},
    {"start", "GUEST", "start a stopped guest", ctl_order},
    {"shutdown", "GUEST [--wait SECONDS]", "press a guest's power button: its system ends and switches it off",
     ctl_shutdown},
    {"stop", "GUEST", "stop a guest, as by its plug; its memory is cleared", ctl_order},
    {"restart", "GUEST", "stop it and start it from its images", ctl_order},
    {"pause", "GUEST", "hold a guest's CPUs", ctl_order},
    {"resume", "GUEST", "let them go on", ctl_order},
    {"stop-device", "DEVICE", "take a device (0000:03:00.0) away from its guest", ctl_order},
    {"return-device", "DEVICE", "reset it and give it back", ctl_order},
    {"cut", "NETWORK", "take a network between guests down", ctl_order},
    {"restore", "NETWORK", "bring it up again", ctl_order},
    {"log-level", "[LEVEL] [--events LEVEL]",
     "error, warn, info, debug: what the machine's console shows, what becomes an event", ctl_order},
    {"reboot", "[--yes]", "reboot the machine", ctl_order},
    {"poweroff", "[--yes]", "switch the machine off", ctl_order},
};

static void print_help(void)
{
    puts("usage: bulkhead-ctl [--json] [--socket PATH] [--ports DIR] COMMAND ...\n\ncommands:");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        printf("  %s%s%s\n      %s\n", commands[i].name, commands[i].arguments[0] != 0 ? " " : "",
               commands[i].arguments, commands[i].summary);
    }
    puts("\n--json prints the answer as one line of JSON. bulkhead-ctl(1) says more.\n"
         "Exit status: 0 done, 1 refused, 2 wrong usage, 3 bulkheadd is not there.");
}

/* Options stand before the command, --json behind it as well. Returns the number of words left in argv, command first;
 * -1: *result is the end. */
static int take_options(struct ctl *c, int argc, char **argv, int *result)
{
    int left = 0;
    *result = CTL_USAGE;
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--json") == 0) {
            c->json = true;
        } else if (left == 0 && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
            print_help();
            *result = CTL_DONE;
            return -1;
        } else if (left == 0 && strcmp(argv[i], "--version") == 0) {
            puts("bulkhead-ctl " AGENT_VERSION);
            *result = CTL_DONE;
            return -1;
        } else if (left == 0 && more && strcmp(argv[i], "--socket") == 0) {
            c->socket = argv[++i];
        } else if (left == 0 && more && strcmp(argv[i], "--ports") == 0) {
            c->ports = argv[++i];
        } else if (left == 0 && argv[i][0] == '-') {
            ctl_usage("no option \"%s\"; see bulkhead-ctl --help", argv[i]);
            return -1;
        } else {
            argv[left++] = argv[i];
        }
    }
    return left;
}

static int run(struct ctl *c, int argc, char **argv)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(commands[i].name, argv[0]) == 0) {
            return commands[i].run(c, argc, argv);
        }
    }
    return ctl_usage("no command \"%s\"; see bulkhead-ctl --help", argv[0]);
}

int main(int argc, char **argv)
{
    const char *no_colour = getenv("NO_COLOR");
    struct ctl c = {.socket = AGENT_SOCKET, .ports = PORT_FOLDER, .fd = -1, .next_id = 1};
    int result = CTL_USAGE;
    c.colour = isatty(STDOUT_FILENO) && (no_colour == NULL || no_colour[0] == 0);
    int left = take_options(&c, argc, argv, &result);
    if (left == 0) {
        return ctl_usage("no command given; see bulkhead-ctl --help");
    }
    if (left > 0) {
        result = run(&c, left, argv);
        ctl_end(&c);
    }
    return result;
}
