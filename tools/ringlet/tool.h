/* SPDX-License-Identifier: MIT */
/*
 * What every file of the ringlet tool shares: messages and the way out (util.c), temporary files
 * that never stay (temp.c), host programs (spawn.c), and finding the parts the tool works with
 * (locate.c). The tool has one thread.
 */
#ifndef TOOL_H
#define TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Exit statuses of the tool's own; `ringlet run` passes the app's otherwise. */
enum {
	STATUS_FAILED = 1, /* image: nothing was written */
	STATUS_USAGE = 2,
	STATUS_TIMEOUT = 124, /* run: --timeout passed, as timeout(1) says it */
	STATUS_CORE = 125,    /* run: the core panicked or could not boot the app */
	STATUS_MACHINE = 126, /* run: no machine, or it stopped without a status */
	STATUS_SIGNAL = 128,  /* run: plus the number of the signal that ended the app */
};

/* Status die() exits with; set once by each command. */
extern int die_status;

/* One line to standard error, "ringlet: " first; then the way out. */
_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void usage_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* One line to standard error, unless the command was told -q. */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
extern bool quiet;

/* These end the tool with a message when memory is gone. */
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A growing, NULL-terminated list of strings: argument vectors. Zeroed is empty. */
struct strings {
	char **v;
	size_t n;
};
void strings_add(struct strings *s, const char *item);
void strings_addf(struct strings *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strings_free(struct strings *s);

/* A growing buffer of bytes, NUL-terminated for convenience. Zeroed is empty. */
struct buffer {
	char *data;
	size_t len, cap;
};
void buffer_add(struct buffer *b, const void *data, size_t n);
void buffer_addf(struct buffer *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Drops the first n bytes. */
void buffer_drop(struct buffer *b, size_t n);
void buffer_free(struct buffer *b);

/* The whole of a file; dies with a line naming it. */
struct buffer file_read_all(const char *path);
void file_write_all(const char *path, const void *data, size_t n);
/* Writes all n bytes: 0, or -1 with errno. */
int write_all(int fd, const void *data, size_t n);
/* The number in s, from min to max; dies with a usage error that names what. */
unsigned long parse_number(const char *s, const char *what, unsigned long min, unsigned long max);
/* The last component of a path. */
const char *base_name(const char *path);
/* Seconds to give files a date with: SOURCE_DATE_EPOCH, or fallback. */
unsigned long source_date(unsigned long fallback);

/* A folder of our own, removed with all in it at exit, on errors and on signals. */
const char *temp_dir(void);
/* A path in it. */
char *temp_path(const char *name);
/* Another file to remove if the tool ends before temp_keep() is called for it. */
void temp_watch(const char *path);
void temp_keep(const char *path);

/*
 * Runs a host program to its end; dies with its output and the name of the package that brings it
 * if it is missing or fails.
 */
void spawn_tool(char *const argv[], const char *package);
/*
 * Runs a program, without an environment and in the root folder, for at most so many seconds of
 * processor time; what it writes is added to *out. Its exit status, or 128 and the signal's number.
 */
int spawn_read(char *const argv[], unsigned seconds, struct buffer *out);
/* True if name is an executable on PATH. */
bool program_exists(const char *name);

/* Path of the core to boot: $RINGLET_CORE, the build folder's, or the installed one. */
const char *locate_core(void);
/* Folder of GRUB's files for a platform ("i386-pc"); dies naming the package. */
char *locate_grub(const char *platform, const char *package);
/* UEFI firmware for QEMU; dies naming the package. */
const char *locate_ovmf(void);

/* Folder of the measuring kit; dies if it is neither beside the tool nor installed. */
const char *locate_bench(void);

int command_bench(int argc, char **argv);
int command_image(int argc, char **argv);
int command_run(int argc, char **argv);
void help_bench(void);
void help_image(void);
void help_run(void);

#endif
