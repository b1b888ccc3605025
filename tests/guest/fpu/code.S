/* SPDX-License-Identifier: GPL-2.0-only
 * Vector and x87 state. */

.macro function name
    .globl \name
\name:
.endm

.macro each instruction, register, step, store
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    .if \store
    \instruction %\register\n, \step * \n(%rdi)
    .else
    \instruction \step * \n(%rdi), %\register\n
    .endif
    .endr
.endm

    .text
function fpu_load_sse
    each movups, xmm, 16, 0
    pushq %rsi
    ldmxcsr (%rsp)
    movw %dx, (%rsp)
    fldcw (%rsp)
    popq %rsi
    ret
function fpu_store_sse
    each movups, xmm, 16, 1
    stmxcsr (%rsi)
    fnstcw (%rdx)
    ret
function fpu_load_avx
    each vmovups, ymm, 32, 0
    ret
function fpu_store_avx
    each vmovups, ymm, 32, 1
    ret
function fpu_xgetbv
    movl %edi, %ecx
    xgetbv
    shlq $32, %rdx
    orq %rdx, %rax
    ret
function fpu_xsaves
    movl $-1, %eax
    movl $-1, %edx
    xsaves64 (%rdi)
    ret
function fpu_xrstors
    movl $-1, %eax
    movl $-1, %edx
    xrstors64 (%rdi)
    ret
function fpu_xsetbv
    movl %edi, %ecx
    movl %esi, %eax
    movq %rsi, %rdx
    shrq $32, %rdx
    xsetbv
    ret

    .section .note.GNU-stack, "", @progbits
