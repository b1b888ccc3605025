/* SPDX-License-Identifier: GPL-2.0-only
 * Into the guest and out again (SDM 3C chapters 27 and 28). */

        .section .text
        .code64

/* rdi gprs, rsi frame; eax: enum vmx_result */
        .globl vmx_entry_run
        .type vmx_entry_run, @function
vmx_entry_run:
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        push    %rdi

        /* Exits load RSP from the VMCS; it is nearly always the same. */
        cmp     %rsp, (%rsi)
        je      1f
        mov     %rsp, (%rsi)
        mov     $0x6c14, %eax           /* VMCS_HOST_RSP */
        vmwrite %rsp, %rax
        jbe     failed
1:
        cmpb    $0, 8(%rsi)
        mov     0*8(%rdi), %rax
        mov     1*8(%rdi), %rcx
        mov     2*8(%rdi), %rdx
        mov     3*8(%rdi), %rbx
        mov     5*8(%rdi), %rbp
        mov     6*8(%rdi), %rsi
        mov     8*8(%rdi), %r8
        mov     9*8(%rdi), %r9
        mov     10*8(%rdi), %r10
        mov     11*8(%rdi), %r11
        mov     12*8(%rdi), %r12
        mov     13*8(%rdi), %r13
        mov     14*8(%rdi), %r14
        mov     15*8(%rdi), %r15
        mov     7*8(%rdi), %rdi
        je      2f
        vmresume
        jmp     failed
2:      vmlaunch

/* The instruction fell through: nothing of the guest ran, its registers are in the CPU. Flags as it left them. */
failed:
        mov     $1, %eax
        jc      leave
        mov     $2, %eax
        jmp     leave

        .globl vmx_entry_exit
        .type vmx_entry_exit, @function
vmx_entry_exit:
        push    %rdi
        mov     8(%rsp), %rdi
        mov     %rax, 0*8(%rdi)
        mov     %rcx, 1*8(%rdi)
        mov     %rdx, 2*8(%rdi)
        mov     %rbx, 3*8(%rdi)
        mov     %rbp, 5*8(%rdi)
        mov     %rsi, 6*8(%rdi)
        pop     %rax
        mov     %rax, 7*8(%rdi)
        mov     %r8, 8*8(%rdi)
        mov     %r9, 9*8(%rdi)
        mov     %r10, 10*8(%rdi)
        mov     %r11, 11*8(%rdi)
        mov     %r12, 12*8(%rdi)
        mov     %r13, 13*8(%rdi)
        mov     %r14, 14*8(%rdi)
        mov     %r15, 15*8(%rdi)
        xor     %eax, %eax

leave:
        /* No guest value stays in a register that C code could use speculatively. */
        xor     %ecx, %ecx
        xor     %edx, %edx
        xor     %esi, %esi
        xor     %r8d, %r8d
        xor     %r9d, %r9d
        xor     %r10d, %r10d
        xor     %r11d, %r11d
        pop     %rdi
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        ret
        .size vmx_entry_run, . - vmx_entry_run

        .section .note.GNU-stack, "", @progbits
