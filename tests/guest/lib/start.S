/* SPDX-License-Identifier: GPL-2.0-only
 * The way of a test guest into 64-bit mode: from the multiboot loader (Multiboot 0.6.96 3.2), and from a startup IPI. */

#include "tests/guest/lib/layout.h"

#define CR0_VALUE 0x80010033 /* PG, WP, NE, ET, MP, PE */
#define CR4_VALUE 0x620      /* PAE, OSFXSR, OSXMMEXCPT */
#define MSR_EFER 0xc0000080
#define EFER_VALUE 0x900 /* LME, NXE */

    .section .multiboot, "a"
    .balign 4
    .long 0x1badb002, 2, -(0x1badb002 + 2)

    .text
    .code32
    .globl start
start:
    cli
    cld
    movl %eax, start_magic
    movl %ebx, start_info
    movw %cs, start_cs
    movw %ss, start_ss
    movl $start_pdpt + 3, start_pml4
    movl $start_pdpt, %edi
    movl $start_pd + 3, %eax
    movl $4, %ecx
1:  movl %eax, (%edi)
    addl $0x1000, %eax
    addl $8, %edi
    loop 1b
    movl $start_pd, %edi
    movl $0x83, %eax
    movl $4 * 512, %ecx
2:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    loop 2b
    movl $start_stack_end, %esp
    movl $start_64, %ebx
    lgdt start_gdt_pointer
    ljmp $SELECTOR_CODE32, $long_mode

/* EBX: where to go in 64-bit mode. */
long_mode:
    movl $SELECTOR_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movl $CR4_VALUE, %eax
    movl %eax, %cr4
    movl $start_pml4, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    xorl %edx, %edx
    movl $EFER_VALUE, %eax
    wrmsr
    movl $CR0_VALUE, %eax
    movl %eax, %cr0
    ljmp $SELECTOR_CODE64, $1f
    .code64
1:  movl %ebx, %ebx
    jmp *%rbx

start_64:
    xorl %ebp, %ebp
    call machine_start
0:  hlt
    jmp 0b

    .code32
ap_32:
    movl $ap_64, %ebx
    jmp long_mode
    .code64
ap_64:
    movl $1, %edi
    lock xaddl %edi, ap_next
    movl %edi, %eax
    incl %eax
    imull $AP_STACK_BYTES, %eax
    leaq ap_stacks(%rax), %rsp
    call smp_start_here
0:  hlt
    jmp 0b

/* Copied to AP_PAGE: real mode, CS = AP_PAGE >> 4, IP = 0. */
    .globl ap_trampoline, ap_trampoline_end
    .code16
ap_trampoline:
    cli
    movw %cs, %ax
    movw %ax, %ds
    lgdtl ap_gdt_pointer - ap_trampoline
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $SELECTOR_CODE32, $ap_32
    .balign 4
ap_gdt_pointer:
    .short start_gdt_end - start_gdt - 1
    .long start_gdt
ap_trampoline_end:
    .code64

    .data
    .balign 16
    .globl start_gdt
start_gdt:
    .quad 0
    .quad 0x00cf9b000000ffff /* SELECTOR_CODE32 */
    .quad 0x00cf93000000ffff /* SELECTOR_DATA */
    .quad 0x00af9b000000ffff /* SELECTOR_CODE64 */
    .quad 0x00cf13000000ffff /* SELECTOR_ABSENT: data, not present */
start_gdt_end:
start_gdt_pointer:
    .short start_gdt_end - start_gdt - 1
    .long start_gdt
    .globl start_magic, start_info, start_cs, start_ss, ap_next
    .balign 4
start_magic:
    .long 0
start_info:
    .long 0
start_cs:
    .short 0
start_ss:
    .short 0
ap_next:
    .long 0

    .bss
    .balign 4096
    .globl start_pml4, start_pdpt, start_pd
start_pml4:
    .skip 4096
start_pdpt:
    .skip 4096
start_pd:
    .skip 4 * 4096
    .skip 32768
start_stack_end:
ap_stacks:
    .skip AP_MAX * AP_STACK_BYTES

    .section .note.GNU-stack, "", @progbits
