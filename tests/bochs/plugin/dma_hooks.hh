/* SPDX-License-Identifier: GPL-2.0-only
 * The DMA of Bochs' own devices is led through the remapping units. */
#ifndef BULKHEAD_PLUGIN_DMA_HOOKS_H
#define BULKHEAD_PLUGIN_DMA_HOOKS_H

/* Redirect every device library that is loaded, and find where its device is. Once all devices are there, and again
 * after a reset. Ends the run when a device's requester id cannot be told. */
void dma_hooks_init();

#endif
