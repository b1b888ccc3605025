/* SPDX-License-Identifier: GPL-2.0-only
 * What is shown and what is not: capabilities by their ids, resets, other functions, and no byte beside them. */
#include "kernel/lib/bits.h"
#include "tests/guest/config/config.h"
#include "tests/guest/lib/report.h"

#define ID_VENDOR 0x09u
#define ID_EXPRESS 0x10u
#define EXTENDED_SERIAL 0x0003u
#define SERIAL_BYTES 12u
#define VENDOR_VIRTIO 0x1af4u

static uint32_t get(const struct config_function *f, unsigned offset)
{
    return config_read(CONFIG_ECAM, f->devfn, offset, 4);
}

/* Power management, MSI, PCI Express, MSI-X, SATA; virtio's own. No advanced features (a reset), no vital product
 * data, nothing of a vendor's, nothing of bridges. */
static bool may_show(const struct config_function *f, unsigned id)
{
    return id == 0x01 || id == 0x05 || id == ID_EXPRESS || id == 0x11 || id == 0x12 ||
           (id == ID_VENDOR && (f->id & 0xffff) == VENDOR_VIRTIO);
}

static void chain(const struct config_function *f, const char *name)
{
    unsigned at = get(f, 0x34) & 0xff, links = 0, foreign = 0;
    while (at >= 0x40 && links < 48) {
        foreign += !may_show(f, get(f, at) & 0xff);
        at = get(f, at) >> 8 & 0xff;
        links++;
    }
    check(at == 0 && links < 48 && foreign == 0, "%s: %u capabilities, no unknown one, and an end", name, links);
}

/* ACS, ATS, SR-IOV, resizable BARs, page requests and all others. */
static void extended(const struct config_function *f, const char *name)
{
    unsigned serial = 0, foreign = 0, bytes = 0;
    for (unsigned at = CONFIG_LEGACY; at < CONFIG_BYTES; at += 4) {
        uint32_t word = get(f, at);
        bool header = (word & 0xffff) == EXTENDED_SERIAL && serial == 0;
        serial = header ? at : serial;
        bool of_serial = serial != 0 && at >= serial && at < serial + SERIAL_BYTES;
        bool start = at == CONFIG_LEGACY && (word & 0xfffff) == 0; /* a pointer past a hidden one */
        foreign += word != 0 && !of_serial && !start;
        bytes += word != 0 ? 4 : 0;
    }
    check(foreign == 0, "%s: no ACS, ATS, SR-IOV or other extended capability (%u bytes, serial number at +0x%x)", name,
          bytes, serial);
}

static void express(const struct config_function *f, const char *name)
{
    unsigned at = get(f, 0x34) & 0xff;
    for (unsigned i = 0; i < 48 && at >= 0x40; i++) {
        uint32_t header = get(f, at);
        if ((header & 0xff) == ID_EXPRESS) {
            expect(bits_get(header, 23, 20), 9, "%s: an integrated endpoint, no port above it", name);
            expect(get(f, at + 4) & (BIT32(28) | MASK32(4, 3)), 0, "%s: no function level reset, no phantom functions",
                   name);
        }
        at = header >> 8 & 0xff;
    }
}

/* Bytes of hidden registers are not there either. */
static void between(const struct config_function *f, const char *name)
{
    unsigned stray = 0;
    for (unsigned at = 0; at < CONFIG_LEGACY; at += 4) {
        stray += (get(f, at) & ~f->known[at / 4] & ~f->writable[at / 4]) != 0;
    }
    expect(stray, 0, "%s: between its registers all is 0", name);
}

static bool has_others(unsigned devfn)
{
    for (unsigned function = 1; function < 8; function++) {
        if (config_read(CONFIG_PORTS, devfn | function, 0, 4) != CONFIG_ONES) {
            return true;
        }
    }
    return false;
}

static void header(const struct config_function *f, const char *name)
{
    uint32_t type = config_read(CONFIG_PORTS, f->devfn, 0x0e, 1);
    expect(type & 0x7f, 0, "%s: header type 0: no bridge, no windows", name);
    expect(type >> 7, has_others(f->devfn & ~7u), "%s: multifunction says what this bus has", name);
    unsigned same = 0;
    for (unsigned at = 0; at < CONFIG_LEGACY; at += 4) {
        same += config_read(CONFIG_PORTS, f->devfn, at, 4) == get(f, at);
    }
    expect(same, CONFIG_LEGACY / 4, "%s: ports and ECAM show the same", name);
}

void config_shown(const struct config_guest *guest)
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < guest->count; i++) {
        const struct config_function *f = &guest->functions[i];
        char name[] = "00:00.0";
        name[3] = digits[f->devfn >> 7];
        name[4] = digits[f->devfn >> 3 & 15];
        name[6] = digits[f->devfn & 7];
        header(f, name);
        chain(f, name);
        extended(f, name);
        express(f, name);
        between(f, name);
    }
}
