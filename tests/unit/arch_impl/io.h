/* SPDX-License-Identifier: MIT */
/* The fake architecture's ports: memory, or hooks of the test (fake.h). */
#ifndef ARCH_IMPL_IO_H
#define ARCH_IMPL_IO_H

uint32_t fake_in(uint16_t port, unsigned size);
void fake_out(uint16_t port, uint32_t v, unsigned size);

static inline uint8_t arch_in8(uint16_t port)
{
	return (uint8_t)fake_in(port, 1);
}

static inline uint16_t arch_in16(uint16_t port)
{
	return (uint16_t)fake_in(port, 2);
}

static inline uint32_t arch_in32(uint16_t port)
{
	return fake_in(port, 4);
}

static inline void arch_out8(uint16_t port, uint8_t v)
{
	fake_out(port, v, 1);
}

static inline void arch_out16(uint16_t port, uint16_t v)
{
	fake_out(port, v, 2);
}

static inline void arch_out32(uint16_t port, uint32_t v)
{
	fake_out(port, v, 4);
}

static inline void arch_outs8(uint16_t port, const void *data, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fake_out(port, ((const uint8_t *)data)[i], 1);
}

static inline void arch_dma_wmb(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline void arch_dma_rmb(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline void arch_dma_mb(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif
