/* SPDX-License-Identifier: GPL-2.0-only
 * Into the guest and out again (APM2 15.5). */

        .section .text
        .code64

        .globl svm_entry_save_host
        .type svm_entry_save_host, @function
svm_entry_save_host:
        mov     %rdi, %rax
        vmsave  %rax
        ret
        .size svm_entry_save_host, . - svm_entry_save_host

/* rdi gprs, rsi guest block, rdx host block */
        .globl svm_entry_run
        .type svm_entry_run, @function
svm_entry_run:
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        push    %rdx
        push    %rdi

        /* From here to STGI nothing interrupts the host. RFLAGS.IF is set meanwhile, because with V_INTR_MASKING the
         * host's IF at VMRUN decides whether interrupts end the guest's run. */
        clgi
        mov     %rsi, %rax
        vmload  %rax
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
        sti
        mov     7*8(%rdi), %rdi
        vmrun   %rax
        cli
        vmsave  %rax            /* #VMEXIT restored RAX: the guest's block */

        mov     8(%rsp), %rax
        vmload  %rax
        mov     (%rsp), %rax
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

        /* No guest value stays in a register that C code could use speculatively. */
        xor     %eax, %eax
        xor     %ecx, %ecx
        xor     %edx, %edx
        xor     %esi, %esi
        xor     %edi, %edi
        xor     %r8d, %r8d
        xor     %r9d, %r9d
        xor     %r10d, %r10d
        xor     %r11d, %r11d
        stgi
        pop     %rdi
        pop     %rdx
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        ret
        .size svm_entry_run, . - svm_entry_run

        .section .note.GNU-stack, "", @progbits
