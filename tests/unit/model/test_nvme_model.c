/* SPDX-License-Identifier: GPL-2.0-only
 * The NVMe model, driven as a driver does it: NVM Express 1.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/bits.h"
#include "tests/model/nvme_model.h"

#define MEMORY 0x40000
#define DISK 0x40000
enum { ASQ = 0x1000, ACQ = 0x2000, SQ = 0x3000, CQ = 0x4000, LIST = 0x6ff0, DATA = 0x10000 };
enum { CC = 0x14, CSTS = 0x1c, AQA = 0x24 };
#define ENABLE 0x00460001

static struct {
    struct nvme_model nvme;
    uint8_t memory[MEMORY], disk[DISK];
    uint16_t tail[2], head[2];
    uint64_t message;
    unsigned messages;
    bool deaf; /* memory requests are blocked */
} world;

static bool dma(void *context, bool write, uint64_t address, void *data, size_t bytes)
{
    (void)context;
    if (write && bytes == 4 && address >> 20 == 0xfee) {
        world.message = address;
        world.messages++;
        return true;
    }
    if (world.deaf || address > MEMORY || bytes > MEMORY - address) {
        return false;
    }
    if (write) {
        memcpy(world.memory + address, data, bytes);
    } else {
        memcpy(data, world.memory + address, bytes);
    }
    return true;
}

static bool disk(void *context, bool write, uint64_t offset, void *data, size_t bytes)
{
    (void)context;
    assert_true(offset <= DISK && bytes <= DISK - offset);
    if (write) {
        memcpy(world.disk + offset, data, bytes);
    } else {
        memcpy(data, world.disk + offset, bytes);
    }
    return true;
}

static void put(size_t at, uint64_t value, size_t bytes)
{
    memcpy(world.memory + at, &value, bytes);
}

static uint64_t get(size_t at, size_t bytes)
{
    uint64_t value = 0;
    memcpy(&value, world.memory + at, bytes);
    return value;
}

struct order {
    uint8_t opcode, flags;
    uint32_t nsid;
    uint64_t prp1, prp2;
    uint32_t dw10, dw11, dw12;
};

static void submit(unsigned queue, struct order o)
{
    size_t at = (queue == 0 ? ASQ : SQ) + 64U * world.tail[queue];
    memset(world.memory + at, 0, 64);
    put(at, o.opcode | (uint64_t)o.flags << 8 | UINT64_C(0x77) << 16 | (uint64_t)o.nsid << 32, 8);
    put(at + 24, o.prp1, 8);
    put(at + 32, o.prp2, 8);
    put(at + 40, o.dw10, 4);
    put(at + 44, o.dw11, 4);
    put(at + 48, o.dw12, 4);
    world.tail[queue] = (uint16_t)((world.tail[queue] + 1) % 8);
    nvme_model_write(&world.nvme, 0x1000 + 8 * queue, 4, world.tail[queue]);
    nvme_model_tick(&world.nvme);
}

/* The status field of the completion that is there now, type and code alone. */
static unsigned completion(unsigned queue)
{
    size_t at = (queue == 0 ? ACQ : CQ) + 16U * world.head[queue];
    uint64_t status = get(at + 14, 2);
    assert_int_equal(get(at + 12, 2), 0x77);
    world.head[queue] = (uint16_t)((world.head[queue] + 1) % 8);
    nvme_model_write(&world.nvme, 0x1004 + 8 * queue, 4, world.head[queue]);
    return (unsigned)bits_get(status, 11, 1);
}

static unsigned run(unsigned queue, struct order o)
{
    submit(queue, o);
    return completion(queue);
}

static void enable(void)
{
    nvme_model_write(&world.nvme, AQA, 4, 7 << 16 | 7);
    nvme_model_write(&world.nvme, 0x28, 8, ASQ);
    nvme_model_write(&world.nvme, 0x30, 8, ACQ);
    nvme_model_write(&world.nvme, CC, 4, ENABLE);
    assert_int_equal(nvme_model_read(&world.nvme, CSTS, 4), 1);
}

static void create_queues(void)
{
    assert_int_equal(run(0, (struct order){.opcode = 5, .prp1 = CQ, .dw10 = 7 << 16 | 1, .dw11 = 1 << 16 | 3}), 0);
    assert_int_equal(run(0, (struct order){.opcode = 1, .prp1 = SQ, .dw10 = 7 << 16 | 1, .dw11 = 1 << 16 | 1}), 0);
}

static int fresh(void **state)
{
    (void)state;
    static const struct nvme_model_io io = {NULL, dma, disk};
    memset(&world, 0, sizeof(world));
    nvme_model_init(&world.nvme, 1, DISK, &io);
    for (unsigned i = 0; i < DISK; i++) {
        world.disk[i] = (uint8_t)(i * 7 + i / 512);
    }
    return 0;
}

static void test_comes_up(void **state)
{
    (void)state;
    assert_int_equal(nvme_model_config_read(&world.nvme, 0, 4), NVME_MODEL_DEVICE << 16 | NVME_MODEL_VENDOR);
    assert_int_equal(nvme_model_config_read(&world.nvme, 8, 4) >> 8, 0x010802);
    assert_int_equal(nvme_model_read(&world.nvme, 0, 8) & 0xffff, NVME_MODEL_DEPTH - 1);
    assert_int_equal(nvme_model_read(&world.nvme, CSTS, 4), 0);
    enable();
    assert_int_equal(run(0, (struct order){.opcode = 6, .prp1 = DATA, .dw10 = 1}), 0);
    assert_memory_equal(world.memory + DATA + 4, "BHVMD001", 8);
    assert_int_equal(run(0, (struct order){.opcode = 6, .nsid = 1, .prp1 = DATA}), 0);
    assert_int_equal(get(DATA, 8), DISK / 512);
    assert_int_equal(run(0, (struct order){.opcode = 6, .prp1 = DATA, .dw10 = 2}), 0);
    assert_int_equal(get(DATA, 8), 1);
    assert_int_equal(run(0, (struct order){.opcode = 9, .dw10 = 7, .dw11 = 0x70007}), 0);
    nvme_model_write(&world.nvme, CC, 4, ENABLE | 1 << 14);
    assert_int_equal(nvme_model_read(&world.nvme, CSTS, 4) & 0xc, 8);
    nvme_model_write(&world.nvme, CC, 4, 0);
    assert_int_equal(nvme_model_read(&world.nvme, CSTS, 4), 0);
}

static void test_bad_configuration_is_fatal(void **state)
{
    (void)state;
    nvme_model_write(&world.nvme, CC, 4, ENABLE); /* no queue sizes */
    assert_int_equal(nvme_model_read(&world.nvme, CSTS, 4), 2);
    nvme_model_write(&world.nvme, CC, 4, 0);
    nvme_model_write(&world.nvme, AQA, 4, 7 << 16 | 7);
    nvme_model_write(&world.nvme, CC, 4, ENABLE | 1 << 7); /* pages of 8 KiB */
    assert_int_equal(nvme_model_read(&world.nvme, CSTS, 4), 2);
}

static void test_reads_and_writes(void **state)
{
    (void)state;
    enable();
    create_queues();
    assert_int_equal(run(1, (struct order){.opcode = 2, .nsid = 1, .prp1 = DATA, .dw10 = 3}), 0);
    assert_memory_equal(world.memory + DATA, world.disk + 3 * 512, 512);
    /* two pages, by the second PRP */
    assert_int_equal(
        run(1, (struct order){.opcode = 2, .nsid = 1, .prp1 = DATA + 512, .prp2 = DATA + 0x3000, .dw12 = 8}), 0);
    assert_memory_equal(world.memory + DATA + 512, world.disk, 3584);
    assert_memory_equal(world.memory + DATA + 0x3000, world.disk + 3584, 1024);
    memset(world.memory + DATA, 0xa5, 1024);
    assert_int_equal(run(1, (struct order){.opcode = 1, .nsid = 1, .prp1 = DATA, .dw10 = 100, .dw12 = 1}), 0);
    assert_memory_equal(world.disk + 51200, world.memory + DATA, 1024);
    assert_int_equal(run(1, (struct order){.opcode = 0, .nsid = 1}), 0);
    assert_int_equal(world.nvme.reads, 2);
    assert_int_equal(world.nvme.writes, 1);
}

/* The list begins at the end of a page: its last entry there leads to the next one. */
static void test_a_list_of_pages_that_continues(void **state)
{
    (void)state;
    enable();
    create_queues();
    put(LIST, DATA + 0x5000, 8);
    put(LIST + 8, 0x8000, 8);
    for (unsigned i = 0; i < 4; i++) {
        put(0x8000 + 8 * i, DATA + 0x6000 + 0x2000 * i, 8);
    }
    assert_int_equal(run(1, (struct order){.opcode = 2, .nsid = 1, .prp1 = DATA, .prp2 = LIST, .dw12 = 47}), 0);
    static const uint32_t pages[] = {DATA, DATA + 0x5000, DATA + 0x6000, DATA + 0x8000, DATA + 0xa000, DATA + 0xc000};
    for (unsigned i = 0; i < ARRAY_LENGTH(pages); i++) {
        assert_memory_equal(world.memory + pages[i], world.disk + 4096 * i, 4096);
    }
}

static void test_bad_commands(void **state)
{
    (void)state;
    static const struct {
        struct order order;
        unsigned status;
    } bad[] = {
        {{.opcode = 2, .nsid = 1, .prp1 = DATA, .dw10 = DISK / 512}, 0x080},
        {{.opcode = 2, .nsid = 1, .prp1 = DATA, .dw10 = DISK / 512 - 1, .dw12 = 1}, 0x080},
        {{.opcode = 2, .nsid = 1, .prp1 = DATA, .dw11 = UINT32_MAX, .dw10 = UINT32_MAX}, 0x080},
        {{.opcode = 2, .nsid = 2, .prp1 = DATA}, 0x00b},
        {{.opcode = 2, .nsid = 1, .prp1 = DATA + 1}, 0x013},
        {{.opcode = 2, .nsid = 1, .prp1 = DATA, .prp2 = DATA + 8, .dw12 = 15}, 0x013},
        {{.opcode = 2, .nsid = 1, .prp1 = DATA, .prp2 = 0, .dw12 = 63}, 0x013},
        {{.opcode = 2, .nsid = 1, .prp1 = DATA, .prp2 = MEMORY + 0x1000, .dw12 = 63}, 0x004},
        {{.opcode = 2, .nsid = 1, .prp1 = MEMORY + 0x10000}, 0x004},
        {{.opcode = 2, .nsid = 1, .prp1 = DATA, .dw12 = 256}, 0x002},
        {{.opcode = 2, .flags = 0x40, .nsid = 1, .prp1 = DATA}, 0x002},
        {{.opcode = 0x55, .nsid = 1}, 0x001},
    };
    enable();
    create_queues();
    for (unsigned i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(run(1, bad[i].order), bad[i].status);
    }
    assert_int_equal(world.nvme.reads, 0);
    assert_int_equal(world.nvme.errors, ARRAY_LENGTH(bad));
}

static void test_bad_admin_commands(void **state)
{
    (void)state;
    static const struct {
        struct order order;
        unsigned status;
    } bad[] = {
        {{.opcode = 5, .prp1 = CQ, .dw10 = 7 << 16 | 0, .dw11 = 1}, 0x101},
        {{.opcode = 5, .prp1 = CQ, .dw10 = 7 << 16 | (NVME_MODEL_QUEUES + 1), .dw11 = 1}, 0x101},
        {{.opcode = 5, .prp1 = CQ, .dw10 = 1, .dw11 = 1}, 0x102},
        {{.opcode = 5, .prp1 = CQ, .dw10 = NVME_MODEL_DEPTH << 16 | 1, .dw11 = 1}, 0x102},
        {{.opcode = 5, .prp1 = CQ, .dw10 = 7 << 16 | 1, .dw11 = NVME_MODEL_VECTORS << 16 | 1}, 0x108},
        {{.opcode = 5, .prp1 = CQ + 64, .dw10 = 7 << 16 | 1, .dw11 = 1}, 0x013},
        {{.opcode = 5, .prp1 = CQ, .dw10 = 7 << 16 | 1, .dw11 = 0}, 0x002},
        {{.opcode = 1, .prp1 = SQ, .dw10 = 7 << 16 | 1, .dw11 = 1 << 16 | 1}, 0x100},
        {{.opcode = 0, .dw10 = 1}, 0x101},
        {{.opcode = 4, .dw10 = 0xffff}, 0x101},
        {{.opcode = 2, .prp1 = DATA, .dw10 = 0x70}, 0x109},
        {{.opcode = 2, .prp1 = DATA, .dw10 = 0xffffU << 16 | 2}, 0x002},
        {{.opcode = 9, .dw10 = 7, .dw11 = 0xffff}, 0x002},
        {{.opcode = 10, .dw10 = 0x99}, 0x002},
        {{.opcode = 6, .prp1 = DATA, .dw10 = 0x10}, 0x002},
        {{.opcode = 6, .nsid = 7, .prp1 = DATA, .dw10 = 0}, 0x00b},
        {{.opcode = 0x80}, 0x001},
    };
    enable();
    for (unsigned i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(run(0, bad[i].order), bad[i].status);
    }
    create_queues();
    assert_int_equal(run(0, (struct order){.opcode = 4, .dw10 = 1}), 0x10c);
    assert_int_equal(run(0, (struct order){.opcode = 0, .dw10 = 1}), 0);
    assert_int_equal(run(0, (struct order){.opcode = 4, .dw10 = 1}), 0);
}

static void test_events_wait(void **state)
{
    (void)state;
    enable();
    for (unsigned i = 0; i < NVME_MODEL_EVENTS; i++) {
        submit(0, (struct order){.opcode = 0x0c});
        assert_int_equal(get(ACQ + 14, 2), 0);
    }
    assert_int_equal(run(0, (struct order){.opcode = 0x0c}), 0x105);
}

static void test_doorbells_are_checked(void **state)
{
    (void)state;
    enable();
    nvme_model_write(&world.nvme, 0x1000, 4, 8); /* beyond the queue */
    nvme_model_write(&world.nvme, 0x1008, 4, 1); /* no such queue yet */
    nvme_model_write(&world.nvme, 0x1ff8, 4, 1); /* never one */
    assert_int_equal(world.nvme.bad_doorbells, 3);
    assert_false(nvme_model_tick(&world.nvme));
}

static void test_a_full_completion_queue_waits(void **state)
{
    (void)state;
    enable();
    for (unsigned i = 0; i < 5; i++) {
        submit(0, (struct order){.opcode = 8});
    }
    world.head[0] = 0;
    nvme_model_write(&world.nvme, AQA, 4, 0); /* has no effect while it runs */
    for (unsigned i = 0; i < 4; i++) {
        submit(0, (struct order){.opcode = 8});
    }
    assert_int_equal(world.nvme.cq[0].tail, 7);
    assert_int_equal(world.nvme.sq[0].head, 7);
    (void)completion(0);
    assert_true(nvme_model_tick(&world.nvme));
    assert_int_equal(world.nvme.sq[0].head, 0);
}

static void test_interrupts(void **state)
{
    (void)state;
    uint16_t control = (uint16_t)(world.nvme.msix_at + 2);
    enable();
    nvme_model_write(&world.nvme, 0x2000, 8, 0xfee03000);
    nvme_model_write(&world.nvme, 0x2008, 8, 0x44);
    assert_int_equal(run(0, (struct order){.opcode = 8}), 0);
    assert_int_equal(world.messages, 0); /* MSI-X is off */
    nvme_model_config_write(&world.nvme, control, 2, 0xc000);
    assert_int_equal(run(0, (struct order){.opcode = 8}), 0);
    assert_int_equal(world.messages, 0); /* masked */
    assert_int_equal(nvme_model_read(&world.nvme, 0x3000, 8), 1);
    nvme_model_config_write(&world.nvme, control, 2, 0x8000);
    assert_int_equal(world.messages, 1);
    assert_int_equal(world.message, 0xfee03000);
    nvme_model_write(&world.nvme, 0x200c, 4, 1);
    assert_int_equal(run(0, (struct order){.opcode = 8}), 0);
    assert_int_equal(world.messages, 1);
    nvme_model_write(&world.nvme, 0x200c, 4, 0);
    assert_int_equal(world.messages, 2);
}

static void test_blocked_queues_are_fatal(void **state)
{
    (void)state;
    enable();
    world.deaf = true;
    nvme_model_write(&world.nvme, 0x1000, 4, 1);
    nvme_model_tick(&world.nvme);
    assert_int_equal(nvme_model_read(&world.nvme, CSTS, 4), 2);
    assert_false(nvme_model_tick(&world.nvme));
}

static void test_resets(void **state)
{
    (void)state;
    enable();
    nvme_model_config_write(&world.nvme, 4, 2, 6);
    nvme_model_config_write(&world.nvme, (uint16_t)(world.nvme.express_at + 8), 2, 0x8000);
    assert_int_equal(nvme_model_read(&world.nvme, CSTS, 4), 0);
    assert_int_equal(nvme_model_config_read(&world.nvme, 4, 2), 0);
    assert_int_equal(nvme_model_read(&world.nvme, NVME_MODEL_WINDOW, 4), UINT64_MAX);
    assert_int_equal(nvme_model_read(&world.nvme, 2, 4), UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_comes_up, fresh),
        cmocka_unit_test_setup(test_bad_configuration_is_fatal, fresh),
        cmocka_unit_test_setup(test_reads_and_writes, fresh),
        cmocka_unit_test_setup(test_a_list_of_pages_that_continues, fresh),
        cmocka_unit_test_setup(test_bad_commands, fresh),
        cmocka_unit_test_setup(test_bad_admin_commands, fresh),
        cmocka_unit_test_setup(test_events_wait, fresh),
        cmocka_unit_test_setup(test_doorbells_are_checked, fresh),
        cmocka_unit_test_setup(test_a_full_completion_queue_waits, fresh),
        cmocka_unit_test_setup(test_interrupts, fresh),
        cmocka_unit_test_setup(test_blocked_queues_are_fatal, fresh),
        cmocka_unit_test_setup(test_resets, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
