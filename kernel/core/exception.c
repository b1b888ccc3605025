/* SPDX-License-Identifier: GPL-2.0-only
 * Exceptions: panic, or stop because another CPU panicked; a machine check of another CPU is none of ours. */
#include "kernel/core/exception.h"

#include "kernel/core/machine_check.h"
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
    if (frame->vector == VECTOR_MACHINE_CHECK && machine_check_is_others()) {
        return; /* the CPU that met the error, or its guest, ends */
    }
    char text[TEXT_SIZE];
    exception_explain(frame->vector, frame->error, cpu_read_cr2(), CPU_MAX, text, sizeof(text));
    panic_exception(frame, text);
}
