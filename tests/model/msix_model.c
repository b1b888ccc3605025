/* SPDX-License-Identifier: GPL-2.0-only
 * The table, and when its messages leave. */
#include "tests/model/msix_model.h"

#include <string.h>

#include "kernel/lib/bits.h"

#define CONTROL_ENABLE 0x8000
#define CONTROL_MASK 0x4000
#define ENTRY_MASK 1
enum { ADDRESS, UPPER, DATA, VECTOR_CONTROL };

void msix_model_reset(struct msix_model *m, unsigned vectors)
{
    m->vectors = vectors < MSIX_MODEL_VECTORS ? vectors : MSIX_MODEL_VECTORS;
    m->pending = 0;
    memset(m->entry, 0, sizeof(m->entry));
    for (unsigned i = 0; i < m->vectors; i++) {
        m->entry[i].word[VECTOR_CONTROL] = ENTRY_MASK;
    }
}

static bool inside(const struct msix_model *m, uint64_t offset, unsigned width)
{
    uint64_t bytes = m->vectors * sizeof(m->entry[0]);
    return (width == 4 || width == 8) && offset % width == 0 && offset < bytes;
}

uint64_t msix_model_read(const struct msix_model *m, uint64_t offset, unsigned width)
{
    if (!inside(m, offset, width)) {
        return ~UINT64_C(0);
    }
    const uint32_t *word = &m->entry[offset / 16].word[offset % 16 / 4];
    return width == 4 ? word[0] : (uint64_t)word[1] << 32 | word[0];
}

static void send(struct msix_model *m, unsigned index)
{
    const uint32_t *word = m->entry[index].word;
    m->pending &= ~BIT64(index);
    m->send(m->context, (uint64_t)word[UPPER] << 32 | word[ADDRESS], word[DATA]);
}

static bool masked(const struct msix_model *m, uint16_t control, unsigned index)
{
    return (control & CONTROL_MASK) != 0 || (m->entry[index].word[VECTOR_CONTROL] & ENTRY_MASK) != 0;
}

void msix_model_control(struct msix_model *m, uint16_t control)
{
    for (unsigned i = 0; i < m->vectors && (control & CONTROL_ENABLE) != 0; i++) {
        if ((m->pending & BIT64(i)) != 0 && !masked(m, control, i)) {
            send(m, i);
        }
    }
}

void msix_model_write(struct msix_model *m, uint16_t control, uint64_t offset, unsigned width, uint64_t value)
{
    if (!inside(m, offset, width)) {
        return;
    }
    for (unsigned i = 0; i < width / 4; i++) {
        unsigned word = (unsigned)(offset % 16 / 4) + i;
        uint32_t mask = word == ADDRESS ? ~UINT32_C(3) : word == VECTOR_CONTROL ? ENTRY_MASK : ~UINT32_C(0);
        m->entry[offset / 16].word[word] = (uint32_t)(value >> (32 * i)) & mask;
    }
    msix_model_control(m, control);
}

uint64_t msix_model_pending(const struct msix_model *m, uint64_t offset, unsigned width)
{
    if ((width != 4 && width != 8) || offset % width != 0 || offset >= 8) {
        return ~UINT64_C(0);
    }
    uint64_t value = m->pending >> (8 * offset);
    return width == 4 ? (uint32_t)value : value;
}

bool msix_model_raise(struct msix_model *m, uint16_t control, unsigned index)
{
    if (index >= m->vectors || (control & CONTROL_ENABLE) == 0) {
        return false;
    }
    if (masked(m, control, index)) {
        m->pending |= BIT64(index);
    } else {
        send(m, index);
    }
    return true;
}
