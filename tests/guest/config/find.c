/* SPDX-License-Identifier: GPL-2.0-only
 * Functions of this guest's bus, and which bits of their registers may take a write (docs/config-space.md). */
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "tests/guest/config/config.h"
#include "tests/guest/lib/report.h"

#define BAR0 0x10u
#define COMMAND_MEMORY 2u
#define ID_PM 1u
#define ID_MSI 5u
#define ID_EXPRESS 0x10u
#define ID_MSIX 0x11u

/* edu's liveness; an NVMe's queue sizes; an 82574's VLAN type. */
static const struct config_probe probes[] = {
    {.id = 0x11e81234, .offset = 0x04, .mark = 0x5a17c0de, .flip = UINT32_MAX},
    {.id = 0x00101b36, .offset = 0x24, .mark = 0x001f001f, .flip = 0},
    {.id = 0x10d38086, .offset = 0x38, .mark = 0x00009100, .flip = 0},
};

static const struct config_probe *probe_of(uint32_t id)
{
    for (size_t i = 0; i < ARRAY_LENGTH(probes); i++) {
        if (probes[i].id == id) {
            return &probes[i];
        }
    }
    return NULL;
}

static uint32_t get(const struct config_function *f, unsigned offset)
{
    return config_read(CONFIG_PORTS, f->devfn, offset, 4);
}

/* All ones into a register, and what it then says; its old value is back afterwards. */
static uint32_t sized(const struct config_function *f, unsigned offset)
{
    uint32_t old = get(f, offset);
    config_write(CONFIG_PORTS, f->devfn, offset, 4, UINT32_MAX);
    uint32_t mask = get(f, offset);
    config_write(CONFIG_PORTS, f->devfn, offset, 4, old);
    return mask;
}

static void find_bar(struct config_function *f, unsigned bar)
{
    unsigned offset = BAR0 + 4 * bar;
    uint32_t low = sized(f, offset);
    f->wide[bar] = (low & 7) == 4;
    uint64_t mask = (low & 0xfffffff0) | (f->wide[bar] ? (uint64_t)sized(f, offset + 4) << 32 : MASK64(63, 32));
    f->size[bar] = (low & 0xfffffff0) == 0 ? 0 : ~mask + 1;
    f->at[bar] = config_bar(f, bar);
    f->writable[offset / 4] = (uint32_t)mask;
    f->known[offset / 4] = low & 0xf;
    if (f->wide[bar]) {
        f->writable[offset / 4 + 1] = (uint32_t)(mask >> 32);
    }
}

static void allow(struct config_function *f, unsigned offset, uint32_t writable, uint32_t known)
{
    f->writable[offset / 4] |= writable;
    f->known[offset / 4] |= known;
}

static void allow_header(struct config_function *f)
{
    allow(f, 0x00, 0, UINT32_MAX);
    allow(f, 0x04, 0x0546, BIT32(20));
    allow(f, 0x08, 0, UINT32_MAX);
    allow(f, 0x0c, 0xff, BIT32(23));
    allow(f, 0x2c, 0, UINT32_MAX);
    allow(f, 0x34, 0, 0xfc);
    allow(f, 0x3c, 0xff, 0xff00);
    for (unsigned bar = 0; bar < CONFIG_BARS; bar += f->wide[bar] ? 2 : 1) {
        find_bar(f, bar);
    }
    uint32_t rom = sized(f, 0x30);
    allow(f, 0x30, rom, 0);
}

static void allow_msi(struct config_function *f, unsigned at, uint32_t control)
{
    bool wide = (control & BIT32(23)) != 0;
    unsigned mask = at + (wide ? 16 : 12);
    allow(f, at, BIT32(16), 0x01ff0000);
    allow(f, at + 4, 0xfffffffc, 0);
    allow(f, at + 8, wide ? UINT32_MAX : 0xffff, 0);
    allow(f, at + 12, wide ? 0xffff : 0, 0);
    if ((control & BIT32(24)) != 0) {
        allow(f, mask, 1, 0);
    }
}

static void allow_express(struct config_function *f, unsigned at, uint32_t flags)
{
    allow(f, at, 0, 0xffff0000);
    allow(f, at + 4, 0, UINT32_MAX);
    allow(f, at + 8, 0x79ff, 0);
    if (bits_get(flags, 19, 16) >= 2) {
        allow(f, at + 0x24, 0, UINT32_MAX);
        allow(f, at + 0x28, 0x1f, 0);
    }
}

static void allow_capability(struct config_function *f, unsigned at)
{
    uint32_t header = get(f, at);
    allow(f, at, 0, 0xffff);
    switch (header & 0xff) {
    case ID_PM:
        allow(f, at, 0, 0xffff0000);
        allow(f, at + 4, 3, 8);
        break;
    case ID_MSI:
        allow_msi(f, at, header);
        break;
    case ID_EXPRESS:
        allow_express(f, at, header);
        break;
    case ID_MSIX:
        allow(f, at, 0xc0000000, 0x07ff0000);
        allow(f, at + 4, 0, UINT32_MAX);
        allow(f, at + 8, 0, UINT32_MAX);
        break;
    default:
        break; /* config_shown says what else may be there */
    }
}

static void allow_capabilities(struct config_function *f)
{
    unsigned at = get(f, 0x34) & 0xfc;
    for (unsigned i = 0; i < 48 && at >= 0x40; i++) {
        allow_capability(f, at);
        at = get(f, at) >> 8 & 0xfc;
    }
}

static void add(struct config_guest *guest, unsigned devfn, uint32_t id)
{
    struct config_function *f = &guest->functions[guest->count++];
    memset(f, 0, sizeof(*f));
    f->devfn = devfn;
    f->id = id;
    f->probe = probe_of(id);
    allow_header(f);
    allow_capabilities(f);
    say("CONFIG: 00:%02x.%x id=%08x bar0=0x%llx size=0x%llx", devfn >> 3, devfn & 7, id, (unsigned long long)f->at[0],
        (unsigned long long)f->size[0]);
}

void config_find(struct config_guest *guest)
{
    guest->count = 0;
    for (unsigned devfn = 8; devfn < 256 && guest->count < CONFIG_FUNCTIONS; devfn++) {
        uint32_t id = config_read(CONFIG_PORTS, devfn, 0, 4);
        if (id != CONFIG_ONES) {
            add(guest, devfn, id);
        }
    }
}
