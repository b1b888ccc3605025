/* SPDX-License-Identifier: GPL-2.0-only
 * Exceptions: panic, or stop because another CPU panicked. */
#include "kernel/core/exception.h"

#include "kernel/core/panic_control.h"
#include "kernel/core/percpu.h"
#include "kernel/core/vectors.h"
#include "kernel/hw/cpu.h"

#define TEXT_SIZE 200

void exception_handle(struct trap_frame *frame)
{
    if (frame->vector == VECTOR_NMI && panic_in_progress()) {
        cpu_stop();
    }
    char text[TEXT_SIZE];
    exception_explain(frame->vector, frame->error, cpu_read_cr2(), CPU_MAX, text, sizeof(text));
    panic_exception(frame, text);
}
