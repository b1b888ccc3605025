/* SPDX-License-Identifier: GPL-2.0-only
 * Instructions with one memory operand at (%rdi). */

#define ARITHMETIC 0x8d5 /* OF SF ZF AF PF CF */
#define LOGIC 0x8c5      /* without AF */
#define CARRY 0x1
#define NONE 0xcd5       /* changes none: all must stay, DF included */

.macro case flags, text
    .pushsection .text
771:
    \text
    ret
    .popsection
    .pushsection .rodata.strings, "a"
772:
    .asciz "\text"
    .popsection
    .quad 771b, 772b, \flags
.endm

.macro widths flags, op, rest
    case \flags, "\op\()b\rest"
    case \flags, "\op\()w\rest"
    case \flags, "\op\()l\rest"
    case \flags, "\op\()q\rest"
.endm

    .text
    .globl decode_run
decode_run:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    movq %rdi, %r12
    movq %rsi, %rbp
    pushq 80(%rbp)
    movq (%rbp), %rax
    movq 8(%rbp), %rbx
    movq 16(%rbp), %rcx
    movq 24(%rbp), %rdx
    movq 32(%rbp), %rsi
    movq 40(%rbp), %rdi
    movq 48(%rbp), %r8
    movq 56(%rbp), %r9
    movq 64(%rbp), %r10
    movq 72(%rbp), %r11
    popfq
    call *%r12
    pushfq
    popq 80(%rbp)
    cld
    movq %rax, (%rbp)
    movq %rbx, 8(%rbp)
    movq %rcx, 16(%rbp)
    movq %rdx, 24(%rbp)
    movq %rsi, 32(%rbp)
    movq %rdi, 40(%rbp)
    movq %r8, 48(%rbp)
    movq %r9, 56(%rbp)
    movq %r10, 64(%rbp)
    movq %r11, 72(%rbp)
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

    .globl decode_store_absolute, decode_load_absolute
decode_store_absolute:
    movl %edi, %eax
    movabs %eax, 0xfee00380
    ret
decode_load_absolute:
    movabs 0xfee00380, %eax
    ret

    .section .rodata
    .balign 8
    .globl decode_register_cases
decode_register_cases:
    case NONE, "movl %eax, (%rdi)"
    case NONE, "movl %r10d, (%rdi)"
    case NONE, "movl (%rdi), %eax"
    case NONE, "movl (%rdi), %r9d"
    case NONE, "movl (%rdi), %ebx"
    case NONE, "movl $0x12345678, (%rdi)"
    case NONE, "leaq -8(%rdi), %rbx; movl 8(%rbx), %ecx"
    case NONE, "leaq -0x1000(%rdi), %rbx; movl %edx, 0x1000(%rbx)"
    case NONE, "leaq -16(%rdi), %rbx; movl $4, %ecx; movl (%rbx,%rcx,4), %edx"
    case NONE, "leaq -64(%rdi), %r9; movl $8, %r10d; movl %eax, (%r9,%r10,8)"
    case NONE, "leaq -4(%rdi), %r8; movl 4(%r8), %r11d"
    case NONE, "movq %rdi, %rcx; movl (,%rcx,1), %eax"
    case NONE, "movl (%edi), %eax"
    case NONE, "movl %edx, (%edi)"
    case NONE, "movl %fs:(%rdi), %eax"
    case NONE, "movl %ds:(%rdi), %eax"
    case NONE, "movslq (%rdi), %rax"
    case NONE, "movslq (%rdi), %r11"
    .irp op, add, adc, sub, sbb, cmp
    case ARITHMETIC, "\op\()l %eax, (%rdi)"
    case ARITHMETIC, "\op\()l (%rdi), %ebx"
    case ARITHMETIC, "\op\()l (%rdi), %r9d"
    case ARITHMETIC, "\op\()l $-3, (%rdi)"
    case ARITHMETIC, "\op\()l $0x7fffffff, (%rdi)"
    .endr
    .irp op, and, or, xor
    case LOGIC, "\op\()l %eax, (%rdi)"
    case LOGIC, "\op\()l (%rdi), %ebx"
    case LOGIC, "\op\()l $-3, (%rdi)"
    case LOGIC, "\op\()l $0x7fffffff, (%rdi)"
    case LOGIC, "lock \op\()l %edx, (%rdi)"
    .endr
    case LOGIC, "testl %eax, (%rdi)"
    case LOGIC, "testl $0x80000000, (%rdi)"
    case NONE, "notl (%rdi)"
    case ARITHMETIC, "negl (%rdi)"
    case ARITHMETIC, "incl (%rdi)"
    case ARITHMETIC, "decl (%rdi)"
    case ARITHMETIC, "lock incl (%rdi)"
    case ARITHMETIC, "lock addl %ecx, (%rdi)"
    case NONE, "xchgl %eax, (%rdi)"
    case NONE, "xchgl %r11d, (%rdi)"
    case ARITHMETIC, "xaddl %edx, (%rdi)"
    case ARITHMETIC, "lock xaddl %r9d, (%rdi)"
    case ARITHMETIC, "cmpxchgl %ecx, (%rdi)"
    case ARITHMETIC, "lock cmpxchgl %r10d, (%rdi)"
    .irp op, bt, bts, btr, btc
    case CARRY, "\op\()l $0, (%rdi)"
    case CARRY, "\op\()l $31, (%rdi)"
    case CARRY, "\op\()l $17, (%rdi)"
    case CARRY, "movl $13, %ebx; \op\()l %ebx, (%rdi)"
    case CARRY, "addq $4, %rdi; movl $-7, %ebx; \op\()l %ebx, (%rdi)"
    .endr
    case CARRY, "lock btsl $9, (%rdi)"
    case NONE, "stosl"
    case NONE, "movsl"
    case NONE, "xchgq %rsi, %rdi; movsl"
    case NONE, "movl $1, %ecx; rep stosl"
    case NONE, "movl $1, %ecx; rep movsl"
    case NONE, "xorl %ecx, %ecx; rep movsl"
    case NONE, "std; stosl; cld"
    case NONE, "movq %rdi, %rsi; lodsl"
    .quad 0, 0, 0

    .globl decode_hole_cases
decode_hole_cases:
    .irp op, add, adc, sub, sbb, cmp
    widths ARITHMETIC, \op, " $5, (%rdi)"
    widths ARITHMETIC, \op, " $-1, 3(%rdi)"
    .endr
    .irp op, and, or, xor, test
    widths LOGIC, \op, " $0x55, (%rdi)"
    .endr
    widths NONE, mov, " $0x55, (%rdi)"
    widths NONE, not, " (%rdi)"
    .irp op, neg, inc, dec
    widths ARITHMETIC, \op, " (%rdi)"
    .endr
    widths NONE, stos
    widths NONE, movs
    widths NONE, "xchgq %rsi, %rdi; movs"
    widths NONE, "movq %rdi, %rsi; lods"
    widths NONE, "movl $13, %ecx; rep stos"
    widths NONE, "movl $13, %ecx; rep movs"
    widths NONE, "movl $13, %ecx; xchgq %rsi, %rdi; rep movs"
    widths NONE, "movl $300, %ecx; xchgq %rsi, %rdi; rep movs"
    widths NONE, "movl $5, %ecx; addq $64, %rdi; addq $64, %rsi; std; rep movs", "; cld"
    .irp pair, %al, %ah, %bh, %cl, %sil, %r9b, %ax, %cx, %r10w, %eax, %edx, %r11d, %rax, %rbx, %r8
    case NONE, "mov \pair, (%rdi)"
    case NONE, "mov (%rdi), \pair"
    case ARITHMETIC, "add \pair, (%rdi)"
    case ARITHMETIC, "sub (%rdi), \pair"
    case LOGIC, "xor (%rdi), \pair"
    case LOGIC, "test \pair, (%rdi)"
    case NONE, "xchg \pair, (%rdi)"
    case ARITHMETIC, "xadd \pair, (%rdi)"
    case ARITHMETIC, "cmpxchg \pair, (%rdi)"
    .endr
    .irp op, movzbw, movsbw
    case NONE, "\op (%rdi), %ax"
    case NONE, "\op 1(%rdi), %r9w"
    .endr
    .irp op, movzbl, movsbl, movzwl, movswl
    case NONE, "\op (%rdi), %eax"
    case NONE, "\op 2(%rdi), %r10d"
    .endr
    .irp op, movzbq, movsbq, movzwq, movswq, movslq
    case NONE, "\op (%rdi), %rax"
    case NONE, "\op 4(%rdi), %r11"
    .endr
    .irp op, bt, bts, btr, btc
    case CARRY, "\op\()w $9, (%rdi)"
    case CARRY, "\op\()q $41, (%rdi)"
    case CARRY, "movl $77, %ebx; \op\()w %bx, (%rdi)"
    case CARRY, "movl $77, %ebx; \op\()q %rbx, (%rdi)"
    .endr
    .quad 0, 0, 0

    .section .note.GNU-stack, "", @progbits
