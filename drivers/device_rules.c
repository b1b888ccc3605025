/* SPDX-License-Identifier: GPL-2.0-only
 * The table of devices with rules of their own. */
#include "drivers/device_rules.h"

#include "drivers/pci.h"
#include "kernel/lib/bits.h"

#define INTEL 0x8086
#define CLASS_NVME 0x010802u

/* PCIe 6.0 7.8.4.3 */
#define AER_COMPLETION_TIMEOUT BIT32(14)
#define AER_UNSUPPORTED_REQUEST BIT32(20)
#define AER_INTERNAL BIT32(22)

static const struct device_rules none = {.name = "device"};

/* Intel 336211-014, QATE-39220 and QATE-7495: Linux denies these to VFIO for it (drivers/vfio/pci/vfio_pci.c). */
static const struct device_rules qat = {
    .name = "QAT",
    .flags = DEVICE_RULE_ALL_VFS | DEVICE_RULE_TRUSTED | DEVICE_RULE_KEEP_MASTER | DEVICE_RULE_OWNER |
             DEVICE_RULE_OWNER_RESET,
    .aer_mask = AER_COMPLETION_TIMEOUT | AER_UNSUPPORTED_REQUEST | AER_INTERNAL,
    .why_all = "its rings are divided among all of its VFs when they are switched on",
    .why_trusted = "a request of its driver that leads to an address that is not mapped can hang the whole machine",
    .owner = "the QAT driver of the PF, which starts the device's firmware and the VFs' rings",
};

/* The next generation confines a VF's errors to it. */
static const struct device_rules qat_4xxx = {
    .name = "QAT 4xxx",
    .flags = DEVICE_RULE_OWNER,
    .owner = "the QAT driver of the PF, which starts the device's firmware and the VFs' rings",
};

static const struct device_rules igb = {
    .name = "igb",
    .flags = DEVICE_RULE_OWNER,
    .owner = "the igb driver of the PF, which answers their mailbox: without that a VF has no address and no link",
};

static const struct device_rules ixgbe = {
    .name = "ixgbe",
    .flags = DEVICE_RULE_OWNER,
    .owner = "the ixgbe driver of the PF, which answers their mailbox: without that a VF has no address and no link",
};

/* 82599 datasheet 9.3.10.4, 9.5: only the PF's Device Capabilities tell of the VFs' FLR. */
static const struct device_rules ixgbe_82599 = {
    .name = "ixgbe",
    .flags = DEVICE_RULE_OWNER | DEVICE_RULE_SILENT_FLR,
    .owner = "the ixgbe driver of the PF, which answers their mailbox: without that a VF has no address and no link",
};

/* NVMe 2.0 8.26: primary and secondary controllers. */
static const struct device_rules nvme = {
    .name = "NVMe",
    .flags = DEVICE_RULE_OWNER,
    .owner = "a driver of the PF: a VF gets queues and interrupts and is brought online by commands to the PF (`nvme "
             "virt-mgmt`)",
};

static const struct {
    uint16_t vendor, device;
    const struct device_rules *rules;
} by_id[] = {
    /* QAT: DH895xCC, C3xxx, C62x, Xeon D, 200xx, C4xxx; each PF and its VFs */
    {INTEL, 0x0435, &qat},
    {INTEL, 0x0443, &qat},
    {INTEL, 0x19e2, &qat},
    {INTEL, 0x19e3, &qat},
    {INTEL, 0x37c8, &qat},
    {INTEL, 0x37c9, &qat},
    {INTEL, 0x6f54, &qat},
    {INTEL, 0x6f55, &qat},
    {INTEL, 0x18ee, &qat},
    {INTEL, 0x18ef, &qat},
    {INTEL, 0x18a0, &qat},
    {INTEL, 0x18a1, &qat},
    /* 4xxx, 401xx, 402xx */
    {INTEL, 0x4940, &qat_4xxx},
    {INTEL, 0x4941, &qat_4xxx},
    {INTEL, 0x4942, &qat_4xxx},
    {INTEL, 0x4943, &qat_4xxx},
    {INTEL, 0x4944, &qat_4xxx},
    {INTEL, 0x4945, &qat_4xxx},
    /* 82576, I350 */
    {INTEL, 0x10c9, &igb},
    {INTEL, 0x10e6, &igb},
    {INTEL, 0x10e7, &igb},
    {INTEL, 0x10e8, &igb},
    {INTEL, 0x150a, &igb},
    {INTEL, 0x150d, &igb},
    {INTEL, 0x1518, &igb},
    {INTEL, 0x1526, &igb},
    {INTEL, 0x10ca, &igb},
    {INTEL, 0x1521, &igb},
    {INTEL, 0x1522, &igb},
    {INTEL, 0x1523, &igb},
    {INTEL, 0x1524, &igb},
    {INTEL, 0x1520, &igb},
    /* 82599 */
    {INTEL, 0x10f7, &ixgbe_82599},
    {INTEL, 0x10f8, &ixgbe_82599},
    {INTEL, 0x10f9, &ixgbe_82599},
    {INTEL, 0x10fb, &ixgbe_82599},
    {INTEL, 0x10fc, &ixgbe_82599},
    {INTEL, 0x1507, &ixgbe_82599},
    {INTEL, 0x1514, &ixgbe_82599},
    {INTEL, 0x1517, &ixgbe_82599},
    {INTEL, 0x151c, &ixgbe_82599},
    {INTEL, 0x1529, &ixgbe_82599},
    {INTEL, 0x152a, &ixgbe_82599},
    {INTEL, 0x154a, &ixgbe_82599},
    {INTEL, 0x154d, &ixgbe_82599},
    {INTEL, 0x1557, &ixgbe_82599},
    {INTEL, 0x1558, &ixgbe_82599},
    {INTEL, 0x10ed, &ixgbe_82599},
    /* X540, X550, X552, X553 */
    {INTEL, 0x1528, &ixgbe},
    {INTEL, 0x1560, &ixgbe},
    {INTEL, 0x1515, &ixgbe},
    {INTEL, 0x1563, &ixgbe},
    {INTEL, 0x15d1, &ixgbe},
    {INTEL, 0x1565, &ixgbe},
    {INTEL, 0x15aa, &ixgbe},
    {INTEL, 0x15ab, &ixgbe},
    {INTEL, 0x15ac, &ixgbe},
    {INTEL, 0x15ad, &ixgbe},
    {INTEL, 0x15ae, &ixgbe},
    {INTEL, 0x15a8, &ixgbe},
    {INTEL, 0x15c2, &ixgbe},
    {INTEL, 0x15c3, &ixgbe},
    {INTEL, 0x15c4, &ixgbe},
    {INTEL, 0x15c6, &ixgbe},
    {INTEL, 0x15c7, &ixgbe},
    {INTEL, 0x15c8, &ixgbe},
    {INTEL, 0x15ce, &ixgbe},
    {INTEL, 0x15c5, &ixgbe},
};

static const struct {
    uint32_t class_code;
    const struct device_rules *rules;
} by_class[] = {
    {CLASS_NVME, &nvme},
};

const struct device_rules *device_rules_of(uint16_t vendor, uint16_t device, uint32_t class_code)
{
    for (size_t i = 0; i < ARRAY_LENGTH(by_id); i++) {
        if (by_id[i].vendor == vendor && by_id[i].device == device) {
            return by_id[i].rules;
        }
    }
    for (size_t i = 0; i < ARRAY_LENGTH(by_class); i++) {
        if (by_class[i].class_code == class_code) {
            return by_class[i].rules;
        }
    }
    return &none;
}

const struct device_rules *device_rules_of_function(const struct pci_function *f)
{
    return device_rules_of(f->vendor, f->device, f->class_code);
}

bool device_rules_has(const struct pci_function *f, enum device_rule flag)
{
    return (device_rules_of_function(f)->flags & (uint32_t)flag) != 0;
}
