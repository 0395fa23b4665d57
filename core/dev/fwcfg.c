// SPDX-License-Identifier: MIT
/*
 * QEMU's fw_cfg device: a selector port and a data port that gives the chosen item byte by byte.
 * Specified in QEMU's docs/specs/fw_cfg. Owns the device's read position; boot only, one thread.
 */
#include <abi/errno.h>
#include <arch/io.h>
#include <core/fwcfg.h>
#include <core/log.h>
#include <core/string.h>

#define PORT_SELECT 0x510
#define PORT_DATA   0x511

#define ITEM_SIGNATURE 0x0000
#define ITEM_DIRECTORY 0x0019

#define NAME_SIZE 56
#define MAX_FILES 1024 /* a device that tells of more is not one */

static void fwcfg_select(uint16_t item)
{
	arch_out16(PORT_SELECT, item);
}

static void fwcfg_bytes(void *buf, size_t n)
{
	for (uint8_t *p = buf; n--; p++)
		*p = arch_in8(PORT_DATA);
}

/* Numbers are big-endian. */
static uint32_t fwcfg_number(unsigned bytes)
{
	uint32_t v = 0;

	while (bytes--)
		v = v << 8 | arch_in8(PORT_DATA);
	return v;
}

static bool fwcfg_present(void)
{
	char signature[4];

	fwcfg_select(ITEM_SIGNATURE);
	fwcfg_bytes(signature, sizeof(signature));
	return !memcmp(signature, "QEMU", sizeof(signature));
}

/* Finds name in the directory: true with its size and item number. */
static bool fwcfg_find(const char *name, uint32_t *size, uint16_t *item)
{
	uint32_t files;

	fwcfg_select(ITEM_DIRECTORY);
	files = fwcfg_number(4);
	for (uint32_t i = 0; i < files && i < MAX_FILES; i++) {
		char entry[NAME_SIZE + 1];

		*size = fwcfg_number(4);
		*item = fwcfg_number(2);
		fwcfg_number(2);
		fwcfg_bytes(entry, NAME_SIZE);
		entry[NAME_SIZE] = '\0';
		if (!strcmp(entry, name))
			return true;
	}
	return false;
}

ssize_t fwcfg_read(const char *name, void *buf, size_t size)
{
	uint32_t length;
	uint16_t item;

	if (!fwcfg_present() || !fwcfg_find(name, &length, &item))
		return -ENOENT;
	if (length > size) {
		log_warn("fw_cfg: %s has %u bytes, more than the %zu it may have: ignored", name,
			 length, size);
		return -E2BIG;
	}
	fwcfg_select(item);
	fwcfg_bytes(buf, length);
	return length;
}
