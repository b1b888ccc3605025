/* SPDX-License-Identifier: GPL-2.0-only
 * Every instruction that may touch MMIO gives the same on an emulated register, or on a hole, as on RAM: the CPU itself
 * is the judge. The register is the LAPIC timer's initial count, which keeps 32 bits. */
#include "tests/guest/decode/decode.h"

#include "guest/vlapic.h"
#include "kernel/hw/mmio.h"
#include "kernel/lib/string.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"

#define REGISTER (LAPIC_DEFAULT_BASE + LAPIC_TIMER_INITIAL)
#define HOLE UINT64_C(0xfed50000)
#define SEEDS 6

static uint8_t ram[16384] __attribute__((aligned(4096)));  /* stands for the MMIO page */
static uint8_t other[8192] __attribute__((aligned(4096))); /* the second operand of string instructions */

struct run_argument {
    const void *code;
    struct decode_state state;
};

static void run(void *argument)
{
    struct run_argument *a = argument;
    decode_run(a->code, &a->state);
}

static uint64_t random_state = 88172645463325252;

static uint64_t random_word(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static struct decode_state make_state(unsigned seed, uint32_t value)
{
    struct decode_state s;
    uint64_t *words = &s.rax;
    for (size_t i = 0; i < sizeof(s) / 8; i++) {
        words[i] = random_word();
    }
    s.rax = seed == 0 ? value : s.rax; /* CMPXCHG matches, CMP is equal */
    s.rsi = (uintptr_t)other;
    s.rflags = 2 | (s.rflags & 0x8d5);
    return s;
}

/* One case on RAM or MMIO; false when it trapped. *at is where (%rdi) was; the state's pointers become offsets. */
static bool run_at(const struct decode_case *c, uint64_t at, struct decode_state *state, struct trap_frame *caught)
{
    struct run_argument a = {c->code, *state};
    a.state.rdi = at;
    bool trapped = trap_try(run, &a, caught);
    uint64_t *words = &a.state.rax;
    for (size_t i = 0; i < 10; i++) {
        bool in_other = words[i] - (uintptr_t)other < sizeof(other) / 2; /* wherever the linker put it */
        if (!in_other && words[i] - at + 0x2000 < 0x6000) {
            words[i] = words[i] - at + UINT64_C(0xadd0000000000000);
        }
    }
    a.state.rflags &= c->flags_mask;
    *state = a.state;
    return !trapped;
}

static bool same(const struct decode_case *c, const struct decode_state *mmio, const struct decode_state *native)
{
    static const char *const names[] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "rflags"};
    const uint64_t *a = &mmio->rax, *b = &native->rax;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (a[i] != b[i]) {
            expect(a[i], b[i], "%s: %s", c->text, names[i]);
            return false;
        }
    }
    return true;
}

static bool ran(const struct decode_case *c, bool ok, const struct trap_frame *caught)
{
    if (!ok) {
        check(false, "%s: exception %u at 0x%llx", c->text, (unsigned)caught->vector, (unsigned long long)caught->rip);
    }
    return ok;
}

static void fill_other(void)
{
    for (size_t i = 0; i < sizeof(other); i++) {
        other[i] = (uint8_t)(i * 7 + 3);
    }
}

static bool register_case(const struct decode_case *c, unsigned seed)
{
    uint32_t value = seed == 1 ? 0 : seed == 2 ? UINT32_MAX : (uint32_t)random_word();
    struct decode_state start = make_state(seed, value), native = start, mmio = start;
    struct trap_frame caught;
    uint8_t *at = ram + 4096, after[16];
    memset(ram, 0, sizeof(ram));
    memcpy(at, &value, 4);
    fill_other();
    bool ok = ran(c, run_at(c, (uintptr_t)at, &native, &caught), &caught);
    memcpy(after, other, sizeof(after));
    fill_other();
    apic_write(LAPIC_TIMER_INITIAL, value);
    ok = ok && ran(c, run_at(c, REGISTER, &mmio, &caught), &caught) && same(c, &mmio, &native);
    uint32_t expected, got = apic_read(LAPIC_TIMER_INITIAL);
    memcpy(&expected, at, 4);
    if (ok && (got != expected || memcmp(after, other, sizeof(after)) != 0)) {
        return expect(got, expected, "%s: memory after it", c->text);
    }
    return ok;
}

static bool hole_case(const struct decode_case *c, unsigned seed, uint8_t fill)
{
    struct decode_state start = make_state(seed, fill == 0 ? 0 : UINT32_MAX), native = start, mmio = start;
    struct trap_frame caught;
    static uint8_t after[sizeof(other)];
    if (seed == 0 && fill != 0) {
        start.rax = native.rax = mmio.rax = UINT64_MAX;
    }
    memset(ram, fill, sizeof(ram));
    fill_other();
    bool ok = ran(c, run_at(c, (uintptr_t)ram + 4096, &native, &caught), &caught);
    memcpy(after, other, sizeof(after));
    fill_other();
    ok = ok && ran(c, run_at(c, HOLE, &mmio, &caught), &caught) && same(c, &mmio, &native);
    return ok && (memcmp(after, other, sizeof(other)) == 0 || check(false, "%s: RAM after it", c->text));
}

static void all(const struct decode_case *cases, bool hole, uint8_t fill, const char *what)
{
    unsigned right = 0, total = 0;
    for (const struct decode_case *c = cases; c->code != NULL; c++) {
        bool ok = true;
        for (unsigned seed = 0; seed < SEEDS && ok; seed++) {
            ok = hole ? hole_case(c, seed, fill) : register_case(c, seed);
        }
        right += ok;
        total++;
    }
    expect(right, total, "%u instructions on %s do as on RAM", total, what);
}

static void absolute(void)
{
    decode_store_absolute(0x13572468);
    expect(apic_read(LAPIC_TIMER_INITIAL), 0x13572468, "MOV to an absolute address");
    apic_write(LAPIC_TIMER_INITIAL, 0x24681357);
    expect(decode_load_absolute(), 0x24681357, "MOV from an absolute address");
}

void guest_main(void)
{
    apic_timer(0, APIC_LVT_MASKED, 0);
    absolute();
    all(decode_register_cases, false, 0, "a LAPIC register");
    uint8_t fill = mmio_read8(hpa(HOLE));
    if (on_bulkhead()) {
        expect(fill, 0xff, "the hole reads ones");
    }
    all(decode_hole_cases, true, fill, "a hole");
    apic_write(LAPIC_TIMER_INITIAL, 0);
}
