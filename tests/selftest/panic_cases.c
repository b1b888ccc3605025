/* SPDX-License-Identifier: GPL-2.0-only
 * Faults on purpose, one a boot, so that a test can read the panic's output. */
#include "kernel/core/image.h"
#include "kernel/core/panic.h"
#include "kernel/core/panic_control.h"
#include "kernel/core/percpu.h"
#include "kernel/core/smp.h"
#include "kernel/core/time.h"
#include "kernel/hw/mmio.h"
#include "kernel/lib/string.h"
#include "tests/selftest/cases.h"

#define WILD UINT64_C(0x00007f0000001000) /* in no memory map */

static void page_fault(void *argument)
{
    (void)argument;
    (void)mmio_read32(hpa(WILD));
}

static void null_pointer(void *argument)
{
    (void)argument;
    (void)mmio_read32(hpa(8));
}

static void write_text(void *argument)
{
    (void)argument;
    mmio_write8(hpa((uint64_t)image_text_start), 0);
}

static void write_rodata(void *argument)
{
    (void)argument;
    mmio_write8(hpa((uint64_t)image_rodata_start), 0);
}

static uint8_t code[16] = {0xc3}; /* RET, in the data section */

static void execute_data(void *argument)
{
    (void)argument;
    void (*run)(void) = (void (*)(void))(uintptr_t)code;
    run();
}

static void invalid_opcode(void *argument)
{
    (void)argument;
    __builtin_trap();
}

static void fail_assertion(void *argument)
{
    bulkhead_assert(argument != NULL);
}

/* Deeper than any stack; the buffer keeps the compiler from making a loop of it. */
static uint64_t recurse(uint64_t depth)
{
    uint8_t frame[256];
    memset(frame, (int)depth, sizeof(frame));
    return depth == UINT64_MAX ? 0 : recurse(depth + 1) + frame[depth % sizeof(frame)];
}

static void overflow_stack(void *argument)
{
    (void)argument;
    log_info("selftest: %llu", (unsigned long long)recurse(0));
}

static void stop_by_panic(void)
{
    panic("the device stop failed");
}

static void nested(void *argument)
{
    (void)argument;
    panic_set_device_stop(stop_by_panic);
    panic("the first reason");
}

static const struct {
    const char *name;
    smp_function *run;
} faults[] = {
    {"pagefault", page_fault},          {"null", null_pointer},    {"wtext", write_text},
    {"wrodata", write_rodata},          {"xdata", execute_data},   {"ud", invalid_opcode},
    {"assert", fail_assertion},         {"stack", overflow_stack}, {"nested", nested},
    {"guestnmi", selftest_panic_guest},
};

/* "NAME" on the boot CPU; "ap-NAME" on the last one, the others looking on. */
void selftest_panic(const char *name)
{
    bool elsewhere = strncmp(name, "ap-", 3) == 0;
    const char *what = elsewhere ? name + 3 : name;
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++) {
        if (strcmp(faults[i].name, what) != 0) {
            continue;
        }
        if (elsewhere && cpu_count() > 1) {
            smp_start_work(cpu_count() - 1, faults[i].run, NULL);
            time_wait_us(1000000);
        } else {
            faults[i].run(NULL);
        }
    }
}
