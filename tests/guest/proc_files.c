/* SPDX-License-Identifier: MIT */
/*
 * /proc as programs for Linux read it: descriptors that are links, threads, what the process is and
 * what the system allows. The same program passes on Linux.
 *
 * guest: mem=64
 * guest: mem=64 run="--smp 4"
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tap.h"

static char text[16384], path[300];

static const char *read_file(const char *name)
{
	int fd = open(name, O_RDONLY);
	long n, at = 0;

	while (fd >= 0 && (n = read(fd, text + at, sizeof(text) - 1 - (size_t)at)) > 0)
		at += n;
	text[at] = '\0';
	close(fd);
	return text;
}

static const char *link_of(const char *fmt, int fd)
{
	static char target[4096];
	long n;

	snprintf(path, sizeof(path), fmt, fd);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	return target;
}

static int count(const char *name, const char *wanted, bool *found)
{
	DIR *dir = opendir(name);
	struct dirent *d;
	int n = 0;

	*found = false;
	while (dir && (d = readdir(dir))) {
		n += d->d_name[0] != '.';
		*found |= !strcmp(d->d_name, wanted);
	}
	if (dir)
		closedir(dir);
	return n;
}

static void check_descriptors(void)
{
	int fd = open("/tmp/ringlet-proc", O_CREAT | O_TRUNC | O_RDWR, 0644), other, ends[2], dir;
	struct stat a, b;
	char name[16], c;
	bool found;
	int n;

	ok(fd >= 0 && write(fd, "abc", 3) == 3, "a file");
	ok(!strcmp(link_of("/proc/self/fd/%d", fd), "/tmp/ringlet-proc"),
	   "is named by its link: %s", link_of("/proc/self/fd/%d", fd));
	ok(!strcmp(link_of("/dev/fd/%d", fd), "/tmp/ringlet-proc"), "and in /dev/fd");
	ok(lstat(path, &a) == 0 && S_ISLNK(a.st_mode), "which is a link");
	ok(stat(path, &a) == 0 && S_ISREG(a.st_mode) && a.st_size == 3, "to the file");
	other = open(path, O_RDONLY);
	ok(other >= 0 && read(other, &c, 1) == 1 && c == 'a', "opened anew: from the beginning");
	ok(write(other, "x", 1) < 0 && lseek(fd, 0, SEEK_CUR) == 3,
	   "with a mode and a position of its own");
	close(other);
	unlink("/tmp/ringlet-proc");
	ok(strstr(link_of("/proc/self/fd/%d", fd), "(deleted)") != NULL, "the name is gone: %s",
	   link_of("/proc/self/fd/%d", fd));
	other = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0644);
	ok(other >= 0 && fstat(fd, &a) == 0 && a.st_size == 0,
	   "it can be opened and cut all the same");
	close(other);
	snprintf(name, sizeof(name), "%d", fd);
	n = count("/proc/self/fd", name, &found);
	ok(found && n >= 4, "the folder has it, among %d", n);
	is(syscall(SYS_linkat, -100, path, -100, "/tmp/ringlet-proc2", 0x400) < 0, 1,
	   "no new name for what lost its last");
	close(fd);
	ok(lstat(path, &a) < 0 && errno == ENOENT, "gone once it is closed");
	count("/proc/self/fd", name, &found);
	ok(pipe(ends) == 0 && !strncmp(link_of("/proc/self/fd/%d", ends[0]), "pipe:[", 6),
	   "a pipe: %s", link_of("/proc/self/fd/%d", ends[0]));
	ok(stat(path, &a) == 0 && fstat(ends[0], &b) == 0 && S_ISFIFO(a.st_mode) &&
		   a.st_ino == b.st_ino,
	   "that stat tells as fstat does");
	other = open(path, O_RDONLY);
	ok(other >= 0 && write(ends[1], "p", 1) == 1 && read(other, &c, 1) == 1 && c == 'p',
	   "and can be opened");
	ok(open(path, O_RDONLY | O_NOFOLLOW) < 0 && errno == ELOOP, "but not without following");
	snprintf(path, sizeof(path), "/proc/self/fd/%d/x", ends[0]);
	ok(open(path, O_RDONLY) < 0 && errno == ENOTDIR, "it is no folder");
	dir = open("/tmp", O_RDONLY);
	mkdir("/tmp/ringlet-sub", 0755);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/ringlet-sub/../ringlet-sub", dir);
	ok(stat(path, &a) == 0 && S_ISDIR(a.st_mode), "a folder's link leads into it");
	rmdir("/tmp/ringlet-sub");
	ok(!strcmp(link_of("/proc/self/fd/%d", dir), "/tmp"), "and is named");
	ok(stat("/proc/self/fd/01", &a) < 0 && stat("/proc/self/fd/-1", &a) < 0 &&
		   stat("/proc/self/fd/99999999999", &a) < 0 && stat("/proc/self/fd/x", &a) < 0,
	   "what is no number is not there");
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", dir);
	ok(!strncmp(read_file(path), "pos:\t0\nflags:\t0", 15), "fdinfo");
	close(other);
	close(dir);
	close(ends[0]);
	close(ends[1]);
	ok(unlink("/proc/self/fd/1") < 0, "no link can be removed");
}

static volatile int tid, stop;

static void *thread(void *arg)
{
	syscall(SYS_prctl, 15, "the other", 0, 0, 0);
	tid = (int)syscall(SYS_gettid);
	while (!stop)
		usleep(1000);
	return arg;
}

static void check_threads(void)
{
	pthread_t other;
	char name[16];
	struct stat st;
	bool found;

	if (!ok(pthread_create(&other, NULL, thread, NULL) == 0, "a thread"))
		return;
	while (!tid)
		usleep(1000);
	snprintf(name, sizeof(name), "%d", tid);
	is(count("/proc/self/task", name, &found), 2, "two are listed");
	ok(found, "it is one of them");
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", tid);
	ok(!strcmp(read_file(path), "the other\n"), "its name");
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	ok(atoi(read_file(path)) == tid && strstr(text, "(the other) "), "its state");
	ok(strstr(read_file("/proc/self/status"), "Threads:\t2\n") != NULL, "Threads: 2");
	stop = 1;
	pthread_join(other, NULL);
	for (int i = 0; i < 1000 && count("/proc/self/task", name, &found) != 1; i++)
		usleep(1000);
	ok(stat(path, &st) < 0, "it is gone");
}

/* The n-th word of a line that begins with name. */
static const char *word(const char *s, const char *name, int n)
{
	static char found[256];
	const char *at = strstr(s, name);

	for (; at && n; n--) {
		at += strcspn(at, " \t\n");
		at += strspn(at, " \t");
	}
	snprintf(found, sizeof(found), "%.*s", at ? (int)strcspn(at, " \t\n") : 0, at ? at : "");
	return found;
}

static void check_process(void)
{
	char *end;
	int fields = 0;

	syscall(SYS_prctl, 15, "a (name) x", 0, 0, 0);
	ok(!strcmp(read_file("/proc/self/comm"), "a (name) x\n"), "comm");
	is(atoi(read_file("/proc/self/stat")), getpid(), "stat begins with the number");
	end = strrchr(text, ')');
	for (char *p = strtok(end, " \n"); p; p = strtok(NULL, " \n"))
		fields++;
	is(fields, 51, "and has its fields");
	read_file("/proc/self/status");
	is(atoi(word(text, "Pid:", 1)), getpid(), "status: Pid");
	is(atoi(word(text, "Uid:", 2)), geteuid(), "Uid");
	ok(atol(word(text, "VmRSS:", 1)) > 0 &&
		   atol(word(text, "VmSize:", 1)) >= atol(word(text, "VmRSS:", 1)),
	   "VmSize, VmRSS");
	ok(sscanf(read_file("/proc/self/statm"), "%*d %d", &fields) == 1 && fields > 0, "statm");
	ok(read_file("/proc/self/environ")[0] != '\0', "environ");
	ok(atol(word(read_file("/proc/self/limits"), "Max open files", 3)) > 0, "limits");
	ok(strstr(read_file("/proc/self/mounts"), " /proc proc ") != NULL, "mounts");
	ok(strstr(read_file("/proc/mounts"), " /proc proc ") != NULL, "the same for all");
	ok(strstr(read_file("/proc/self/mountinfo"), " / /proc ") != NULL, "mountinfo");
	ok(strstr(read_file("/proc/self/cgroup"), ":/") != NULL, "cgroup");
	is(atoi(read_file("/proc/self/oom_score_adj")), 0, "oom_score_adj");
}

static void check_system(void)
{
	long one, two;
	int cpus = 0, running, all;

	read_file("/proc/stat");
	for (char *p = text; (p = strstr(p, "cpu")); p++)
		cpus += p[3] != ' ';
	is(cpus, sysconf(_SC_NPROCESSORS_ONLN), "stat: a line for each CPU");
	ok(atol(word(text, "ctxt", 1)) > 0 && atol(word(text, "btime", 1)) >= 0, "ctxt, btime");
	is(sscanf(read_file("/proc/loadavg"), "%ld.%*d %*d.%*d %ld.%*d %d/%d", &one, &two, &running,
		  &all),
	   4, "loadavg");
	ok(strstr(read_file("/proc/filesystems"), "tmpfs") != NULL, "filesystems");
	ok(!strcmp(read_file("/proc/sys/kernel/ostype"), "Linux\n"), "ostype");
	ok(atol(read_file("/proc/sys/net/core/somaxconn")) >= 128, "somaxconn");
	ok(atol(read_file("/proc/sys/vm/max_map_count")) >= 65530, "max_map_count");
	ok(strlen(read_file("/proc/sys/vm/overcommit_memory")) == 2, "overcommit_memory");
	ok(atol(read_file("/proc/sys/fs/file-max")) >= 1024, "file-max");
	ok(atol(read_file("/proc/sys/fs/nr_open")) >= 1024, "nr_open");
	is(strlen(read_file("/proc/sys/kernel/random/uuid")), 37, "uuid");
	is(text[14], '4', "of version 4");
	strcpy(path, read_file("/proc/sys/kernel/random/boot_id"));
	ok(!strcmp(path, read_file("/proc/sys/kernel/random/boot_id")) && strlen(path) == 37,
	   "boot_id");
	ok(strlen(read_file("/proc/sys/kernel/hostname")) > 1, "hostname");
}

int main(void)
{
	mkdir("/tmp", 0777);
	check_descriptors();
	check_threads();
	check_process();
	check_system();
	return done();
}
