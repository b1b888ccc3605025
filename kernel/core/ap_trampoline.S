/* SPDX-License-Identifier: GPL-2.0-only
 * First instructions of an application processor: real mode at CS:0, straight to long mode (SDM 3A 10.8.5), then into
 * the image. The code up to ap_trampoline_end is copied to a page below 1 MiB; the image itself is below 4 GiB. */

#define CR0_VALUE 0x80010033 /* PG, WP, NE, ET, MP, PE; CD and NW off */
#define CR4_PAE (1 << 5)
#define MSR_EFER 0xc0000080
#define EFER_VALUE 0x900 /* LME, NXE: the tables have no-execute bits */

    .section .rodata
    .code16
    .globl ap_trampoline_start, ap_trampoline_end, ap_trampoline_cr3, ap_trampoline_gdt_base
    .balign 16
ap_trampoline_start:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    lgdtl ap_trampoline_gdt_pointer - ap_trampoline_start
    movl $CR4_PAE, %eax
    movl %eax, %cr4
    movl ap_trampoline_cr3 - ap_trampoline_start, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_VALUE, %eax
    wrmsr
    movl $CR0_VALUE, %eax
    movl %eax, %cr0
    ljmpl $0x08, $ap_entry

    .balign 8
ap_trampoline_cr3:
    .long 0 /* filled in: page tables below 4 GiB */
ap_trampoline_gdt_pointer:
    .short ap_gdt_end - ap_gdt - 1
ap_trampoline_gdt_base:
    .long 0 /* filled in: where ap_gdt is in the copy */
    .balign 8
    .globl ap_gdt
ap_gdt:
    .quad 0
    .quad 0x00209b0000000000 /* 64-bit code, ring 0 */
ap_gdt_end:
ap_trampoline_end:

    .text
    .code64
/* The stack is a token: who takes it may go on. One that wakes after its time was up finds none and stops. */
ap_entry:
    xorl %eax, %eax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw %ax, %fs
    movw %ax, %gs
    xchgq %rax, ap_stack_token
    testq %rax, %rax
    jz 1f
    movq %rax, %rsp
    xorl %ebp, %ebp
    pushq $0
    pushq $0
    call ap_main
1:  cli
    hlt
    jmp 1b

    .section .note.GNU-stack, "", @progbits
