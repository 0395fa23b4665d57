/* SPDX-License-Identifier: MIT */
/*
 * The GRUB configuration of every image, compiled into the tool. It is embedded in GRUB's own
 * image (grub-mkimage -c) and read by GRUB's small parser: commands and quotes, no "if", no menu,
 * no waiting. The one %s is the core's command line, one quoted word after the other. What is
 * behind "boot" runs only if booting failed; GRUB has said why by then.
 */
#ifndef IMAGES_GRUB_CFG_H
#define IMAGES_GRUB_CFG_H

#define IMAGE_CORE    "/boot/core.elf"
#define IMAGE_ARCHIVE "/boot/archive.cpio"

#define GRUB_CFG_LOAD                       \
	"search.file " IMAGE_CORE " root\n" \
	"multiboot2 " IMAGE_CORE "%s\n"     \
	"module2 " IMAGE_ARCHIVE "\n"       \
	"boot\n"

/* Messages go to the serial console too, and can be read for a while. */
#define GRUB_CFG_BIOS                                                 \
	"serial --unit=0 --speed=115200\n"                            \
	"terminal_output --append serial\n" GRUB_CFG_LOAD "sleep 5\n" \
	"reboot\n"

/* UEFI's console is on the serial line by itself; sleep would bring in 200 KB of modules. */
#define GRUB_CFG_EFI GRUB_CFG_LOAD "reboot\n"

#endif
