/* SPDX-License-Identifier: GPL-2.0-only
 * Thousands of random map, unmap, attach and detach calls against a naive reference: an array of pages a domain. */
#include "vtd/domain.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <string.h>

#include "tests/fake/vtd_rig.h"

#define DOMAINS 3
#define SOURCES 6
#define CELLS 2048u
#define WINDOW (UINT64_C(0x40000000) - CELLS / 2 * PAGE_SIZE) /* crosses 1 GiB: tables of every level are shared */
#define HOST UINT64_C(0x20000000)

static struct vtd_rig rig;

static struct {
    struct vtd_domain domains[DOMAINS];
    uint64_t cell[DOMAINS][CELLS]; /* host page, bit 0 read, bit 1 write; 0: nothing */
    int owner[SOURCES];            /* domain or -1 */
    uint64_t seed;
} ref;

static const uint16_t sources[SOURCES] = {0x0008, 0x0018, 0x0019, 0x0100, 0x01ff, 0xff00};

static uint32_t pick(uint32_t below)
{
    ref.seed = ref.seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(ref.seed >> 33) % below;
}

static uint64_t page_at(unsigned cell)
{
    return WINDOW + cell * PAGE_SIZE;
}

static uint64_t host_of(unsigned domain, unsigned cell, bool natural)
{
    /* Natural: same offset in 2 MiB, so that large pages come about. */
    return HOST + domain * UINT64_C(0x10000000) + (natural ? page_at(cell) & 0xffffff : pick(4096) * PAGE_SIZE);
}

static bool all_free(unsigned domain, unsigned from, unsigned count)
{
    for (unsigned i = from; i < from + count; i++) {
        if (ref.cell[domain][i] != 0) {
            return false;
        }
    }
    return true;
}

static unsigned pick_count(unsigned from)
{
    static const unsigned sizes[] = {1, 1, 2, 7, 64, 511, 512, 513, 1024};
    unsigned n = sizes[pick(ARRAY_LENGTH(sizes))];
    return n < CELLS - from ? n : CELLS - from;
}

static unsigned pick_start(void)
{
    return pick(2) != 0 ? pick(CELLS) : pick(CELLS / 512) * 512;
}

static void random_map(void)
{
    unsigned domain = pick(DOMAINS);
    unsigned from = pick_start();
    unsigned count = pick_count(from);
    unsigned rights = pick(3) == 0 ? RADIX_READ : RADIX_READ | RADIX_WRITE;
    uint64_t host = host_of(domain, from, pick(3) != 0);
    bool clear = all_free(domain, from, count);
    enum status s = vtd_domain_map(&ref.domains[domain], iova(page_at(from)), hpa(host), count * PAGE_SIZE, rights);
    assert_int_equal(s, clear ? STATUS_OK : STATUS_CONFLICT);
    for (unsigned i = 0; clear && i < count; i++) {
        ref.cell[domain][from + i] = (host + i * PAGE_SIZE) | rights;
    }
}

static void random_unmap(void)
{
    unsigned domain = pick(DOMAINS);
    unsigned from = pick_start();
    unsigned count = pick_count(from);
    assert_int_equal(vtd_domain_unmap(&ref.domains[domain], iova(page_at(from)), count * PAGE_SIZE), STATUS_OK);
    for (unsigned i = 0; i < count; i++) {
        ref.cell[domain][from + i] = 0;
    }
}

static void random_move(void)
{
    unsigned i = pick(SOURCES);
    unsigned domain = pick(DOMAINS);
    if (ref.owner[i] < 0) {
        assert_int_equal(vtd_attach(&rig.units[0], sources[i], &ref.domains[domain]), STATUS_OK);
        ref.owner[i] = (int)domain;
    } else {
        assert_int_equal(vtd_detach(&rig.units[0], sources[i], &ref.domains[ref.owner[i]]), STATUS_OK);
        ref.owner[i] = -1;
    }
}

static void check_page(unsigned source, unsigned cell, bool write)
{
    uint64_t host = 0;
    uint64_t offset = pick(PAGE_SIZE);
    uint64_t want = ref.owner[source] < 0 ? 0 : ref.cell[ref.owner[source]][cell];
    bool passed = vtd_model_translate(&rig.mc.units[0].model, sources[source], page_at(cell) + offset, write, &host) ==
                  VTD_MODEL_PASSED;
    bool allowed = (want & (write ? 2 : 1)) != 0;
    if (passed != allowed || (passed && host != (want & ~UINT64_C(0xfff)) + offset)) {
        fail_msg("source %04x cell %u write %d: passed %d at 0x%llx, wanted 0x%llx", sources[source], cell, write,
                 passed, (unsigned long long)host, (unsigned long long)want);
    }
}

static void check_some(void)
{
    for (unsigned k = 0; k < 12; k++) {
        check_page(pick(SOURCES), pick(3) == 0 ? pick(CELLS / 512) * 512 : pick(CELLS), pick(2) != 0);
    }
}

static uint64_t reached;

static void count_bytes(void *context, uint64_t address, uint64_t host, uint64_t bytes, bool read, bool write)
{
    (void)context;
    (void)address;
    (void)host;
    (void)read;
    (void)write;
    reached += bytes;
}

static void check_everything(void)
{
    for (unsigned i = 0; i < SOURCES; i++) {
        uint64_t want = 0;
        for (unsigned cell = 0; cell < CELLS; cell++) {
            check_page(i, cell, cell % 2 != 0);
            want += ref.owner[i] >= 0 && ref.cell[ref.owner[i]][cell] != 0 ? PAGE_SIZE : 0;
        }
        reached = 0;
        assert_true(vtd_model_reach(&rig.mc.units[0].model, sources[i], count_bytes, NULL));
        assert_int_equal(reached, want);
    }
}

static void run(struct vtd_model_config c, unsigned operations, uint64_t seed)
{
    memset(&ref, 0, sizeof(ref));
    ref.seed = seed;
    struct vtd_model *m = vtd_rig_start(&rig, &c);
    for (unsigned i = 0; i < DOMAINS; i++) {
        assert_int_equal(vtd_domain_create(&rig.vtd, &ref.domains[i]), STATUS_OK);
    }
    for (unsigned i = 0; i < SOURCES; i++) {
        ref.owner[i] = -1;
    }
    for (unsigned n = 0; n < operations; n++) {
        unsigned what = pick(10);
        m->knobs.latency = pick(3);
        if (what < 4) {
            random_map();
        } else if (what < 7) {
            random_unmap();
        } else {
            random_move();
        }
        check_some();
        if (n % 500 == 499) {
            check_everything();
        }
        if (vtd_model_violation(m) != NULL) {
            fail_msg("operation %u: %s", n, vtd_model_violation(m));
        }
    }
}

static void test_caching_mode(void **state)
{
    (void)state;
    run(vtd_model_qemu(), 5000, 1);
}

static void test_no_caching_mode(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_qemu();
    c.cap &= ~UINT64_C(0x80);
    run(c, 5000, 2);
}

static void test_no_snooping(void **state)
{
    (void)state;
    run(vtd_model_server(), 5000, 3);
}

static void test_small_address_masks(void **state)
{
    (void)state;
    struct vtd_model_config c = vtd_model_server();
    c.cap = (c.cap & ~(UINT64_C(0x3f) << 48)) | UINT64_C(2) << 48; /* MAMV = 2 */
    run(c, 2000, 4);
}

static void test_registers_and_write_buffers(void **state)
{
    (void)state;
    run(vtd_model_minimal(), 500, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_caching_mode),
        cmocka_unit_test(test_no_caching_mode),
        cmocka_unit_test(test_no_snooping),
        cmocka_unit_test(test_small_address_masks),
        cmocka_unit_test(test_registers_and_write_buffers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
