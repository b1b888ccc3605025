/* SPDX-License-Identifier: GPL-2.0-only
 * A hostile guest with virtual functions of an NVMe ("vfs=2"): each works in this guest's own RAM, then is told to
 * write to, and to take its commands from, "target=0x12345000", which is none of it. Lines "VF: ..." tell what came of
 * it. */
#include "kernel/lib/string.h"
#include "tests/guest/lib/machine.h"
#include "tests/guest/lib/report.h"
#include "tests/guest/vf/vf.h"

#define MARK 0xd5
#define FAULT_US 200000u

static uint8_t page[3][4096] __attribute__((aligned(4096)));

static uint64_t target(void)
{
    uint64_t value = 0;
    const char *p = machine_cmdline();
    while (*p != '\0' && strncmp(p, "target=0x", 9) != 0) {
        p++;
    }
    for (p += *p != '\0' ? 9 : 0; (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f'); p++) {
        value = value << 4 | (uint64_t)(*p <= '9' ? *p - '0' : *p - 'a' + 10);
    }
    return value;
}

static void say_first(unsigned number)
{
    char text[33];
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < 16; i++) {
        text[2 * i] = digits[page[1][i] >> 4];
        text[2 * i + 1] = digits[page[1][i] & 15];
    }
    text[32] = '\0';
    say("VF: %u reads %s", number, text);
}

/* The first block of the namespace, and nothing beside it. */
static void works(struct vf *vf, unsigned number)
{
    memset(page, MARK, sizeof(page));
    check(vf_start(vf, 0, 0), "VF %u starts", number);
    expect(vf_identify(vf, 1, (uintptr_t)page[1]), 0, "VF %u says what it is", number);
    check((page[1][1] << 8 | page[1][0]) == 0x1b36, "VF %u: in this guest's RAM", number);
    say("VF: %u is controller %u", number, page[1][79] << 8 | page[1][78]);
    memset(page[1], MARK, sizeof(page[1]));
    expect(vf_read_first(vf, (uintptr_t)page[1]), 0, "VF %u reads its disk", number);
    check(page[0][4095] == MARK && page[1][VF_BLOCK] == MARK && page[2][0] == MARK, "VF %u: one block", number);
    say_first(number);
}

/* Until the hypervisor read the fault: a unit with one record drops what comes before. */
static void let_it_be_read(void)
{
    machine_wait_us(FAULT_US);
}

/* QEMU's says that it wrote, even where nothing takes the bytes: whoever runs this reads the hypervisor's records. */
static void rogue(struct vf *vf, unsigned number, uint64_t at)
{
    say("VF: %u was told to write to 0x%llx: status 0x%x", number, (unsigned long long)at, vf_identify(vf, 1, at));
    let_it_be_read();
    check(vf_start(vf, at, 0) && vf_ring(vf), "VF %u cannot take commands from 0x%llx", number, (unsigned long long)at);
    let_it_be_read();
    check(vf_start(vf, 0, 0) && vf_identify(vf, 1, (uintptr_t)page[1]) == 0, "VF %u works again", number);
}

void guest_main(void)
{
    struct vf vf = {0};
    for (unsigned i = 0; i < machine_option("vfs", 1); i++) {
        vf.devfn += i != 0;
        if (!check(vf_find(&vf), "there is VF %u", i) || !check(vf_is_online(&vf), "VF %u is online", i)) {
            return;
        }
        say("VF: %u at 00:%02x.%x bar=0x%llx", i, vf.devfn >> 3, vf.devfn & 7, (unsigned long long)vf.base);
        works(&vf, i);
        if (target() != 0) {
            rogue(&vf, i, target());
        }
    }
    say("VF: done");
}
