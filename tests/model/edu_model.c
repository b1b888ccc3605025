/* SPDX-License-Identifier: GPL-2.0-only
 * The edu device. */
#include "tests/model/edu_model.h"

#include <string.h>

#include "kernel/lib/bits.h"

#define IDENTITY UINT32_C(0x010000ed)
#define FIRST_WIDE 0x80

void edu_model_reset(struct edu_model *m, const struct edu_model_io *io)
{
    memset(m, 0, sizeof(*m));
    m->io = *io;
}

bool edu_model_running(const struct edu_model *m)
{
    return (m->command & EDU_MODEL_RUN) != 0;
}

static bool acceptable(uint64_t offset, unsigned width)
{
    return (width == 4 || (width == 8 && offset >= FIRST_WIDE)) && offset % width == 0;
}

uint64_t edu_model_read(const struct edu_model *m, uint64_t offset, unsigned width)
{
    if (!acceptable(offset, width)) {
        return ~UINT64_C(0);
    }
    switch (offset) {
    case EDU_MODEL_ID:
        return IDENTITY;
    case EDU_MODEL_LIVENESS:
        return m->liveness;
    case EDU_MODEL_STATUS:
        return 0;
    case EDU_MODEL_RAISED:
        return m->raised;
    case EDU_MODEL_SOURCE:
        return m->source;
    case EDU_MODEL_TARGET:
        return m->target;
    case EDU_MODEL_COUNT:
        return m->count;
    case EDU_MODEL_COMMAND:
        return m->command;
    case EDU_MODEL_REPEAT:
        return edu_model_running(m) ? m->left : 0;
    case EDU_MODEL_STRIDE:
        return m->stride;
    case EDU_MODEL_BURST:
        return m->burst;
    default:
        return ~UINT64_C(0);
    }
}

static void raise(struct edu_model *m, uint32_t bits)
{
    m->raised |= bits;
    if (m->raised != 0) {
        m->io.interrupt(m->io.context, true);
    }
}

static void acknowledge(struct edu_model *m, uint32_t bits)
{
    m->raised &= ~bits;
    if (m->raised == 0) {
        m->io.interrupt(m->io.context, false);
    }
}

static void start(struct edu_model *m, uint64_t command)
{
    m->command = command & (EDU_MODEL_RUN | EDU_MODEL_TO_MEMORY | EDU_MODEL_NOTIFY);
    m->left = m->repeat > 1 ? m->repeat : 1;
    m->repeat = 0;
}

/* What describes a command stays as it is while the command runs. */
static void write_engine(struct edu_model *m, uint64_t offset, uint64_t value)
{
    if (edu_model_running(m)) {
        m->io.complain(m->io.context, "engine reprogrammed while a command runs");
        return;
    }
    switch (offset) {
    case EDU_MODEL_SOURCE:
        m->source = value;
        break;
    case EDU_MODEL_TARGET:
        m->target = value;
        break;
    case EDU_MODEL_COUNT:
        m->count = value;
        break;
    case EDU_MODEL_REPEAT:
        m->repeat = value;
        break;
    case EDU_MODEL_STRIDE:
        m->stride = value;
        break;
    case EDU_MODEL_BURST:
        m->burst = value;
        break;
    case EDU_MODEL_COMMAND:
        if ((value & EDU_MODEL_RUN) != 0) {
            start(m, value);
        }
        break;
    default:
        break;
    }
}

void edu_model_write(struct edu_model *m, uint64_t offset, unsigned width, uint64_t value)
{
    if (!acceptable(offset, width)) {
        return;
    }
    switch (offset) {
    case EDU_MODEL_LIVENESS:
        m->liveness = ~(uint32_t)value;
        break;
    case EDU_MODEL_RAISE:
        raise(m, (uint32_t)value);
        break;
    case EDU_MODEL_ACKNOWLEDGE:
        acknowledge(m, (uint32_t)value);
        break;
    default:
        write_engine(m, offset, value);
        break;
    }
}

/* One transfer between the bus and [at, at + count) of the device. */
static void transfer(struct edu_model *m)
{
    bool out = (m->command & EDU_MODEL_TO_MEMORY) != 0;
    uint64_t at = (out ? m->source : m->target) - EDU_MODEL_BUFFER;
    uint64_t *bus = out ? &m->target : &m->source;
    if (at > EDU_MODEL_BYTES || m->count > EDU_MODEL_BYTES - at) {
        m->io.complain(m->io.context, "command beyond the buffer");
    } else if (out) {
        m->io.write(m->io.context, *bus, m->buffer + at, (size_t)m->count);
    } else {
        m->io.read(m->io.context, *bus, m->buffer + at, (size_t)m->count);
    }
    *bus += m->stride;
}

void edu_model_step(struct edu_model *m)
{
    uint64_t burst = m->burst > 1 ? m->burst : 1;
    for (; burst > 0 && m->left > 0 && edu_model_running(m); burst--) {
        transfer(m);
        m->left--;
    }
    if (m->left == 0 && edu_model_running(m)) {
        bool notify = (m->command & EDU_MODEL_NOTIFY) != 0;
        m->command &= ~(uint64_t)EDU_MODEL_RUN;
        if (notify) {
            raise(m, EDU_MODEL_DONE);
        }
    }
}
