/* SPDX-License-Identifier: GPL-2.0-only
 * Address space identifiers. */
#include "svm/asid.h"

#include "kernel/core/panic.h"

struct svm_asid_pool svm_asid_pool_make(uint32_t count)
{
    bulkhead_assert(count >= 2);
    return (struct svm_asid_pool){.next = 1, .count = count, .generation = 1, .flush = true};
}

enum svm_asid_flush svm_asid_prepare(struct svm_asid_pool *pool, struct svm_asid *asid, bool renew)
{
    if (renew || asid->generation != pool->generation) {
        if (pool->next == pool->count) {
            pool->next = 1;
            pool->generation++;
            pool->flush = true;
        }
        *asid = (struct svm_asid){.number = pool->next++, .generation = pool->generation};
    }
    enum svm_asid_flush flush = pool->flush ? SVM_ASID_FLUSH_ALL : SVM_ASID_KEEP;
    pool->flush = false;
    return flush;
}
