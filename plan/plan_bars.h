/* SPDX-License-Identifier: GPL-2.0-only
 * Registers of assigned devices: pages that two of them share, and places in a guest's address space. */
#ifndef BULKHEAD_PLAN_PLAN_BARS_H
#define BULKHEAD_PLAN_PLAN_BARS_H

#include "plan/plan_work.h"

/* Refuse BARs smaller than a page whose page is not their guest's alone (plan_pages.c). */
void plan_bars_check_pages(struct plan_work *w);

/* Which claims show their option ROM: those whose ROM has an address of its own, unless `rom` says no. */
void plan_bars_choose_roms(struct plan_work *w);

/* Give every BAR and ROM its first address in its guest, after plan_reserved_check() and plan_bars_choose_roms(): what
 * nobody named after what was named, 32-bit ones first, larger ones before smaller ones, so that whether all fit does
 * not depend on the order of devices. Refuse what does not fit. STATUS_NO_MEMORY: arena full. */
MUST_CHECK enum status plan_bars_place(struct plan_work *w);

#endif
