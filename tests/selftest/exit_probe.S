/* SPDX-License-Identifier: GPL-2.0-only
 * A call that shows what it left in the registers. */
#define EXIT_PROBE_MARK 0x686f7374 /* exit_probe.h */

        .section .text
        .code64

/* rdi, rsi, rdx the function's arguments, rcx the function, r8 where the registers go */
        .globl exit_probe
        .type exit_probe, @function
exit_probe:
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        mov     $EXIT_PROBE_MARK, %ebx
        mov     %rbx, %rbp
        mov     %rbx, %r12
        mov     %rbx, %r13
        mov     %rbx, %r14
        mov     %rbx, %r15
        push    %r8
        call    *%rcx
        xchg    %rax, (%rsp)
        mov     %rcx, 1*8(%rax)
        mov     %rdx, 2*8(%rax)
        mov     %rbx, 3*8(%rax)
        mov     %rbp, 5*8(%rax)
        mov     %rsi, 6*8(%rax)
        mov     %rdi, 7*8(%rax)
        mov     %r8, 8*8(%rax)
        mov     %r9, 9*8(%rax)
        mov     %r10, 10*8(%rax)
        mov     %r11, 11*8(%rax)
        mov     %r12, 12*8(%rax)
        mov     %r13, 13*8(%rax)
        mov     %r14, 14*8(%rax)
        mov     %r15, 15*8(%rax)
        pop     %rcx
        mov     %rcx, 0*8(%rax)
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        ret
        .size exit_probe, . - exit_probe

        .section .note.GNU-stack, "", @progbits
