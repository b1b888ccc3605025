/* SPDX-License-Identifier: GPL-2.0-only
 * Reporting on the serial port, by polling. */
#include "tests/guest/lib/report.h"

#include "guest/platform.h"
#include "kernel/hw/port.h"
#include "kernel/lib/format.h"
#include "tests/guest/lib/machine.h"

#define LINE_STATUS (PLATFORM_COM1_PORT + 5)
#define LINE_STATUS_ROOM 0x20

static struct {
    unsigned passed, failed;
} report;

static void put(const char *text)
{
    for (; *text != '\0'; text++) {
        for (unsigned i = 0; i < 100000 && (port_read8(LINE_STATUS) & LINE_STATUS_ROOM) == 0; i++) {
        }
        port_write8(PLATFORM_COM1_PORT, (uint8_t)*text);
    }
}

void say(const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    format_text_v(text, sizeof(text), fmt, args);
    va_end(args);
    put(text);
    put("\n");
}

static bool result(bool ok, const char *what, const char *detail)
{
    report.passed += ok;
    report.failed += !ok;
    say("%s: %s%s%s", ok ? "PASS" : "FAIL", what, ok || detail[0] == '\0' ? "" : ": ", ok ? "" : detail);
    return ok;
}

bool check(bool ok, const char *fmt, ...)
{
    char what[160];
    va_list args;
    va_start(args, fmt);
    format_text_v(what, sizeof(what), fmt, args);
    va_end(args);
    return result(ok, what, "");
}

bool expect(uint64_t got, uint64_t expected, const char *fmt, ...)
{
    char what[160], detail[80];
    va_list args;
    va_start(args, fmt);
    format_text_v(what, sizeof(what), fmt, args);
    va_end(args);
    format_text(detail, sizeof(detail), "got 0x%llx, expected 0x%llx", (unsigned long long)got,
                (unsigned long long)expected);
    return result(got == expected, what, detail);
}

bool expect_in(uint64_t got, uint64_t low, uint64_t high, const char *fmt, ...)
{
    char what[160], detail[80];
    va_list args;
    va_start(args, fmt);
    format_text_v(what, sizeof(what), fmt, args);
    va_end(args);
    format_text(detail, sizeof(detail), "got %llu, expected %llu to %llu", (unsigned long long)got,
                (unsigned long long)low, (unsigned long long)high);
    return result(got >= low && got <= high, what, detail);
}

void skip(const char *what, const char *why)
{
    say("SKIP: %s: %s", what, why);
}

_Noreturn void report_end(void)
{
    say("SUMMARY: %u passed, %u failed", report.passed, report.failed);
    machine_power_off();
}
