/* SPDX-License-Identifier: GPL-2.0-only
 * What the parts of the VMD model share with each other. */
#ifndef BULKHEAD_MODEL_VMD_MODEL_INTERNAL_H
#define BULKHEAD_MODEL_VMD_MODEL_INTERNAL_H

#include "tests/model/vmd_model.h"

/* vmd_model_port.c */
/* Power-on state; the disk behind it included. */
void vmd_port_init(struct vmd_model *m, unsigned number);
void vmd_port_reset(struct vmd_model_port *p);
/* Bus `bus`, device and function, of the child domain: which model answers there. NULL port: none. */
struct vmd_port_target {
    struct vmd_model_port *port;
    bool behind; /* the controller, not the port itself */
};
struct vmd_port_target vmd_port_find(struct vmd_model *m, uint8_t bus, uint8_t devfn);
uint32_t vmd_port_config_read(struct vmd_port_target t, uint16_t offset, unsigned width);
void vmd_port_config_write(struct vmd_port_target t, uint16_t offset, unsigned width, uint32_t value);
bool vmd_port_claims(const struct vmd_model_port *p, uint64_t address);
/* Again after a BAR of the endpoint moved: counts a window that now leaves the MEMBARs. */
void vmd_port_watch(struct vmd_model_port *p);

/* vmd_model_demux.c: what a controller puts on its bus. */
bool vmd_demux_dma(void *port, bool write, uint64_t address, void *data, size_t bytes);
bool vmd_demux_disk(void *port, bool write, uint64_t offset, void *data, size_t bytes);

/* vmd_model.c */
bool vmd_bypasses(const struct vmd_model *m);
bool vmd_shadowed(const struct vmd_model *m);
uint16_t vmd_msix_control(const struct vmd_model *m);

#endif
