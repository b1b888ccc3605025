/* SPDX-License-Identifier: GPL-2.0-only
 * Console input, by interrupt on the housekeeping CPU. */
#include "kernel/console_input.h"

#include "kernel/core/log.h"
#include "kernel/core/serial.h"
#include "kernel/gsi.h"

#define HOUSEKEEPING_CPU 0u
#define FOCUS_KEY 0x1d /* Ctrl-] */
#define COM1_PORT 0x3f8
#define COM1_IRQ 4
#define COM2_PORT 0x2f8
#define COM2_IRQ 3

static struct {
    struct gsi line;
    struct vm *const *guests;
    size_t count;
    size_t focus;
} input;

static void next_focus(void)
{
    for (size_t tries = 0; tries < input.count; tries++) {
        input.focus = (input.focus + 1) % input.count;
        if (!vm_is_stopping(input.guests[input.focus])) {
            break;
        }
    }
    log_info("console: input goes to guest %s", input.guests[input.focus]->name);
}

static void arrived(void *context)
{
    (void)context;
    for (int byte = serial_read(); byte >= 0; byte = serial_read()) {
        if (byte == FOCUS_KEY) {
            next_focus();
        } else {
            vm_platform_input(input.guests[input.focus], (uint8_t)byte);
        }
    }
}

void console_input_start(struct isolate *iso, const struct machine *m, struct vm *const *guests, size_t count)
{
    uint16_t port = serial_port();
    if (count == 0 || (port != COM1_PORT && port != COM2_PORT)) {
        return;
    }
    input.guests = guests;
    input.count = count;
    uint32_t number = gsi_of_isa(m, port == COM1_PORT ? COM1_IRQ : COM2_IRQ);
    enum status status = gsi_route(&input.line, iso, m, number, HOUSEKEEPING_CPU, arrived, NULL);
    if (status != STATUS_OK) {
        log_warn("console: no input: its interrupt cannot be routed: %s", status_text(status));
        return;
    }
    serial_interrupt_on_receive();
    log_info("console: input goes to guest %s; Ctrl-] goes to the next", guests[0]->name);
}
