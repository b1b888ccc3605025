/* SPDX-License-Identifier: GPL-2.0-only
 * Address space identifiers: which translations in the TLB are whose (APM2 15.16). One pool a CPU.
 * A vCPU that must forget its translations gets a new number instead of a flush; when the numbers run out, everything
 * is flushed once and counting starts anew. Number 0 is the host's. */
#ifndef BULKHEAD_SVM_ASID_H
#define BULKHEAD_SVM_ASID_H

#include "kernel/lib/types.h"

struct svm_asid_pool {
    uint32_t next;       /* to hand out; count: none left */
    uint32_t count;      /* numbers of the CPU, 0 included: at least 2 */
    uint64_t generation; /* of the numbers handed out since the last flush; starts at 1 */
    bool flush;          /* the next entry must flush all */
};

struct svm_asid {
    uint32_t number;
    uint64_t generation; /* 0: none yet */
};

/* What the TLB_CONTROL field takes (the two values that every CPU knows). */
enum svm_asid_flush {
    SVM_ASID_KEEP = 0,
    SVM_ASID_FLUSH_ALL = 1,
};

/* Everything that other software left in the TLB is flushed by the first entry. */
struct svm_asid_pool svm_asid_pool_make(uint32_t count);

/* Make asid valid for an entry now; renew: it must not see its old translations. Returns TLB_CONTROL. */
enum svm_asid_flush svm_asid_prepare(struct svm_asid_pool *pool, struct svm_asid *asid, bool renew);

/* Nothing has to be prepared: the number is good for another entry, without a flush. */
static inline bool svm_asid_stays(const struct svm_asid_pool *pool, const struct svm_asid *asid)
{
    return asid->generation == pool->generation && !pool->flush;
}

#endif
