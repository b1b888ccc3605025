/* SPDX-License-Identifier: GPL-2.0-only
 * A model of QEMU's edu device (docs/specs/edu.txt), the rogue of the tests: a DMA engine of 4 KiB that reads and
 * writes any address, and an interrupt. Beyond QEMU's registers it repeats a command, for floods of faults. */
#ifndef BULKHEAD_MODEL_EDU_MODEL_H
#define BULKHEAD_MODEL_EDU_MODEL_H

#include "kernel/lib/types.h"

#define EDU_MODEL_VENDOR 0x1234
#define EDU_MODEL_DEVICE 0x11e8
#define EDU_MODEL_WINDOW 0x100000
#define EDU_MODEL_BUFFER 0x40000 /* where the engine's buffer is, in addresses of the device */
#define EDU_MODEL_BYTES 4096

enum edu_model_register {
    EDU_MODEL_ID = 0x00,
    EDU_MODEL_LIVENESS = 0x04, /* reads back inverted */
    EDU_MODEL_STATUS = 0x20,
    EDU_MODEL_RAISED = 0x24,      /* interrupts that are raised */
    EDU_MODEL_RAISE = 0x60,       /* write: raise these bits */
    EDU_MODEL_ACKNOWLEDGE = 0x64, /* write: lower these bits */
    EDU_MODEL_SOURCE = 0x80,
    EDU_MODEL_TARGET = 0x88,
    EDU_MODEL_COUNT = 0x90,
    EDU_MODEL_COMMAND = 0x98,
    /* Not QEMU's, which reads them as all ones: */
    EDU_MODEL_REPEAT = 0xa0, /* how many times the next command runs; 0 and 1: once. Reads: how many are left */
    EDU_MODEL_STRIDE = 0xa8, /* added to the address on the bus after each time */
    EDU_MODEL_BURST = 0xb0,  /* how many of them at once; 0 and 1: one at a time */
};

enum edu_model_command {
    EDU_MODEL_RUN = 1,       /* reads as 1 until the command has ended */
    EDU_MODEL_TO_MEMORY = 2, /* from the buffer; else into it */
    EDU_MODEL_NOTIFY = 4,    /* raise EDU_MODEL_DONE at the end */
};
#define EDU_MODEL_DONE 0x100

struct edu_model_io {
    void *context;
    /* The bus: reads that nobody answers give all ones. */
    void (*read)(void *context, uint64_t address, void *data, size_t bytes);
    void (*write)(void *context, uint64_t address, const void *data, size_t bytes);
    /* An interrupt is raised (again), or the last one has been lowered. */
    void (*interrupt)(void *context, bool raised);
    void (*complain)(void *context, const char *what); /* the driver broke a rule */
};

struct edu_model {
    struct edu_model_io io;
    uint32_t liveness, raised;
    uint64_t source, target, count, command;
    uint64_t repeat, stride, burst, left;
    uint8_t buffer[EDU_MODEL_BYTES];
};

void edu_model_reset(struct edu_model *m, const struct edu_model_io *io);

/* Width is 4 or 8 bytes; below 0x80 only 4. Others read as all ones and change nothing, as in QEMU. */
uint64_t edu_model_read(const struct edu_model *m, uint64_t offset, unsigned width);
void edu_model_write(struct edu_model *m, uint64_t offset, unsigned width, uint64_t value);

bool edu_model_running(const struct edu_model *m);
/* The engine gets on with its command: one burst. */
void edu_model_step(struct edu_model *m);

#endif
