/* SPDX-License-Identifier: MIT */
/* x86-64's side of arch/io.h. */
#ifndef ARCH_IMPL_IO_H
#define ARCH_IMPL_IO_H

static inline uint8_t arch_in8(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint16_t arch_in16(uint16_t port)
{
	uint16_t v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint32_t arch_in32(uint16_t port)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void arch_out8(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port));
}

static inline void arch_out16(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %1" ::"a"(v), "Nd"(port));
}

static inline void arch_out32(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(port));
}

static inline void arch_outs8(uint16_t port, const void *data, size_t n)
{
	__asm__ volatile("rep outsb" : "+S"(data), "+c"(n) : "d"(port) : "memory");
}

/* Stores and loads are ordered among themselves (SDM volume 3, section 8.2.2); only a load after a
 * store needs a fence. */
static inline void arch_dma_wmb(void)
{
	barrier();
}

static inline void arch_dma_rmb(void)
{
	barrier();
}

/* Set at boot under QEMU's TCG, which drops barriers when the machine has one CPU although its
 * devices run in another host thread; a port access makes it synchronise (cpu.c). */
extern bool arch_dma_weak;

static inline void arch_dma_mb(void)
{
	__asm__ volatile("lock addl $0, -4(%%rsp)" ::: "memory", "cc");
	if (unlikely(arch_dma_weak))
		arch_in8(0x80);
}

#endif
