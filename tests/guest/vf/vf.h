/* SPDX-License-Identifier: GPL-2.0-only
 * An NVMe controller driven by its registers (NVM Express 1.4): an admin queue, and one I/O queue pair. */
#ifndef BULKHEAD_TESTS_GUEST_VF_H
#define BULKHEAD_TESTS_GUEST_VF_H

#include "kernel/lib/types.h"

#define VF_BLOCK 512u

struct vf {
    unsigned devfn;
    uint64_t base; /* BAR 0 */
    unsigned tail[2], head[2];
    unsigned stride; /* bytes between doorbells */
};

/* The next NVMe function of bus 0 from vf->devfn on, with decode and bus mastering on. False: none. */
bool vf_find(struct vf *vf);

/* Is the controller online: no fatal status while it is off? */
bool vf_is_online(const struct vf *vf);

/* Switch it off, give it an admin queue at that address (a page for each direction) and switch it on. False: it does
 * not become ready within a second. */
bool vf_start(struct vf *vf, uint64_t submission, uint64_t completion);

/* Identify: cns 0 of namespace 1, or 1 of the controller, to a page. 0, the status it ends with, or UINT32_MAX when
 * nothing came within a second. */
uint32_t vf_identify(struct vf *vf, unsigned cns, uint64_t to);

/* The same for the first block of namespace 1, by an I/O queue pair made for it. */
uint32_t vf_read_first(struct vf *vf, uint64_t to);

/* Tell it of a command in a queue that it cannot read; true: it says that it failed. */
bool vf_ring(struct vf *vf);

#endif
