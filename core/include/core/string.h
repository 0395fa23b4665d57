/* SPDX-License-Identifier: MIT */
/* The C library's memory and string functions, as far as the core needs them (core/string.c). */
#ifndef CORE_STRING_H
#define CORE_STRING_H

#include <core/compiler.h>
#include <stdarg.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

/*
 * printf into buf of size bytes, always terminated when size > 0; returns the length it would have
 * had. Knows d i u x X o c s p % with 0 - + space # width .precision and hh h l ll z j t; no floats.
 */
int ksnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap) __printf(3, 0);

/* Parses an unsigned number (0x for hex); the whole string must be one. 0 or -EINVAL. */
int kstrtou64(const char *s, uint64_t *out);

#endif
