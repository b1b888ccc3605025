/* SPDX-License-Identifier: GPL-2.0-only
 * What the preloaded device uses of QEMU 7.2, declared by hand because Debian packages no headers: Debian's binary
 * exports its functions for its own modules. Layouts are those of the release's include/qom/object.h, hw/pci/pci.h and
 * exec/memory.h; what lies behind a base class is found at run time (vmd_device.c). */
#ifndef BULKHEAD_QEMU_PRELOAD_API_H
#define BULKHEAD_QEMU_PRELOAD_API_H

#include "kernel/lib/types.h"

struct qemu_interface {
    const char *type;
};

struct qemu_type {
    const char *name, *parent;
    size_t instance_size, instance_align; /* 0: the parent's */
    void (*instance_init)(void *), (*instance_post_init)(void *), (*instance_finalize)(void *);
    bool is_abstract;
    size_t class_size; /* 0: the parent's */
    void (*class_init)(void *class, void *data);
    void (*class_base_init)(void *class, void *data);
    void *class_data;
    const struct qemu_interface *interfaces;
};

/* What PCIDeviceClass adds to DeviceClass. */
struct qemu_pci_class {
    void (*realize)(void *device, void **error);
    void (*exit)(void *device);
    uint32_t (*config_read)(void *device, uint32_t address, int bytes);
    void (*config_write)(void *device, uint32_t address, uint32_t value, int bytes);
    uint16_t vendor_id, device_id;
    uint8_t revision;
    uint16_t class_id;
};

struct qemu_access {
    unsigned min, max;
    bool unaligned;
    bool (*accepts)(void *, uint64_t, unsigned, bool, uint32_t);
};

struct qemu_implementation {
    unsigned min, max;
    bool unaligned;
};

struct qemu_region_ops {
    uint64_t (*read)(void *context, uint64_t offset, unsigned bytes);
    void (*write)(void *context, uint64_t offset, uint64_t value, unsigned bytes);
    void *read_with_attrs, *write_with_attrs;
    int endianness;
    struct qemu_access valid;
    struct qemu_implementation impl;
};
#define QEMU_LITTLE_ENDIAN 2

/* More than a MemoryRegion needs. */
struct qemu_region {
    uint64_t room[128];
};

struct qemu_message {
    uint64_t address;
    uint32_t data;
};

void *type_register_static(const struct qemu_type *type);
void *object_class_by_name(const char *name);
void memory_region_init_io(struct qemu_region *region, void *owner, const struct qemu_region_ops *ops, void *context,
                           const char *name, uint64_t bytes);
void pci_register_bar(void *device, int number, uint8_t type, struct qemu_region *region);
void pci_default_write_config(void *device, uint32_t address, uint32_t value, int bytes);
void *pci_device_iommu_address_space(void *device);
/* attributes: bit 0, nothing is said of the requester. 0: done. */
int address_space_rw(void *space, uint64_t address, uint32_t attributes, void *data, uint64_t bytes, bool write);
/* With the device's requester id. */
void msi_send_message(void *device, struct qemu_message message);
void qemu_register_reset(void (*reset)(void *), void *context);

#endif
