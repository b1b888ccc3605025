/* SPDX-License-Identifier: GPL-2.0-only
 * Console option text. */
#include "kernel/core/console_option.h"

#include "kernel/core/cmdline.h"
#include "kernel/lib/string.h"

#define BAUD_MAX 115200
#define PORT_MIN 0x100 /* below are the chipset's own: DMA, PIC, PIT, keyboard */
#define PORT_MAX 0xfff8

static const struct {
    char name[5];
    uint16_t port;
} names[] = {{"com1", 0x3f8}, {"com2", 0x2f8}, {"com3", 0x3e8}, {"com4", 0x2e8}, {"none", 0}};

struct console_option console_option_default(void)
{
    return (struct console_option){0x3f8, BAUD_MAX};
}

static enum status parse_port(const char *text, size_t length, uint16_t *out)
{
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (length == strlen(names[i].name) && memcmp(text, names[i].name, length) == 0) {
            *out = names[i].port;
            return STATUS_OK;
        }
    }
    uint64_t port;
    if (length < 3 || text[0] != '0' || text[1] != 'x' || !cmdline_parse_number(text, length, &port)) {
        return STATUS_BAD_FORMAT;
    }
    if (port < PORT_MIN || port > PORT_MAX) {
        return STATUS_OUT_OF_RANGE;
    }
    *out = (uint16_t)port;
    return STATUS_OK;
}

enum status console_option_parse(const char *text, struct console_option *out)
{
    size_t length = 0;
    while (text[length] != 0 && text[length] != ',') {
        length++;
    }
    struct console_option option = console_option_default();
    enum status status = parse_port(text, length, &option.port);
    if (status != STATUS_OK) {
        return status;
    }
    if (text[length] == ',') {
        const char *rate = text + length + 1;
        uint64_t baud;
        if (!cmdline_parse_number(rate, strlen(rate), &baud)) {
            return STATUS_BAD_FORMAT;
        }
        if (baud == 0 || baud > BAUD_MAX || BAUD_MAX % baud != 0 || BAUD_MAX / baud > UINT16_MAX) {
            return STATUS_OUT_OF_RANGE;
        }
        option.baud = (uint32_t)baud;
    }
    *out = option;
    return STATUS_OK;
}
