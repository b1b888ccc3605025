/* SPDX-License-Identifier: GPL-2.0-only
 * Vector and x87 registers survive exits, interrupts and the other CPUs, each with a pattern of its own. */
#include "tests/guest/fpu/fpu.h"

#include "kernel/hw/cpu.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/smp.h"
#include "tests/guest/lib/trap.h"

#define VECTOR 0x55
#define ROUNDS 300
#define CR4_OSXSAVE BIT64(18)
#define XCR0_AVX 7

struct job {
    unsigned number;
    bool avx;
    volatile uint32_t wrong, hits;
};

static struct job jobs[SMP_MAX];
static bool has_avx;

static void on_interrupt(struct trap_frame *frame)
{
    (void)frame;
    jobs[apic_id() % SMP_MAX].hits++;
    apic_eoi();
}

static void pattern(uint8_t *bytes, size_t count, unsigned seed)
{
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(seed * 37 + i * 11 + 1);
    }
}

/* Exits of several kinds and time for interrupts. */
static void disturb(void)
{
    cpu_irq_enable();
    (void)cpu_cpuid(0, 0);
    (void)apic_id();
    for (unsigned i = 0; i < 500; i++) {
        cpu_pause();
    }
    cpu_irq_disable();
}

static bool round_trip(bool avx, unsigned seed)
{
    uint8_t in[512], out[512];
    uint32_t mxcsr = 0, wanted_mxcsr = 0x1f80 | (seed & 3) << 13;
    uint16_t control = 0, wanted_control = (uint16_t)(0x037f | (seed & 3) << 10);
    size_t bytes = avx ? 512 : 256;
    pattern(in, bytes, seed);
    memset(out, 0, sizeof(out));
    fpu_load_sse(in, wanted_mxcsr, wanted_control);
    if (avx) {
        fpu_load_avx(in);
    }
    disturb();
    if (avx) {
        fpu_store_avx(out);
    }
    uint8_t low[256];
    fpu_store_sse(low, &mxcsr, &control);
    return memcmp(in, avx ? out : low, bytes) == 0 && mxcsr == wanted_mxcsr && control == wanted_control;
}

static void run(void *argument)
{
    struct job *job = argument;
    if (job->avx) {
        cpu_write_cr4(cpu_read_cr4() | CR4_OSXSAVE);
        fpu_xsetbv(0, XCR0_AVX);
    }
    uint32_t counts = 20000 + 3000 * job->number;
    apic_timer(VECTOR, APIC_TIMER_PERIODIC, counts * machine_slowness());
    for (unsigned i = 0; i < ROUNDS; i++) {
        job->wrong += !round_trip(job->avx, job->number * 16 + i);
    }
    apic_timer(VECTOR, APIC_LVT_MASKED, 0);
}

static void on_every_cpu(bool avx)
{
    unsigned cpus = smp_start(), wrong = 0;
    for (unsigned i = 0; i < cpus; i++) {
        jobs[i] = (struct job){.number = i, .avx = avx};
        if (i != 0) {
            smp_run(i, run, &jobs[i]);
        }
    }
    run(&jobs[0]);
    bool back = true;
    cpu_irq_enable();
    for (unsigned i = 1; i < cpus; i++) {
        back &= smp_wait(i, 10000000);
    }
    cpu_irq_disable();
    for (unsigned i = 0; i < cpus; i++) {
        wrong += jobs[i].wrong;
    }
    check(back, "every CPU is back");
    check(jobs[0].hits > 0, "interrupts arrived in between");
    expect(wrong, 0, "%s state survives on %u CPUs, %u rounds each", avx ? "AVX" : "SSE and x87", cpus, ROUNDS);
}

static void bad_xcr0(void *argument)
{
    fpu_xsetbv(0, (uintptr_t)argument);
}

static void bad_xcr(void *argument)
{
    fpu_xsetbv((uint32_t)(uintptr_t)argument, 3);
}

static bool is_gp(void (*fn)(void *), uint64_t argument)
{
    struct trap_frame caught = {0};
    return trap_try(fn, (void *)(uintptr_t)argument, &caught) && caught.vector == TRAP_GP;
}

static void xcr0(void)
{
    cpu_write_cr4(cpu_read_cr4() | CR4_OSXSAVE);
    expect(fpu_xgetbv(0), 1, "XCR0 is 1 at first");
    fpu_xsetbv(0, 3);
    expect(fpu_xgetbv(0), 3, "XCR0 keeps x87 and SSE");
    uint32_t small = cpu_cpuid(0xd, 0).ebx;
    fpu_xsetbv(0, XCR0_AVX);
    expect(fpu_xgetbv(0), XCR0_AVX, "XCR0 keeps AVX");
    expect(small, 576, "leaf 0xd's size without AVX");
    expect(cpu_cpuid(0xd, 0).ebx, 832, "leaf 0xd's size with AVX");
    check(is_gp(bad_xcr0, 0), "XCR0 without x87 is #GP");
    check(is_gp(bad_xcr0, 5), "AVX without SSE is #GP");
    check(is_gp(bad_xcr0, BIT64(62) | 3), "a reserved bit of XCR0 is #GP");
    check(is_gp(bad_xcr, 1), "XCR1 is #GP");
    expect(fpu_xgetbv(0), XCR0_AVX, "XCR0 is unchanged after all");
}

/* Offered means executable: saved, overwritten, restored, compared. */
static void xsaves(void)
{
    static uint8_t area[4096] __attribute__((aligned(64)));
    uint8_t in[512], other[512], out[512];
    struct cpuid id = cpu_cpuid(0xd, 1);
    if ((id.eax & BIT32(3)) == 0) {
        skip("XSAVES", "not offered");
        return;
    }
    check(id.ebx >= 576 && id.ebx <= sizeof(area), "leaf 0xd.1's size makes sense: %u", id.ebx);
    pattern(in, sizeof(in), 5);
    pattern(other, sizeof(other), 6);
    fpu_load_avx(in);
    fpu_xsaves(area);
    fpu_load_avx(other);
    fpu_xrstors(area);
    fpu_store_avx(out);
    check(memcmp(in, out, sizeof(in)) == 0, "XSAVES and XRSTORS bring AVX state back");
    check((area[527] & 0x80) != 0, "the area is compacted");
}

void guest_main(void)
{
    trap_handle(VECTOR, on_interrupt);
    has_avx = (cpu_cpuid(1, 0).ecx & (BIT32(26) | BIT32(28))) == (BIT32(26) | BIT32(28));
    on_every_cpu(false);
    if (!has_avx) {
        skip("AVX state", "no AVX");
        return;
    }
    xcr0();
    xsaves();
    on_every_cpu(true);
}
