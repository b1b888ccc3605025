/* SPDX-License-Identifier: GPL-2.0-only
 * Interrupt messages of a disk, forged and not (facts: a child's message address picks an entry of the endpoint's MSI-X
 * table), and its DMA to where it has no business. A controller with an admin queue (NVM Express 1.3 3.1, 4) is told
 * to identify itself, and sends the message that its own table holds. */
#include "kernel/hw/cpu.h"
#include "kernel/hw/mmio.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/lib/trap.h"
#include "tests/guest/vmd/vmd.h"

#define VECTOR 0x61u
#define ENTRY 3u    /* of the endpoint's table: ours */
#define ENTRIES 32u /* that it has */
#define DEPTH 8u
#define WAIT_US 200000
#define SETTLE_US 20000
#define MSIX_ENABLE (UINT32_C(1) << 31)
#define CONFIGURE_ON UINT32_C(0x00460001) /* CC: entries of 64 and 16 bytes, on */
#define IDENTIFY 0x06u

enum controller_register {
    CC = 0x14,
    CSTS = 0x1c,
    AQA = 0x24,
    ASQ = 0x28,
    ACQ = 0x30,
    TAIL = 0x1000,
    HEAD = 0x1004,
    TABLE = 0x2000
};

static uint32_t submissions[DEPTH][16] __attribute__((aligned(4096)));
static volatile uint32_t completions[DEPTH][4] __attribute__((aligned(4096)));
static uint8_t page[4096] __attribute__((aligned(4096)));
static unsigned tail, head, phase;
static volatile uint32_t hits, strangers;

static void on_ours(struct trap_frame *frame)
{
    (void)frame;
    hits++;
    apic_eoi();
}

static void on_strange(struct trap_frame *frame)
{
    (void)frame;
    strangers++;
    apic_eoi();
}

static void put(const struct vmd *v, unsigned at, uint32_t value)
{
    mmio_write32(hpa(v->memory + at), value);
}

static bool ready(const struct vmd *v, uint32_t wanted)
{
    for (unsigned i = 0; i < 1000; i++) {
        if ((mmio_read32(hpa(v->memory + CSTS)) & 1) == wanted) {
            return true;
        }
        machine_wait_us(100);
    }
    return false;
}

static bool start(const struct vmd *v)
{
    tail = head = 0;
    phase = 1;
    memset(submissions, 0, sizeof(submissions));
    for (unsigned i = 0; i < DEPTH; i++) {
        completions[i][3] = 0;
    }
    put(v, CC, 0);
    bool off = ready(v, 0);
    put(v, AQA, (DEPTH - 1) << 16 | (DEPTH - 1));
    put(v, ASQ, (uint32_t)(uintptr_t)submissions);
    put(v, ASQ + 4, 0);
    put(v, ACQ, (uint32_t)(uintptr_t)completions);
    put(v, ACQ + 4, 0);
    put(v, CC, CONFIGURE_ON);
    return off && ready(v, 1);
}

/* False: no completion came. */
static bool identify(const struct vmd *v, uint64_t to)
{
    uint32_t *s = submissions[tail];
    memset(s, 0, sizeof(submissions[0]));
    s[0] = IDENTIFY | tail << 16;
    s[6] = (uint32_t)to;
    s[7] = (uint32_t)(to >> 32);
    s[10] = 1;
    tail = (tail + 1) % DEPTH;
    put(v, TAIL, tail);
    cpu_irq_enable();
    bool came = false;
    for (unsigned i = 0; i < WAIT_US / 100 && !came; i++) {
        came = (completions[head][3] >> 16 & 1) == phase;
        machine_wait_us(100);
    }
    if (came) {
        head = (head + 1) % DEPTH;
        phase ^= head == 0;
        put(v, HEAD, head);
        machine_wait_us(SETTLE_US);
    }
    cpu_irq_disable();
    return came;
}

/* The disk's first vector sends this from now on. */
static void disk_message(const struct vmd *v, uint64_t address, uint32_t data)
{
    put(v, TABLE + 0xc, 1);
    put(v, TABLE, (uint32_t)address);
    put(v, TABLE + 4, (uint32_t)(address >> 32));
    put(v, TABLE + 8, data);
    put(v, TABLE + 0xc, 0);
}

static unsigned find(const struct vmd *v, bool child, unsigned id)
{
    unsigned at = (child ? child_read(v, 1, 0, 0x34, 4) : endpoint_read(v, 0x34)) & 0xfc;
    for (unsigned hops = 0; at != 0 && hops < 48; hops++) {
        uint32_t word = child ? child_read(v, 1, 0, at, 4) : endpoint_read(v, at);
        if ((word & 0xff) == id) {
            return at;
        }
        at = word >> 8 & 0xfc;
    }
    return 0;
}

static void program_endpoint(const struct vmd *v)
{
    uint64_t at = v->messages + 16 * ENTRY;
    mmio_write32(hpa(at), 0xfee00000 | apic_id() << 12);
    mmio_write32(hpa(at + 4), 0);
    mmio_write32(hpa(at + 8), VECTOR);
    mmio_write32(hpa(at + 12), 0);
    unsigned own = find(v, false, 0x11);
    endpoint_write(v, own, endpoint_read(v, own) | MSIX_ENABLE);
    unsigned childs = find(v, true, 0x11);
    child_write(v, 1, 0, childs, 4, child_read(v, 1, 0, childs, 4) | MSIX_ENABLE);
    check(own != 0 && childs != 0, "MSI-X of the endpoint and of the disk");
}

/* What a guest may forge: indices of others, beyond the table, and messages as they are without an endpoint (vectors
 * and handles in them). */
static void forged(const struct vmd *v)
{
    unsigned came = 0;
    hits = 0;
    for (unsigned index = 0; index < 256; index += index < ENTRIES ? 1 : 37) {
        if (index != ENTRY) {
            disk_message(v, 0xfee00000 | index << 12, 0x4000 | (VECTOR + 1));
            came += identify(v, (uintptr_t)page);
        }
    }
    check(came >= ENTRIES - 1, "commands end whatever index their message names");
    expect(hits, 0, "messages with others' indices reach nobody here");
    static const uint32_t addresses[] = {0xfee00010, 0xfee00018, 0xfee0000c, 0xfeeff004};
    for (unsigned i = 0; i < ARRAY_LENGTH(addresses); i++) {
        disk_message(v, addresses[i], 0x4000 | (VECTOR + 2));
        check(identify(v, (uintptr_t)page), "forged message to 0x%x: its command ends", addresses[i]);
    }
    expect(hits, 0, "forged messages of other formats reach nobody here");
}

/* Bytes, not a message, to where messages go; the remapping unit; the hypervisor; nowhere. */
static void dma(const struct vmd *v)
{
    static const uint64_t targets[] = {0xfee03000, 0xfed90000, 0x1ff80000, UINT64_C(1) << 38};
    hits = 0;
    for (unsigned i = 0; i < ARRAY_LENGTH(targets); i++) {
        bool ended = identify(v, targets[i]);
        say("VMD: write of 4096 bytes to 0x%llx: %s", (unsigned long long)targets[i], ended ? "ended" : "no answer");
        check(start(v), "after DMA to 0x%llx the disk starts again", (unsigned long long)targets[i]);
    }
    expect(hits + strangers, 0, "and no interrupt came of it");
}

void vmd_messages(const struct vmd *v)
{
    for (unsigned vector = 0x20; vector < 0xf0; vector++) {
        trap_handle((uint8_t)vector, on_strange);
    }
    trap_handle(VECTOR, on_ours);
    program_endpoint(v);
    if (!check(start(v), "the disk's controller starts")) {
        return;
    }
    disk_message(v, 0xfee00000 | ENTRY << 12, 0);
    check(identify(v, (uintptr_t)page), "it identifies itself into this guest's RAM");
    expect(hits, 1, "its message becomes entry %u of the endpoint, and this guest's vector", ENTRY);
    forged(v);
    disk_message(v, 0xfee00000 | ENTRY << 12, 0xffff);
    hits = 0;
    check(identify(v, (uintptr_t)page) && hits == 1, "the right index goes on working, whatever its data");
    disk_message(v, 0xfee05000, 0);
    dma(v);
    expect(strangers, 0, "no other vector was ever hit");
    put(v, CC, 0);
}
