/* SPDX-License-Identifier: GPL-2.0-only
 * Exceptions reach the guest as on a bare CPU: by INT, by fault, with their error codes, nested, and as traps over
 * instructions that the hypervisor emulates. */
#include "tests/guest/exceptions/exceptions.h"

#include "kernel/hw/cpu.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/layout.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"

#define NOWHERE UINT64_C(0x100000000) /* above what start.S maps */
#define NON_CANONICAL UINT64_C(0x8000000000000000)

extern uint8_t trap_software[];

static volatile unsigned hits, last;

static void count(struct trap_frame *frame)
{
    hits++;
    last = (unsigned)frame->vector;
}

static void every_vector_by_int(void)
{
    unsigned right = 0;
    trap_software_stubs(true);
    for (unsigned vector = 0; vector < 256; vector++) {
        trap_handle((uint8_t)vector, count);
        hits = 0;
        ((void (*)(void))(uintptr_t)(trap_software + (size_t)4 * vector))();
        right += hits == 1 && last == vector;
        trap_handle((uint8_t)vector, NULL);
    }
    trap_software_stubs(false);
    expect(right, 256, "INT n arrives for every vector");
    apic_init(); /* its spurious vector's handler */
}

static void faults_with(void (*fn)(void *), void *argument, unsigned vector, uint64_t error, const char *what)
{
    struct trap_frame caught = {0};
    if (check(trap_try(fn, argument, &caught), "%s faults", what)) {
        expect(caught.vector << 32 | caught.error, (uint64_t)vector << 32 | error, "%s: vector and error code", what);
    }
}

static void page_fault(void (*fn)(void *), uint64_t at, uint64_t error, const char *what)
{
    faults_with(fn, (void *)at, TRAP_PF, error, what);
    expect(cpu_read_cr2(), at, "%s: CR2", what);
}

static void plain_faults(void)
{
    faults_with(raise_divide, NULL, TRAP_DE, 0, "a division by zero");
    faults_with(raise_breakpoint, NULL, TRAP_BP, 0, "INT3");
    faults_with(raise_undefined, NULL, TRAP_UD, 0, "UD2");
    faults_with(read_at, (void *)NON_CANONICAL, TRAP_GP, 0, "a read from a non-canonical address");
    faults_with(load_ds, (void *)0xfff8, TRAP_GP, 0xfff8, "a selector past the GDT");
    faults_with(load_ds, (void *)SELECTOR_ABSENT, TRAP_NP, SELECTOR_ABSENT, "a segment that is not present");
    faults_with(raise_x87, NULL, TRAP_MF, 0, "an x87 division by zero");
    raise_x87_clear();
    uint64_t cr0 = cpu_read_cr0();
    cpu_write_cr0(cr0 | 8);
    faults_with(use_x87, NULL, TRAP_NM, 0, "x87 with CR0.TS");
    cpu_write_cr0(cr0);
    expect(cpu_read_cr0(), cr0, "CR0 is as before");
}

extern uint64_t start_pd[];

static void page_faults(void)
{
    uint64_t *entry = &start_pd[3 * 512]; /* 0xc0000000..0xc01fffff, in the hole: never really reached */
    const uint64_t at = 0xc0001000, old = *entry;
    page_fault(read_at, NOWHERE, 0, "a read of a page that is not there");
    page_fault(write_at, NOWHERE + 8, 2, "a write to a page that is not there");
    page_fault(jump_to, NOWHERE + 16, 0x10, "a fetch from a page that is not there");
    *entry = old & ~UINT64_C(2);
    cpu_invlpg(at);
    page_fault(write_at, at, 3, "a write to a read-only page");
    *entry = old | UINT64_C(1) << 63;
    cpu_invlpg(at);
    page_fault(jump_to, at, 0x11, "a fetch from a no-execute page");
    *entry = old | UINT64_C(1) << 20; /* a reserved bit of a 2 MiB entry */
    cpu_invlpg(at);
    struct trap_frame caught = {0};
    check(trap_try(read_at, (void *)at, &caught) && caught.vector == TRAP_PF, "a reserved bit in a table entry faults");
    expect(caught.error | 1, 9, "its error code, but for P, which TCG leaves out");
    *entry = old;
    cpu_invlpg(at);
}

/* The handler of the first page fault causes a second one, which maps both. */
static unsigned depth, deepest;

static void nested_handler(struct trap_frame *frame)
{
    static const uint64_t other = 0xc0400000;
    depth++;
    deepest = depth > deepest ? depth : deepest;
    uint64_t at = cpu_read_cr2();
    if (at != other) {
        (void)read_at_value(other);
    }
    start_pd[at >> 21] |= 1;
    cpu_invlpg(at);
    depth--;
    (void)frame;
}

static void nested(void)
{
    struct trap_frame caught = {0};
    start_pd[0xc0200000 >> 21] &= ~UINT64_C(1);
    start_pd[0xc0400000 >> 21] &= ~UINT64_C(1);
    cpu_invlpg(0xc0200000);
    cpu_invlpg(0xc0400000);
    trap_handle(TRAP_PF, nested_handler);
    (void)read_at_value(0xc0200000);
    trap_handle(TRAP_PF, NULL);
    expect(deepest, 2, "a page fault within a page fault's handler");

    trap_gate_present(TRAP_GP, false);
    check(trap_try(read_at, (void *)NON_CANONICAL, &caught), "#GP without a gate faults");
    expect(caught.vector << 32 | caught.error, (uint64_t)TRAP_DF << 32, "#GP without a gate is a double fault");
    trap_gate_present(TRAP_GP, true);
    trap_gate_present(TRAP_UD, false);
    check(trap_try(raise_undefined, NULL, &caught), "#UD without a gate faults");
    expect(caught.vector, TRAP_NP, "#UD without a gate is #NP");
    uint64_t gate = caught.error & ~UINT64_C(1); /* EXT: set, as it came while another exception was delivered */
    check(gate == TRAP_UD * 8 + 2 || gate == TRAP_UD * 16 + 2,
          "its error code names the gate (TCG counts in 16 bytes, and leaves EXT out)");
    trap_gate_present(TRAP_UD, true);
}

/* --- single steps */

static volatile uint64_t steps[16];
static volatile unsigned step_count;
static volatile uint64_t step_dr6;

static void step_handler(struct trap_frame *frame)
{
    if (step_count < ARRAY_LENGTH(steps)) {
        steps[step_count] = frame->rip;
    }
    step_count++;
    step_dr6 |= debug_read_dr6();
    debug_write_dr6(0xffff0ff0);
    if (step_count >= ARRAY_LENGTH(steps) || frame->rip == (uintptr_t)step_end) {
        frame->rflags &= ~UINT64_C(0x100);
    }
}

/* code.S lists where every instruction after POPF ends. */
static void single_step(void)
{
    step_count = 0;
    trap_handle(TRAP_DB, step_handler);
    step_over();
    trap_handle(TRAP_DB, NULL);
    static const char *const names[] = {"CPUID",        "MOV",           "RDMSR", "IN", "OUT",
                                        "an MMIO read", "an MMIO write", "RDTSC", "NOP"};
    unsigned expected = (unsigned)ARRAY_LENGTH(names);
    expect(step_count, expected, "one #DB an instruction");
    for (unsigned i = 0; i < expected; i++) {
        expect(steps[i], step_expected[i], "single step over %s", names[i]);
    }
    expect(step_dr6 & 0x4000, 0x4000, "DR6.BS was set");
}

/* --- breakpoints */

static volatile unsigned break_count;

static void break_handler(struct trap_frame *frame)
{
    break_count++;
    frame->rflags |= 0x10000; /* RF: do not stop at the same instruction again */
    debug_write_dr6(0xffff0ff0);
}

static void breakpoints(void)
{
    trap_handle(TRAP_DB, break_handler);
    debug_write_dr0((uintptr_t)break_here);
    debug_write_dr7(0x402 | 1);
    break_count = 0;
    break_code();
    expect(break_count, 1, "an instruction breakpoint stops once, RF lets it go on");
    static uint64_t watched;
    debug_write_dr0((uintptr_t)&watched);
    debug_write_dr7(0x402 | 1 | 1 << 16 | 2 << 18); /* writes of 8 bytes */
    break_count = 0;
    write_at(&watched);
    debug_write_dr7(0x400);
    write_at(&watched);
    trap_handle(TRAP_DB, NULL);
    expect(break_count, 1, "a data breakpoint stops at the write");
}

/* --- NMIs */

static volatile unsigned nmi_count;
static volatile uint64_t nmi_rip[2];

static void nmi_handler(struct trap_frame *frame)
{
    if (nmi_count < 2) {
        nmi_rip[nmi_count] = frame->rip;
    }
    if (nmi_count++ == 0) {
        apic_ipi(apic_id(), APIC_ICR_NMI | APIC_ICR_ASSERT);
        expect(nmi_count, 1, "no NMI while a handler of one runs");
    }
}

/* The second one is held back until the handler's IRET, and then comes before anything else runs. */
static void nested_nmi(void)
{
    trap_handle(TRAP_NMI, nmi_handler);
    apic_ipi(apic_id(), APIC_ICR_NMI | APIC_ICR_ASSERT);
    expect(nmi_count, 2, "an NMI sent by the handler of one arrives");
    expect(nmi_rip[1], nmi_rip[0], "right behind the handler's IRET");
    trap_handle(TRAP_NMI, NULL);
}

void guest_main(void)
{
    every_vector_by_int();
    plain_faults();
    page_faults();
    nested();
    single_step();
    breakpoints();
    nested_nmi();
}
