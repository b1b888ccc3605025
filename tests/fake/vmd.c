/* SPDX-License-Identifier: GPL-2.0-only
 * The model of VMD behind the fakes of configuration space and device registers. */
#include "tests/fake/vmd.h"

#include <string.h>

#include "tests/fake/mmio.h"

static bool on_dma(void *context, bool write, uint64_t address, void *data, size_t bytes)
{
    struct fake_vmd *v = context;
    (void)data;
    (void)bytes;
    v->dmas++;
    v->dma_write = write;
    v->dma_address = address;
    return false;
}

static void on_message(void *context, uint64_t address, uint32_t data)
{
    struct fake_vmd *v = context;
    v->messages++;
    v->message_address = address;
    v->message_data = data;
}

static bool on_disk(void *context, unsigned disk, bool write, uint64_t offset, void *data, size_t bytes)
{
    (void)context;
    (void)disk;
    (void)offset;
    if (!write) {
        memset(data, 0, bytes);
    }
    return true;
}

static bool takes(void *context, struct sbdf at)
{
    const struct fake_vmd *v = context;
    return sbdf_equal(at, v->endpoint) || sbdf_segment(at) == v->segment;
}

/* Where the child's register is in the CFGBAR; false: before its first bus, or beyond it. */
static bool config_offset(const struct fake_vmd *v, struct sbdf at, uint16_t offset, uint64_t *out)
{
    unsigned first = vmd_model_first_bus(&v->model);
    *out = ((uint64_t)sbdf_rid(at) << 12) - ((uint64_t)first << 20) + offset;
    return sbdf_bus(at) >= first && *out < VMD_MODEL_CFGBAR_BYTES;
}

static uint32_t on_config_read(void *context, struct sbdf at, uint16_t offset, unsigned width)
{
    struct fake_vmd *v = context;
    uint64_t place = 0;
    if (sbdf_equal(at, v->endpoint)) {
        return vmd_model_config_read(&v->model, offset, width);
    }
    return config_offset(v, at, offset, &place) ? (uint32_t)vmd_model_read(&v->model, VMD_MODEL_CFGBAR, place, width)
                                                : UINT32_MAX;
}

static void on_config_write(void *context, struct sbdf at, uint16_t offset, unsigned width, uint32_t value)
{
    struct fake_vmd *v = context;
    uint64_t place = 0;
    if (sbdf_equal(at, v->endpoint)) {
        vmd_model_config_write(&v->model, offset, width, value);
    } else if (config_offset(v, at, offset, &place)) {
        vmd_model_write(&v->model, VMD_MODEL_CFGBAR, place, width, value);
    }
}

static uint64_t read_cfgbar(void *context, uint64_t offset, unsigned width)
{
    return vmd_model_read(&((struct fake_vmd *)context)->model, VMD_MODEL_CFGBAR, offset, width);
}

static void write_cfgbar(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    vmd_model_write(&((struct fake_vmd *)context)->model, VMD_MODEL_CFGBAR, offset, width, value);
}

static uint64_t read_membar1(void *context, uint64_t offset, unsigned width)
{
    return vmd_model_read(&((struct fake_vmd *)context)->model, VMD_MODEL_MEMBAR1, offset, width);
}

static void write_membar1(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    vmd_model_write(&((struct fake_vmd *)context)->model, VMD_MODEL_MEMBAR1, offset, width, value);
}

static uint64_t read_membar2(void *context, uint64_t offset, unsigned width)
{
    return vmd_model_read(&((struct fake_vmd *)context)->model, VMD_MODEL_MEMBAR2, offset, width);
}

static void write_membar2(void *context, uint64_t offset, unsigned width, uint64_t value)
{
    vmd_model_write(&((struct fake_vmd *)context)->model, VMD_MODEL_MEMBAR2, offset, width, value);
}

void fake_vmd_add(struct fake_vmd *v, struct sbdf endpoint, uint16_t segment, const struct vmd_model_config *config,
                  const struct vmd_model_io *io)
{
    const struct vmd_model_io own = {v, on_dma, on_message, on_disk};
    memset(v, 0, sizeof(*v));
    v->endpoint = endpoint;
    v->segment = segment;
    v->foreign = (struct fake_pci_foreign){v, takes, on_config_read, on_config_write};
    vmd_model_init(&v->model, config, io != NULL ? io : &own);
    fake_pci_add_foreign(&v->foreign);
    fake_mmio_add(config->bar[0], VMD_MODEL_CFGBAR_BYTES, read_cfgbar, write_cfgbar, v);
    fake_mmio_add(config->bar[1], VMD_MODEL_MEMBAR1_BYTES, read_membar1, write_membar1, v);
    fake_mmio_add(config->bar[2], VMD_MODEL_MEMBAR2_BYTES, read_membar2, write_membar2, v);
}

struct vmd_model_config fake_vmd_server(void)
{
    return (struct vmd_model_config){.device = VMD_MODEL_SERVER,
                                     .bus_mode = 1,
                                     .lock_shadow = true,
                                     .bar = {UINT64_C(0x2000000000), 0xf0000000, UINT64_C(0x2010000000)},
                                     .disk_bytes = {0x10000, 0x10000}};
}

struct vmd_model_config fake_vmd_client(void)
{
    struct vmd_model_config config = fake_vmd_server();
    config.device = VMD_MODEL_CLIENT;
    config.bus_mode = 0;
    config.lock_shadow = false;
    return config;
}
