/* SPDX-License-Identifier: GPL-2.0-only
 * The ways out of a run. */
#include "tests/bochs/plugin/ending.hh"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bochs/plugin/bochs_api.hh"
#include "tests/bochs/plugin/dma.hh"
#include "tests/bochs/plugin/libraries.hh"
#include "tests/bochs/plugin/log.hh"
#include "tests/bochs/plugin/vmd.hh"

#define EXIT_PORT 0xf4
#define ANY_WIDTH 7

static struct {
    bool port, at_exit, ordered;
} ending;

static void summary()
{
    dma_summary();
    vmd_summary();
    if (log_errors() != 0) {
        log_line("%u errors: hardware leaves undefined what comes of them", log_errors());
    }
}

void ending_now(int status, const char *why)
{
    status = log_errors() != 0 ? static_cast<int>(ENDING_ERRORS) : status;
    summary();
    log_line("end: %s, status %d", why, status);
    fflush(NULL);
    _exit(status);
}

void ending_refuse(const char *format, ...)
{
    char why[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof(why), format, arguments);
    va_end(arguments);
    log_line("cannot work: %s", why);
    fflush(NULL);
    _exit(ENDING_SETUP);
}

static void on_exit_port(void *, uint32_t, uint32_t value, unsigned)
{
    ending_now(static_cast<int>((value << 1 | 1) & 0xff), "exit port");
}

static bool resets_go_on()
{
    const char *text = getenv("BULKHEAD_RESET");
    return text != NULL && strcmp(text, "continue") == 0;
}

static int on_reset(bx_pc_system_c *system, unsigned type)
{
    log_line("%s reset ordered by software", type == BX_RESET_HARDWARE ? "hardware" : "processor");
    if (!resets_go_on()) {
        ending_now(ENDING_RESET, "reset");
    }
    ending.ordered = true;
    int result = system->Reset(type);
    ending.ordered = false;
    return result;
}

void ending_unordered_reset()
{
    if (!ending.ordered) {
        log_line("reset by a processor's triple fault");
        if (!resets_go_on()) {
            ending_now(ENDING_TRIPLE_FAULT, "triple fault");
        }
    }
}

void ending_init()
{
    static const char *const chipset[] = {"pci2isa", "keyboard", "acpi"};
    for (const char *library : chipset) {
        libraries_replace(library, "_ZN14bx_pc_system_c5ResetEj", reinterpret_cast<void *>(on_reset));
    }
    if (!ending.port) {
        ending.port = bx_devices.register_io_write_handler(&ending, on_exit_port, EXIT_PORT, "exit", ANY_WIDTH);
    }
    if (!ending.at_exit) {
        ending.at_exit = atexit(summary) == 0;
    }
}
