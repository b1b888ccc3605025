/* SPDX-License-Identifier: GPL-2.0-only
 * The AMD SVM backend (APM2 chapter 15): a vCPU behind nested page tables. */
#ifndef BULKHEAD_SVM_SVM_H
#define BULKHEAD_SVM_SVM_H

#include "kernel/core/vcpu.h"
#include "svm/quirks.h"

extern const struct cpu_backend svm_backend;

/* "none", "tcg": which row of svm/quirks.c this CPU got; valid after cpu_enable. */
const char *svm_quirk_name(void);
/* For the stress test that shows what each repair is for: leave out those that are set here. Before cpu_enable. */
void svm_work_without(struct svm_quirks repairs);

#endif
