/* SPDX-License-Identifier: MIT */
/* The vDSO as the build linked it, in pages of its own among the core's read-only data. */
	.section .rodata.vdso, "a"
	.globl vdso_image, vdso_image_end
	.balign 4096
vdso_image:
	.incbin "vdso.so"
	.balign 4096
vdso_image_end:
	.section .note.GNU-stack, "", @progbits
