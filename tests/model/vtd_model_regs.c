/* SPDX-License-Identifier: GPL-2.0-only
 * The register window of the model (VT-d 4.1 11.4): who may be accessed how, and what a write sets off. */
#include "tests/model/vtd_model_internal.h"

#include <string.h>

struct reg_info {
    uint16_t offset;
    uint8_t width;
    bool writable;
    uint64_t reserved; /* bits that must be written as 0 */
};

static const struct reg_info infos[VTD_R_COUNT] = {
    [VTD_R_VER] = {0x000, 4, false, 0},
    [VTD_R_CAP] = {0x008, 8, false, 0},
    [VTD_R_ECAP] = {0x010, 8, false, 0},
    [VTD_R_GCMD] = {0x018, 4, true, 0}, /* its own checks */
    [VTD_R_GSTS] = {0x01c, 4, false, 0},
    [VTD_R_RTADDR] = {0x020, 8, true, MASK64(9, 0)},
    [VTD_R_CCMD] = {0x028, 8, true, 0},
    [VTD_R_FSTS] = {0x034, 4, true, MASK64(31, 16)},
    [VTD_R_FECTL] = {0x038, 4, true, MASK64(29, 0)},
    [VTD_R_FEDATA] = {0x03c, 4, true, 0},
    [VTD_R_FEADDR] = {0x040, 4, true, MASK64(1, 0)},
    [VTD_R_FEUADDR] = {0x044, 4, true, 0},
    [VTD_R_PMEN] = {0x064, 4, true, MASK64(30, 1)},
    [VTD_R_PLMBASE] = {0x068, 4, true, 0},
    [VTD_R_PLMLIMIT] = {0x06c, 4, true, 0},
    [VTD_R_PHMBASE] = {0x070, 8, true, 0},
    [VTD_R_PHMLIMIT] = {0x078, 8, true, 0},
    [VTD_R_IQH] = {0x080, 8, false, 0},
    [VTD_R_IQT] = {0x088, 8, true, MASK64(63, 19) | MASK64(3, 0)},
    [VTD_R_IQA] = {0x090, 8, true, 0},
    [VTD_R_ICS] = {0x09c, 4, true, MASK64(31, 1)},
    [VTD_R_IECTL] = {0x0a0, 4, true, MASK64(29, 0)},
    [VTD_R_IEDATA] = {0x0a4, 4, true, 0},
    [VTD_R_IEADDR] = {0x0a8, 4, true, MASK64(1, 0)},
    [VTD_R_IEUADDR] = {0x0ac, 4, true, 0},
    [VTD_R_IQERCD] = {0x0b0, 8, false, 0},
    [VTD_R_IRTA] = {0x0b8, 8, true, 0},
    [VTD_R_IVA] = {0, 8, true, MASK64(11, 7)}, /* at ECAP.IRO * 16 */
    [VTD_R_IOTLB] = {0, 8, true, 0},           /* at ECAP.IRO * 16 + 8 */
};

static uint64_t offset_of(const struct vtd_model *m, unsigned r)
{
    if (r == VTD_R_IVA || r == VTD_R_IOTLB) {
        return ECAP_IRO(m->config.ecap) * 16 + (r == VTD_R_IOTLB ? 8 : 0);
    }
    return infos[r].offset;
}

uint64_t vtd_model_window(const struct vtd_model *m)
{
    uint64_t iotlb = offset_of(m, VTD_R_IOTLB) + 8;
    uint64_t faults = CAP_FRO(m->config.cap) * 16 + (CAP_NFR(m->config.cap) + 1) * 16;
    return align_up(iotlb > faults ? iotlb : faults, 4096);
}

void vtd_model_reset(struct vtd_model *m, const struct vtd_model_config *config, const struct vtd_model_io *io)
{
    memset(m, 0, sizeof(*m));
    m->config = *config;
    m->io = *io;
    m->reg[VTD_R_VER] = config->version;
    m->reg[VTD_R_CAP] = config->cap;
    m->reg[VTD_R_ECAP] = config->ecap;
    m->reg[VTD_R_FECTL] = CTL_IM;
    m->reg[VTD_R_IECTL] = CTL_IM;
}

/* The register that holds offset; half is set when a dword access means the upper half of a 64-bit one. */
static bool find(const struct vtd_model *m, uint64_t offset, unsigned width, enum vtd_model_register *r, bool *half)
{
    for (unsigned i = 0; i < VTD_R_COUNT; i++) {
        uint64_t at = offset_of(m, i);
        if (offset < at || offset >= at + infos[i].width || width > infos[i].width) {
            continue;
        }
        *r = (enum vtd_model_register)i;
        *half = offset != at;
        return true;
    }
    return false;
}

static bool acceptable(struct vtd_model *m, uint64_t offset, unsigned width, const char *what)
{
    if ((width != 4 && width != 8) || offset % width != 0) {
        model_violation(m, "%s of %u bytes at 0x%llx: wrong width or alignment", what, width,
                        (unsigned long long)offset);
        return false;
    }
    return true;
}

static uint64_t value_of(struct vtd_model *m, enum vtd_model_register r)
{
    switch (r) {
    case VTD_R_GCMD:
        model_violation(m, "GCMD is write-only and was read");
        return 0;
    case VTD_R_GSTS:
        return model_gsts(m);
    case VTD_R_FSTS:
        return model_fsts(m);
    default:
        return m->reg[r];
    }
}

uint64_t vtd_model_mmio_read(struct vtd_model *m, uint64_t offset, unsigned width)
{
    enum vtd_model_register r = VTD_R_VER;
    bool half = false;
    unsigned record = 0;
    unsigned byte = 0;
    vtd_model_tick(m);
    if (!acceptable(m, offset, width, "read")) {
        return 0;
    }
    if (model_fault_register(m, offset, &record, &byte)) {
        return model_fault_read(m, offset, width);
    }
    if (!find(m, offset, width, &r, &half)) {
        model_violation(m, "read of %u bytes at 0x%llx: no such register", width, (unsigned long long)offset);
        return 0;
    }
    uint64_t v = value_of(m, r);
    if (width == 8) {
        return v;
    }
    return (uint32_t)(half ? v >> 32 : v);
}

static uint64_t align_region(const struct vtd_model *m, uint64_t value)
{
    return value & ~(BIT64(m->config.pmr_shift) - 1) & model_host_limit(m);
}

/* upper: the write reached the upper half, which is what starts a command. */
static void command_write(struct vtd_model *m, enum vtd_model_register r, uint64_t value, bool upper)
{
    if ((m->reg[r] & INVALIDATE_GO) != 0) {
        model_violation(m, "%s written while its command is pending", r == VTD_R_CCMD ? "CCMD" : "IOTLB");
        return;
    }
    m->reg[r] = value;
    if (!upper) {
        return;
    }
    if (r == VTD_R_CCMD) {
        model_ccmd(m);
    } else {
        model_iotlb_command(m);
    }
}

static void interrupt_status_write(struct vtd_model *m, uint64_t value)
{
    m->reg[VTD_R_ICS] &= ~(value & 1);
    if (m->reg[VTD_R_ICS] == 0) {
        m->reg[VTD_R_IECTL] &= ~(uint64_t)CTL_IP;
    }
}

static void plain_write(struct vtd_model *m, enum vtd_model_register r, uint64_t value)
{
    if (r >= VTD_R_PLMBASE && r <= VTD_R_PHMLIMIT) {
        value = align_region(m, value);
    } else if (r == VTD_R_IVA && (m->reg[VTD_R_IOTLB] & INVALIDATE_GO) != 0) {
        model_violation(m, "IVA written while an IOTLB command is pending");
    }
    m->reg[r] = value;
}

static void dispatch_write(struct vtd_model *m, enum vtd_model_register r, uint64_t value, bool upper)
{
    model_check_write(m, r, value);
    switch (r) {
    case VTD_R_GCMD:
        model_gcmd(m, (uint32_t)value);
        break;
    case VTD_R_CCMD:
    case VTD_R_IOTLB:
        command_write(m, r, value, upper);
        break;
    case VTD_R_FSTS:
        model_fsts_write(m, (uint32_t)value);
        break;
    case VTD_R_FECTL:
    case VTD_R_IECTL:
        model_event_control(m, r, (uint32_t)value);
        break;
    case VTD_R_PMEN:
        model_pmen(m, (uint32_t)value);
        break;
    case VTD_R_IQT:
        model_queue_tail(m, value);
        break;
    case VTD_R_ICS:
        interrupt_status_write(m, value);
        break;
    default:
        plain_write(m, r, value);
        break;
    }
    m->written[r] = true;
}

void vtd_model_mmio_write(struct vtd_model *m, uint64_t offset, unsigned width, uint64_t value)
{
    enum vtd_model_register r = VTD_R_VER;
    bool half = false;
    unsigned record = 0;
    unsigned byte = 0;
    vtd_model_tick(m);
    if (!acceptable(m, offset, width, "write")) {
        return;
    }
    if (model_fault_register(m, offset, &record, &byte)) {
        model_fault_write(m, offset, width, value);
        return;
    }
    if (!find(m, offset, width, &r, &half) || !infos[r].writable) {
        model_violation(m, "write of %u bytes at 0x%llx: no writable register", width, (unsigned long long)offset);
        return;
    }
    if (width == 4) {
        value = half ? bits_set(m->reg[r], 63, 32, value) : bits_set(m->reg[r], 31, 0, value);
    }
    if (infos[r].width == 4) {
        value = (uint32_t)value;
    }
    if ((value & infos[r].reserved) != 0) {
        model_violation(m, "reserved bits written at 0x%llx: 0x%llx", (unsigned long long)offset,
                        (unsigned long long)value);
        value &= ~infos[r].reserved;
    }
    dispatch_write(m, r, value, width == 8 || half);
}

void vtd_model_tick(struct vtd_model *m)
{
    model_command_tick(m);
    model_queue_tick(m);
}
