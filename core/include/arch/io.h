/* SPDX-License-Identifier: MIT */
/* Contract: ports and device memory. Device memory is reached by these accessors only. */
#ifndef ARCH_IO_H
#define ARCH_IO_H

#include <core/compiler.h>

static inline uint8_t arch_in8(uint16_t port);
static inline uint16_t arch_in16(uint16_t port);
static inline uint32_t arch_in32(uint16_t port);
static inline void arch_out8(uint16_t port, uint8_t v);
static inline void arch_out16(uint16_t port, uint16_t v);
static inline void arch_out32(uint16_t port, uint32_t v);
/* n bytes to one port. */
static inline void arch_outs8(uint16_t port, const void *data, size_t n);

static inline uint8_t mmio_read8(const volatile void *p)
{
	return *(const volatile uint8_t *)p;
}
static inline uint16_t mmio_read16(const volatile void *p)
{
	return *(const volatile uint16_t *)p;
}
static inline uint32_t mmio_read32(const volatile void *p)
{
	return *(const volatile uint32_t *)p;
}
static inline void mmio_write8(volatile void *p, uint8_t v)
{
	*(volatile uint8_t *)p = v;
}
static inline void mmio_write16(volatile void *p, uint16_t v)
{
	*(volatile uint16_t *)p = v;
}
static inline void mmio_write32(volatile void *p, uint32_t v)
{
	*(volatile uint32_t *)p = v;
}
static inline void mmio_write64(volatile void *p, uint64_t v)
{
	*(volatile uint64_t *)p = v;
}

/* Order of memory accesses as a device sees them. */
static inline void arch_dma_wmb(void);
static inline void arch_dma_rmb(void);
static inline void arch_dma_mb(void);

#include <arch_impl/io.h>

#endif
