/* SPDX-License-Identifier: GPL-2.0-only
 * A guest that writes to its own watched memory ("at=N" MiB and the page behind it, docs/integrity.md): by every kind
 * of instruction that the hypervisor emulates and by some that it does not, across the edge, and by DMA of an edu
 * device where it has one. "allow=1" says that its configuration allows it, "later=1" that the watch begins by itself a
 * second after the start. What it sees must fit. */
#include "kernel/lib/string.h"
#include "tests/guest/lib/edu.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"

#define PAGE 4096u
#define OLD UINT64_C(0x1111111111111111)
#define NEW UINT64_C(0x2222222222222222)
#define LATER_US 1500000

static uint8_t page[PAGE] __attribute__((aligned(4096)));
static bool allowed;
static volatile uint64_t *watched; /* of two pages */

static uint64_t after(uint64_t old, uint64_t new)
{
    return allowed ? new : old;
}

static void plain_writes(void)
{
    watched[0] = NEW;
    expect(watched[0], after(OLD, NEW), "a store of 8 bytes");
    ((volatile uint32_t *)watched)[2] = 0x22222222;
    expect(watched[1], after(OLD, 0x1111111122222222), "a store of 4 bytes");
    ((volatile uint8_t *)watched)[16] = 0x22;
    expect(watched[2], after(OLD, 0x1111111111111122), "a store of 1 byte");
    watched[PAGE / 8] = NEW;
    expect(watched[PAGE / 8], after(OLD, NEW), "a store to the second page");
}

static void locked_writes(void)
{
    uint64_t value = NEW;
    __asm__ volatile("xchg %0, %1" : "+r"(value), "+m"(watched[3]));
    expect(value, OLD, "an exchange brings what was there");
    expect(watched[3], after(OLD, NEW), "and stores");
    uint64_t was = __atomic_fetch_add(&watched[4], 1, __ATOMIC_SEQ_CST);
    expect(was, OLD, "an addition brings what was there");
    expect(watched[4], after(OLD, OLD + 1), "and stores");
}

static void string_writes(void)
{
    memset(page, 0x22, sizeof(page));
    void *to = (void *)&watched[16];
    const void *from = page;
    uint64_t count = 256;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
    expect((uintptr_t)to, (uintptr_t)&watched[48], "a string instruction goes to its end");
    expect(watched[16], after(OLD, NEW), "its first bytes");
    expect(watched[47], after(OLD, NEW), "its last bytes");
}

/* The 4 bytes before the watched pages are RAM like any other. */
static void across_the_edge(void)
{
    volatile uint64_t *edge = (volatile uint64_t *)((uintptr_t)watched - 4);
    *(volatile uint32_t *)edge = 0;
    *edge = NEW;
    expect(*(volatile uint32_t *)edge, 0x22222222, "a store across the edge writes what is before it");
}

/* PUSH is not emulated. */
static void push_there(void *argument)
{
    __asm__ volatile("mov %%rsp, %%rbx\n\tmov %0, %%rsp\n\tpush $0x22\n\tmov %%rbx, %%rsp"
                     :
                     : "r"(argument)
                     : "rbx", "memory");
}

/* With its own stack there, the trap that comes of it needs another: only where it is allowed. */
static void stack_there(void)
{
    if (allowed) {
        push_there((void *)&watched[65]);
        expect(watched[64], 0x22, "a push stores");
    }
}

static void store_by_sse(void *at)
{
    __asm__ volatile("movups %%xmm0, (%0)" : : "r"(at) : "memory");
}

static void by_sse(void)
{
    struct trap_frame caught;
    bool trapped = trap_try(store_by_sse, (void *)&watched[66], &caught);
    if (allowed) {
        check(!trapped, "a store of an SSE register goes on");
    } else {
        check(trapped && caught.vector == TRAP_GP, "a store of an SSE register is a general protection fault");
        expect(watched[66], OLD, "and stores nothing");
    }
}

static void by_dma(void)
{
    struct edu edu;
    if (!edu_find(&edu)) {
        skip("DMA", "there is no edu device");
        return;
    }
    memset(page, 0x22, sizeof(page));
    check(edu_to_device(&edu, (uintptr_t)page, 64), "DMA from other memory ends");
    memset(page, 0, sizeof(page));
    check(edu_from_device(&edu, (uintptr_t)page, 64) && page[63] == 0x22, "DMA to other memory arrives");
    if (allowed) {
        machine_wait_us(100000); /* pages that the CPU opened are closed again */
    }
    check(edu_from_device(&edu, (uintptr_t)&watched[128], 64), "DMA to watched memory ends");
    say("WATCH: after DMA 0x%llx", (unsigned long long)watched[128]);
    if (!allowed) {
        expect(watched[128], OLD, "DMA to watched memory writes nothing");
    }
    check(edu_to_device(&edu, (uintptr_t)&watched[256], 64) && edu_from_device(&edu, (uintptr_t)page, 64) &&
              page[0] == 0x11,
          "DMA from watched memory reads it");
}

static void fill(void)
{
    for (unsigned i = 0; i < 2 * PAGE / 8; i++) {
        watched[i] = OLD;
    }
}

void guest_main(void)
{
    allowed = !on_bulkhead() || machine_option("allow", 0) != 0;
    watched = (volatile uint64_t *)(uintptr_t)(machine_option("at", 8) << 20);
    trap_init();
    if (machine_option("later", 0) == 0 && on_bulkhead() && !allowed) {
        expect(watched[0], 0, "memory that was watched from the start on is empty");
        fill();
        expect(watched[0], 0, "and stays so");
        expect(watched[2 * PAGE / 8 - 1], 0, "to its end");
        return;
    }
    fill();
    expect(watched[2 * PAGE / 8 - 1], OLD, "before the watch begins everything is written");
    if (machine_option("later", 0) != 0) {
        machine_wait_us(LATER_US);
    }
    plain_writes();
    locked_writes();
    string_writes();
    across_the_edge();
    stack_there();
    by_sse();
    by_dma();
    say("WATCH: done");
}
