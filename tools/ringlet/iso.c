/* SPDX-License-Identifier: MIT */
/*
 * Builds the ISO with grub-mkimage, mtools and xorriso: GRUB holds only the modules it needs and
 * its configuration, which keeps it small. All dates and serial numbers are fixed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <core/cmdline.h>
#include "../../images/grub_cfg.h"
#include "grub_words.h"
#include "iso.h"
#include "tool.h"

#define VOLUME_ID  "RINGLET"
#define EFI_SPARE  (40 << 10) /* of the FAT file system beside GRUB: tables, folders */
#define FAT_EPOCH  315532800  /* 1980-01-01: FAT knows no date before */
#define PVD_OFFSET 32768      /* primary volume descriptor: ECMA-119, 8.4 */
#define PVD_VOLUME 40
#define PVD_BLOCKS 80 /* size of the volume, little-endian */
#define BLOCK_SIZE 2048

/* xorriso and mtools read the date from the environment, FAT also the time zone. */
static void fix_dates(void)
{
	unsigned long date = source_date(FAT_EPOCH);
	char *s = xasprintf("%lu", date < FAT_EPOCH ? FAT_EPOCH : date);

	setenv("SOURCE_DATE_EPOCH", s, 1);
	setenv("TZ", "UTC", 1);
	setenv("MTOOLS_SKIP_CHECK", "1", 1);
	free(s);
}

static void fix_date(const char *path)
{
	struct timespec t[2] = {{.tv_sec = source_date(FAT_EPOCH)},
				{.tv_sec = source_date(FAT_EPOCH)}};

	if (utimensat(AT_FDCWD, path, t, 0))
		die("%s: %s", path, strerror(errno));
}

static const char *grub_mkimage(void)
{
	return !program_exists("grub-mkimage") && program_exists("grub2-mkimage") ? "grub2-mkimage"
										  : "grub-mkimage";
}

static void make_grub(const char *platform, const char *dir, const char *cfg, const char *out,
		      const char *const modules[])
{
	struct strings argv = {0};

	strings_add(&argv, grub_mkimage());
	strings_addf(&argv, "--format=%s", platform);
	strings_addf(&argv, "--directory=%s", dir);
	strings_addf(&argv, "--config=%s", cfg);
	strings_add(&argv, "--prefix=/boot/grub");
	strings_addf(&argv, "--output=%s", out);
	for (; *modules; modules++)
		strings_add(&argv, *modules);
	spawn_tool(argv.v, "grub-common");
	strings_free(&argv);
}

/* El Torito's boot image: GRUB's CD loader and right behind it GRUB itself. */
static void make_bios_image(const char *dir, const char *cfg, const char *out)
{
	static const char *const modules[] = {
		"biosdisk", "iso9660",	"multiboot2", "search", "search_fs_file",
		"serial",   "terminal", "sleep",      "reboot", NULL,
	};
	char *grub = temp_path("bios.grub"), *loader = xasprintf("%s/cdboot.img", dir);
	struct buffer image = file_read_all(loader), rest;

	make_grub("i386-pc", dir, cfg, grub, modules);
	rest = file_read_all(grub);
	buffer_add(&image, rest.data, rest.len);
	file_write_all(out, image.data, image.len);
	fix_date(out);
	buffer_free(&image);
	buffer_free(&rest);
	free(grub);
	free(loader);
}

static void run_mtools(char *const argv[])
{
	spawn_tool(argv, "mtools");
}

static void make_efi_image(const char *dir, const char *cfg, const char *out)
{
	static const char *const modules[] = {
		"iso9660", "part_gpt",	     "fat",    "multiboot2",
		"search",  "search_fs_file", "reboot", NULL,
	};
	char *grub = temp_path("bootx64.efi"), *image = xstrdup(out);
	struct stat st;
	char *sectors;

	make_grub("x86_64-efi", dir, cfg, grub, modules);
	fix_date(grub);
	if (stat(grub, &st))
		die("%s: %s", grub, strerror(errno));
	sectors = xasprintf("%lu", (unsigned long)(st.st_size + EFI_SPARE) / 2048 * 4);
	file_write_all(out, NULL, 0);
	run_mtools((char *[]){"mformat", "-C", "-i", image, "-N", "52494e47", "-T", sectors, "-h",
			      "1", "-s", "1", "-v", VOLUME_ID, "::", NULL});
	run_mtools((char *[]){"mmd", "-i", image, "::/EFI", "::/EFI/BOOT", NULL});
	run_mtools((char *[]){"mcopy", "-m", "-i", image, grub, "::/EFI/BOOT/BOOTX64.EFI", NULL});
	fix_date(out);
	free(grub);
	free(image);
	free(sectors);
}

static void copy_file(const char *from, const char *to)
{
	struct buffer b = file_read_all(from);

	file_write_all(to, b.data, b.len);
	fix_date(to);
	buffer_free(&b);
}

/* For xorriso: nodes that are on no disk, folders, would get the present date otherwise. */
static void add_date(struct strings *argv)
{
	time_t date = source_date(FAT_EPOCH);
	char text[32];

	strftime(text, sizeof(text), "%Y%m%d%H%M%S00", gmtime(&date));
	strings_add(argv, "--set_all_file_dates");
	strings_add(argv, text);
}

static void run_xorriso(const char *out, const char *mbr, const char *core, const char *archive,
			const char *bios, const char *efi)
{
	static const char *const options[] = {
		"xorriso",
		"-as",
		"mkisofs",
		"-quiet",
		"-r",
		"-V",
		VOLUME_ID,
		"-graft-points",
		"-b",
		"boot/grub/bios.img",
		"-no-emul-boot",
		"-boot-load-size",
		"4",
		"-boot-info-table",
		"--grub2-boot-info",
		"-eltorito-alt-boot",
		"-e",
		"boot/grub/efi.img",
		"-no-emul-boot",
		"-efi-boot-part",
		"--efi-boot-image",
		NULL,
	};
	struct strings argv = {0};

	for (const char *const *o = options; *o; o++)
		strings_add(&argv, *o);
	add_date(&argv);
	strings_add(&argv, "--grub2-mbr");
	strings_add(&argv, mbr);
	strings_add(&argv, "-o");
	strings_add(&argv, out);
	strings_addf(&argv, "%s=%s", IMAGE_CORE, core);
	strings_addf(&argv, "%s=%s", IMAGE_ARCHIVE, archive);
	strings_addf(&argv, "/boot/grub/bios.img=%s", bios);
	strings_addf(&argv, "/boot/grub/efi.img=%s", efi);
	spawn_tool(argv.v, "xorriso");
	strings_free(&argv);
}

void iso_build(const char *out, const char *archive, const struct cmdline *cmdline)
{
	char *bios_dir = locate_grub("i386-pc", "grub-pc-bin");
	char *efi_dir = locate_grub("x86_64-efi", "grub-efi-amd64-bin");
	char *mbr = xasprintf("%s/boot_hybrid.img", bios_dir);
	char *bios_cfg = temp_path("bios.cfg"), *efi_cfg = temp_path("efi.cfg");
	char *core = temp_path("core.elf");
	char *bios = temp_path("bios.img"), *efi = temp_path("efi.img");
	struct buffer words = {0}, text = {0};

	fix_dates();
	grub_words(&words, cmdline);
	buffer_addf(&text, GRUB_CFG_BIOS, words.data);
	file_write_all(bios_cfg, text.data, text.len);
	text.len = 0;
	buffer_addf(&text, GRUB_CFG_EFI, words.data);
	file_write_all(efi_cfg, text.data, text.len);
	copy_file(locate_core(), core);
	fix_date(archive);
	make_bios_image(bios_dir, bios_cfg, bios);
	make_efi_image(efi_dir, efi_cfg, efi);
	run_xorriso(out, mbr, core, archive, bios, efi);
	buffer_free(&words);
	buffer_free(&text);
	free(bios_dir);
	free(efi_dir);
	free(mbr);
	free(bios_cfg);
	free(efi_cfg);
	free(core);
	free(bios);
	free(efi);
}

bool iso_check(const char *path, const void *data, size_t size)
{
	const uint8_t *pvd = (const uint8_t *)data + PVD_OFFSET, *blocks = pvd + PVD_BLOCKS;
	uint64_t count;

	if (size < PVD_OFFSET + BLOCK_SIZE || memcmp(pvd, "\1CD001\1", 7) ||
	    memcmp(pvd + PVD_VOLUME, VOLUME_ID " ", sizeof(VOLUME_ID)))
		return false;
	count = blocks[0] | blocks[1] << 8 | blocks[2] << 16 | (uint32_t)blocks[3] << 24;
	if (count * BLOCK_SIZE > size)
		die("%s: is truncated: %zu bytes of %llu", path, size,
		    (unsigned long long)count * BLOCK_SIZE);
	return true;
}
