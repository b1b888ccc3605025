/* SPDX-License-Identifier: GPL-2.0-only
 * What the parts of the model share with each other and nobody else. */
#ifndef BULKHEAD_MODEL_VTD_MODEL_INTERNAL_H
#define BULKHEAD_MODEL_VTD_MODEL_INTERNAL_H

#include "tests/model/vtd_model.h"
#include "tests/model/vtd_model_spec.h"

/* vtd_model_strict.c */
void model_violation(struct vtd_model *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Before a GCMD write takes effect. */
void model_check_gcmd(struct vtd_model *m, uint32_t value);
void model_check_root_pointer(struct vtd_model *m);
void model_check_interrupt_table(struct vtd_model *m);
/* Before a plain register write; value is what the register would hold. */
void model_check_write(struct vtd_model *m, enum vtd_model_register r, uint64_t value);

/* vtd_model_regs.c */
uint32_t model_gsts(const struct vtd_model *m);

/* vtd_model_command.c: the operations behind GCMD, CCMD, IOTLB and PMEN. */
void model_gcmd(struct vtd_model *m, uint32_t value);
void model_ccmd(struct vtd_model *m);
void model_iotlb_command(struct vtd_model *m);
void model_pmen(struct vtd_model *m, uint32_t value);
void model_command_tick(struct vtd_model *m);

/* vtd_model_fault.c */
bool model_fault_register(const struct vtd_model *m, uint64_t offset, unsigned *record, unsigned *byte);
uint64_t model_fault_read(struct vtd_model *m, uint64_t offset, unsigned width);
void model_fault_write(struct vtd_model *m, uint64_t offset, unsigned width, uint64_t value);
/* info is bits 63:12 of the record in place. */
void model_fault_record(struct vtd_model *m, uint16_t sid, uint64_t info, unsigned reason, bool read);
uint32_t model_fsts(const struct vtd_model *m);
/* Set status bits in FSTS and raise the fault event for them. */
void model_fsts_set(struct vtd_model *m, uint32_t bits);
void model_fsts_write(struct vtd_model *m, uint32_t value);
/* control is FECTL or IECTL; data, address and upper address registers follow it. */
void model_event(struct vtd_model *m, enum vtd_model_register control);
void model_event_control(struct vtd_model *m, enum vtd_model_register control, uint32_t value);

/* vtd_model_cache.c */
struct vtd_model_iotlb_entry *model_iotlb_find(struct vtd_model *m, uint16_t did, uint64_t iova);
void model_iotlb_fill(struct vtd_model *m, const struct vtd_model_iotlb_entry *e);
struct vtd_model_paging_entry *model_paging_find(struct vtd_model *m, uint16_t did, uint64_t iova, unsigned level);
void model_paging_fill(struct vtd_model *m, const struct vtd_model_paging_entry *e);
struct vtd_model_context_entry *model_context_find(struct vtd_model *m, uint16_t sid);
void model_context_fill(struct vtd_model *m, const struct vtd_model_context_entry *e);
struct vtd_model_irte_entry *model_irte_find(struct vtd_model *m, uint16_t index);
void model_irte_fill(struct vtd_model *m, const struct vtd_model_irte_entry *e);
void model_context_flush(struct vtd_model *m, unsigned grain, uint16_t did, uint16_t sid, unsigned fm);
/* am and hint matter for GRAIN_NARROW only. */
void model_iotlb_flush(struct vtd_model *m, unsigned grain, uint16_t did, uint64_t iova, unsigned am, bool hint);
/* everything, or the 2^mask entries around index. */
void model_irte_flush(struct vtd_model *m, bool everything, uint16_t index, unsigned mask);
void model_caches_clear(struct vtd_model *m);

/* vtd_model_walk.c: sid's context entry, cached or not; 0, or the fault reason. */
unsigned model_context_of(struct vtd_model *m, uint16_t sid, struct vtd_model_pair *out);

/* vtd_model_queue.c */
void model_queue_tail(struct vtd_model *m, uint64_t value);
void model_queue_enable(struct vtd_model *m, bool on);
void model_queue_tick(struct vtd_model *m);
uint64_t model_queue_bytes(const struct vtd_model *m);

/* vtd_model_post.c: post message->vector into message->descriptor and notify; 0, or the fault reason. */
unsigned model_post(struct vtd_model *m, struct vtd_model_message *message, bool extended);

/* Memory: tables are read as ECAP.C says, the queue is always snooped (VT-d 4.1 11.4.3, C). */
static inline bool model_read_table(struct vtd_model *m, uint64_t at, void *out, size_t bytes)
{
    return m->io.read(m->io.context, at, out, bytes,
                      ECAP_C(m->config.ecap) ? VTD_MODEL_TABLE_SNOOPED : VTD_MODEL_TABLE);
}

static inline void model_drain(struct vtd_model *m)
{
    if (m->io.drain != NULL) {
        m->io.drain(m->io.context);
    }
}

static inline uint64_t model_host_limit(const struct vtd_model *m)
{
    return m->config.haw >= 64 ? ~UINT64_C(0) : BIT64(m->config.haw) - 1;
}

#endif
