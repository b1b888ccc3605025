/* SPDX-License-Identifier: GPL-2.0-only
 * Entry of all 256 vectors: push vector and error code, save the general registers, call idt_dispatch.
 * There is no ring 3 of ours, so GS always is the CPU's own (SDM 3A 6.13: which vectors push an error code). */
    .text
    .balign 16
    .globl idt_stubs
idt_stubs:
    .set vector, 0
    .rept 256
    .balign 16
    .if (vector == 8) || ((vector >= 10) && (vector <= 14)) || (vector == 17) || (vector == 21) || (vector == 29) || (vector == 30)
    .else
    pushq $0
    .endif
    pushq $vector
    jmp common
    .set vector, vector + 1
    .endr

    .balign 16
common:
    pushq %rax
    pushq %rbx
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    cld
    movq %rsp, %rdi
    movq %rsp, %rbx /* the CPU aligned the stack to 16 bytes and 22 words follow: aligned again, but do not rely on it */
    andq $-16, %rsp
    call idt_dispatch
    movq %rbx, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rbp
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rbx
    popq %rax
    addq $16, %rsp
    iretq

    .section .note.GNU-stack, "", @progbits
