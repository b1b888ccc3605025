/* SPDX-License-Identifier: GPL-2.0-only
 * The guest's instructions: copied to its page 1, entered at offset 0 in real mode with CS = 0x100; data in page 0. */

        .section .rodata
        .code16
        .globl guest_code_start, guest_code_end, guest_code_handler

guest_code_start:
        xor     %ax, %ax
        mov     %ax, %ss
        mov     %ax, %ds
        mov     $0x1000, %sp
again:
        sti
        mov     $100, %cx
spin:   loop    spin
        .rept   8
        cpuid
        .endr
        out     %al, $0x80
        cli                     /* an interrupt that comes now needs a window */
        mov     $50, %cx
closed: loop    closed
        mov     0x700, %bx      /* rounds of a long loop, from the host */
        test    %bx, %bx
        jz      open
long:   xor     %cx, %cx
inner:  loop    inner
        incl    0x708           /* rounds so far: the host's measure of how long this has run */
        dec     %bx
        jnz     long
open:   cpuid
        sti
        nop
        hlt
        jmp     again

guest_code_handler:
        push    %ds
        push    $0
        pop     %ds
        incl    0x704
        pop     %ds
        iret
guest_code_end:

        .section .note.GNU-stack, "", @progbits
