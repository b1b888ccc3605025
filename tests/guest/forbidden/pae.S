/* SPDX-License-Identifier: GPL-2.0-only
 * A trip into 32-bit PAE paging, whose page-directory-pointer entries the CPU checks when they are loaded
 * (SDM 3A 4.4.1): by MOV to CR0, to CR3 and to CR4. */

#include "tests/guest/lib/layout.h"

#define CR0_PG 0x80000000
#define CR4_PGE 0x80
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
#define GATE_PRESENT_INTERRUPT 0x8e00
#define VECTOR_GP 13
#define LAST_ENTRY 24 /* bytes into the table */
#define RESERVED 2

/* RDI: 4 entries, 32-byte aligned, that map this code where it is; RSI: room for 5 results of 32 bits, each 0 or 13. */
    .text
    .globl forbidden_pae
forbidden_pae:
    pushq %rbx
    pushq %rbp
    sidt old_idt
    movq %cr3, %rax
    movl %eax, old_cr3
    movq %cr4, %rax
    movl %eax, old_cr4
    movl $take_gp, %eax
    movw %ax, idt + 8 * VECTOR_GP
    movw $SELECTOR_CODE32, idt + 8 * VECTOR_GP + 2
    movw $GATE_PRESENT_INTERRUPT, idt + 8 * VECTOR_GP + 4
    shrl $16, %eax
    movw %ax, idt + 8 * VECTOR_GP + 6
    pushq $SELECTOR_CODE32
    pushq $1f
    lretq

    .code32
1:  movl %cr0, %eax
    andl $~CR0_PG, %eax
    movl %eax, %cr0
    movl $MSR_EFER, %ecx
    rdmsr
    andl $~EFER_LME, %eax
    wrmsr
    lidt idt_pointer
    movl %edi, %cr3

/* EBX is the vector when the instruction faults, which then goes on behind it, at EBP. */
.macro attempt result, instruction:vararg
    xorl %ebx, %ebx
    movl $9f, %ebp
    \instruction
9:  movl %ebx, 4 * \result(%esi)
.endm

    orl $RESERVED, LAST_ENTRY(%edi)
    movl %cr0, %eax
    orl $CR0_PG, %eax
    attempt 0, movl %eax, %cr0
    andl $~RESERVED, LAST_ENTRY(%edi)
    attempt 1, movl %eax, %cr0
    orl $RESERVED, LAST_ENTRY(%edi)
    attempt 2, movl %edi, %cr3
    movl %cr4, %eax
    xorl $CR4_PGE, %eax
    attempt 3, movl %eax, %cr4
    andl $~RESERVED, LAST_ENTRY(%edi)
    attempt 4, movl %eax, %cr4

    movl %cr0, %eax
    andl $~CR0_PG, %eax
    movl %eax, %cr0
    movl old_cr4, %eax
    movl %eax, %cr4
    movl old_cr3, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME, %eax
    wrmsr
    movl %cr0, %eax
    orl $CR0_PG, %eax
    movl %eax, %cr0
    ljmp $SELECTOR_CODE64, $1f
    .code64
1:  lidt old_idt
    popq %rbp
    popq %rbx
    ret

    .code32
take_gp:
    movl $VECTOR_GP, %ebx
    addl $4, %esp /* the error code */
    movl %ebp, (%esp)
    iret
    .code64

    .data
    .balign 8
idt_pointer:
    .short 8 * (VECTOR_GP + 1) - 1
    .long idt

    .bss
    .balign 8
idt:
    .skip 8 * (VECTOR_GP + 1)
old_idt:
    .skip 16
old_cr3:
    .skip 4
old_cr4:
    .skip 4

    .section .note.GNU-stack, "", @progbits
