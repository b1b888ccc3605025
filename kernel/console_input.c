/* SPDX-License-Identifier: GPL-2.0-only
 * Console input, by interrupt on the housekeeping CPU. */
#include "kernel/console_input.h"

#include "kernel/core/log.h"
#include "kernel/core/percpu.h"
#include "kernel/core/serial.h"
#include "kernel/gsi.h"

#define HOUSEKEEPING_CPU 0u
#define FOCUS_KEY 0x1d /* Ctrl-] */
#define COM1_PORT 0x3f8
#define COM1_IRQ 4
#define COM2_PORT 0x2f8
#define COM2_IRQ 3

static struct {
    struct vtd_line line;
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
            (void)vm_platform_input(input.guests[input.focus], (uint8_t)byte);
        }
    }
}

int console_input_irq(void)
{
    uint16_t port = serial_port();
    return port == COM1_PORT ? COM1_IRQ : port == COM2_PORT ? COM2_IRQ : -1;
}

void console_input_start(struct isolate *iso, const struct machine *m, struct vm *const *guests, size_t count)
{
    int irq = console_input_irq();
    if (count == 0 || irq < 0) {
        return;
    }
    input.guests = guests;
    input.count = count;
    struct vtd_line_place place = gsi_place(iso, m, gsi_of_isa(m, (uint8_t)irq));
    enum status status = vtd_line_route(&input.line, &place, VTD_LINE_EDGE, HOUSEKEEPING_CPU,
                                        percpu_at(HOUSEKEEPING_CPU)->apic_id, arrived, NULL);
    if (status != STATUS_OK) {
        log_warn("console: no input: its interrupt cannot be routed: %s", status_text(status));
        return;
    }
    serial_interrupt_on_receive();
    log_info("console: input goes to guest %s; Ctrl-] goes to the next", guests[0]->name);
}
