/* SPDX-License-Identifier: GPL-2.0-only
 * The way into and out of trap_dispatch(), and the landing place of trap_try(). */

    .text
/* One stub of 16 bytes a vector; \errors: the exceptions that push an error code do so. */
.macro stubs errors
    .set vector, 0
    .rept 256
    .balign 16
    .if \errors == 0 || ((vector != 8) && (vector != 10) && (vector != 11) && (vector != 12) && (vector != 13) && \
        (vector != 14) && (vector != 17) && (vector != 21) && (vector != 29) && (vector != 30))
    pushq $0
    .endif
    pushq $vector
    jmp trap_common
    .set vector, vector + 1
    .endr
.endm

    .globl trap_stubs, trap_stubs_software
    .balign 16
trap_stubs:
    stubs 1
    .balign 16
trap_stubs_software:
    stubs 0

trap_common:
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rbx
    pushq %rbp
    pushq %rsi
    pushq %rdi
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
    call trap_dispatch
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rbp
    popq %rbx
    popq %rdx
    popq %rcx
    popq %rax
    addq $16, %rsp
    iretq

/* bool trap_try_call(void (*fn)(void *), void *argument, uint64_t *stack): *stack is where trap_landed expects RSP. */
    .globl trap_try_call, trap_landed
trap_try_call:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq %rax
    movq %rsp, (%rdx)
    movq %rdi, %rax
    movq %rsi, %rdi
    call *%rax
    xorl %eax, %eax
    jmp 1f
trap_landed:
    movl $1, %eax
1:  popq %rcx
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

/* Code for "INT n": trap_software + 4 * n. */
    .globl trap_software
    .balign 4
trap_software:
    .set vector, 0
    .rept 256
    .balign 4
    .byte 0xcd, vector
    ret
    .set vector, vector + 1
    .endr

    .section .note.GNU-stack, "", @progbits
