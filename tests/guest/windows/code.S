/* SPDX-License-Identifier: GPL-2.0-only
 * Ways to open the interrupt window. Many NOPs: TCG looks for interrupts between blocks only. */

.macro function name
    .globl \name
\name:
.endm

.macro nops
    .rept 16
    nop
    jmp 1f
1:
    .endr
.endm

    .text
function window_sti_nops
    cli
    sti
function window_after_sti
    nop
    nops
    cli
    ret
function window_sti_cli
    sti
    cli
    ret
function window_popf
    pushq $0x202
    popfq
    nops
    cli
    ret
function window_iret
    movq %rsp, %rax
    movl %ss, %ecx
    pushq %rcx
    pushq %rax
    pushq $0x202
    movl %cs, %ecx
    pushq %rcx
    leaq 2f(%rip), %rcx
    pushq %rcx
    iretq
2:  nops
    cli
    ret
function window_lower_cr8
    sti
    nops
    xorl %eax, %eax
    movq %rax, %cr8
    nops
    cli
    ret
function window_mov_ss
    movl %ss, %eax
    sti
    nop /* two shadows in a row: only the first is promised */
    nop
3:  movl %eax, %ss
function window_after_mov_ss
    nop
    nop
    decl %edi
    jnz 3b
    cli
    ret

    .section .note.GNU-stack, "", @progbits
