/* SPDX-License-Identifier: GPL-2.0-only
 * The model of VMD as a device of Debian's own QEMU 7.2: LD_PRELOAD adds `-device bulkhead-vmd`, described by
 * BULKHEAD_VMD (tests/model/vmd_options.h). Nothing of QEMU is built: its binary exports what its modules need. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model/vmd_options.h"
#include "tests/qemu/preload/qemu_api.h"

#define NAME "bulkhead-vmd"
/* A device of QEMU's whose ids and class are known: where they are in its class is where they are in ours. */
#define KNOWN "pci-testdev"
#define KNOWN_VENDOR 0x1b36
#define KNOWN_DEVICE 0x0005
#define KNOWN_CLASS 0x00ff
#define CLASS_ROOM 1024 /* a class is larger than what is searched */
#define UNSPECIFIED 1
enum { BARS = 3, COMMAND = 0x04, FIRST_BAR = 0x10, BAR_REGISTERS = 6 };

struct bar {
    unsigned number;
    struct qemu_region region;
};

/* One is enough, and QEMU's own object stays as large as its parent's. */
static struct {
    struct vmd_options options;
    struct vmd_model model;
    struct bar bars[BARS];
    void *device, *space;
    uint32_t shown[BAR_REGISTERS], shown_command; /* what QEMU was told */
    bool working;
} vmd;

static _Noreturn void refuse(const char *why)
{
    fprintf(stderr, NAME ": cannot work: %s\n", why);
    exit(64);
}

static bool on_dma(void *context, bool write, uint64_t address, void *data, size_t bytes)
{
    (void)context;
    return address_space_rw(vmd.space, address, UNSPECIFIED, data, bytes, write) == 0;
}

static void on_message(void *context, uint64_t address, uint32_t data)
{
    (void)context;
    msi_send_message(vmd.device, (struct qemu_message){address, data});
}

static bool on_disk(void *context, unsigned disk, bool write, uint64_t offset, void *data, size_t bytes)
{
    (void)context;
    return vmd_options_disk(&vmd.options, disk, write, offset, data, bytes);
}

static void power_on(void *context)
{
    static const struct vmd_model_io io = {NULL, on_dma, on_message, on_disk};
    (void)context;
    vmd_model_init(&vmd.model, &vmd.options.config, &io);
}

/* All at once, in the access that asks for it; not again from within, when a DMA leads back to the device. */
static void work(void)
{
    while (!vmd.working) {
        vmd.working = true;
        bool busy = vmd_model_tick(&vmd.model);
        vmd.working = false;
        if (!busy) {
            return;
        }
    }
}

static void summary(void)
{
    char text[512];
    vmd_options_summary(&vmd.model, text, sizeof(text));
    fprintf(stderr, "plugin: %s\n", text);
}

static uint64_t on_read(void *context, uint64_t offset, unsigned bytes)
{
    return vmd_model_read(&vmd.model, ((struct bar *)context)->number, offset, bytes);
}

static void on_write(void *context, uint64_t offset, uint64_t value, unsigned bytes)
{
    uint64_t strays = vmd.model.counts.strays;
    vmd_model_write(&vmd.model, ((struct bar *)context)->number, offset, bytes, value);
    if (vmd.model.counts.strays != strays) {
        fprintf(stderr, "plugin: error: vmd: a root port decodes addresses outside the MEMBARs\n");
    }
    work();
}

static uint32_t on_config_read(void *device, uint32_t address, int bytes)
{
    (void)device;
    return vmd_model_config_read(&vmd.model, (uint16_t)address, (unsigned)bytes);
}

/* QEMU routes addresses by its own copy of the BARs and the command register. */
static void tell(void *device)
{
    uint32_t command = vmd_model_config_read(&vmd.model, COMMAND, 2);
    for (unsigned i = 0; i < BAR_REGISTERS; i++) {
        uint32_t value = vmd_model_config_read(&vmd.model, (uint16_t)(FIRST_BAR + 4 * i), 4);
        if (value != vmd.shown[i]) {
            vmd.shown[i] = value;
            pci_default_write_config(device, FIRST_BAR + 4 * i, value, 4);
        }
    }
    if (command != vmd.shown_command) {
        vmd.shown_command = command;
        pci_default_write_config(device, COMMAND, command, 2);
    }
}

static void on_config_write(void *device, uint32_t address, uint32_t value, int bytes)
{
    vmd_model_config_write(&vmd.model, (uint16_t)address, (unsigned)bytes, value);
    tell(device);
    work();
}

static void realize(void *device, void **error)
{
    static const struct qemu_region_ops ops = {.read = on_read,
                                               .write = on_write,
                                               .endianness = QEMU_LITTLE_ENDIAN,
                                               .valid = {1, 8, false, NULL},
                                               .impl = {1, 8, false}};
    static const struct {
        uint64_t bytes;
        uint8_t type;
    } kinds[BARS] = {{VMD_MODEL_CFGBAR_BYTES, 0xc}, {VMD_MODEL_MEMBAR1_BYTES, 0}, {VMD_MODEL_MEMBAR2_BYTES, 4}};
    (void)error;
    if (vmd.device != NULL) {
        refuse("there is one already");
    }
    vmd.device = device;
    vmd.space = pci_device_iommu_address_space(device);
    power_on(NULL);
    for (unsigned i = 0; i < BARS; i++) {
        vmd.bars[i].number = 2 * i;
        memory_region_init_io(&vmd.bars[i].region, device, &ops, &vmd.bars[i], NAME, kinds[i].bytes);
        pci_register_bar(device, (int)(2 * i), kinds[i].type, &vmd.bars[i].region);
    }
    for (unsigned i = 0; i < BAR_REGISTERS; i++) {
        vmd.shown[i] = vmd_model_config_read(&vmd.model, (uint16_t)(FIRST_BAR + 4 * i), 4);
    }
    qemu_register_reset(power_on, NULL);
    atexit(summary);
}

static size_t pci_class_offset(void)
{
    const char *known = object_class_by_name(KNOWN);
    for (size_t at = 0; known != NULL && at + sizeof(struct qemu_pci_class) <= CLASS_ROOM; at += sizeof(void *)) {
        struct qemu_pci_class c;
        memcpy(&c, known + at, sizeof(c));
        if (c.vendor_id == KNOWN_VENDOR && c.device_id == KNOWN_DEVICE && c.class_id == KNOWN_CLASS) {
            return at;
        }
    }
    refuse("this is not the QEMU 7.2 that it was written for");
}

static void class_init(void *class, void *data)
{
    struct qemu_pci_class *c = (struct qemu_pci_class *)((char *)class + pci_class_offset());
    (void)data;
    c->realize = realize;
    c->config_read = on_config_read;
    c->config_write = on_config_write;
    c->vendor_id = VMD_MODEL_VENDOR;
    c->device_id = vmd.options.config.device;
    c->class_id = VMD_MODEL_CLASS >> 8;
}

__attribute__((constructor)) static void start(void)
{
    static const struct qemu_interface interfaces[] = {{"pci-express-device"}, {NULL}};
    static const struct qemu_type type = {
        .name = NAME, .parent = "pci-device", .class_init = class_init, .interfaces = interfaces};
    const char *text = getenv("BULKHEAD_VMD");
    const char *wrong = vmd_options_parse(&vmd.options, text != NULL ? text : "");
    wrong = wrong != NULL ? wrong : vmd_options_open(&vmd.options);
    if (wrong != NULL) {
        refuse(wrong);
    }
    type_register_static(&type);
}
