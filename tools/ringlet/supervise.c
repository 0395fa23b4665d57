/* SPDX-License-Identifier: MIT */
/*
 * Stays with QEMU from start to end: one poll() loop over the app's output, the log, QEMU's own
 * words, its control socket (QMP), the user's input and signals. QEMU ends with the tool whatever
 * happens: it is killed by the host's kernel if the tool dies (machine_spawn()).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <core/output.h>
#include "supervise.h"

#define STEP_MS	  1000 /* between the steps of ending a machine */
#define LINGER_MS 2000 /* after the app's status, for the machine to stop itself */
#define CHUNK	  16384

#define INPUT_RECORD 1024

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void qmp_send(struct supervisor *s, const char *command)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "{\"execute\":\"%s\"}\n", command);

	if (s->qmp >= 0)
		(void)!send(s->qmp, line, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* One step further in ending the machine: ask the guest, tell QEMU, kill it. */
static void stop_step(struct supervisor *s, enum stop to)
{
	if (s->exited || to <= s->stop)
		return;
	s->stop = to;
	s->stop_time = now_ms() + STEP_MS;
	if (to == STOP_ASKED)
		qmp_send(s, "system_powerdown");
	else if (to == STOP_QUIT)
		qmp_send(s, "quit");
	else
		kill(s->pid, SIGKILL);
}

static void on_output(void *arg, unsigned type, const char *data, size_t n)
{
	struct supervisor *s = arg;

	sink_add(type == OUTPUT_STDOUT ? &s->out : &s->err, data, n);
}

static void on_status(void *arg, uint32_t status)
{
	struct supervisor *s = arg;

	s->have_status = true;
	s->status = status;
	if (s->stop == STOP_NO) {
		s->stop = STOP_ASKED;
		s->stop_time = now_ms() + LINGER_MS;
	}
}

static void on_ready(void *arg, const char *text)
{
	struct supervisor *s = arg;

	if (!s->ready_seen)
		forward_lengthen_queue(s->pid, s->options->forward, s->options->forwards);
	s->ready_seen = true;
	ready_event(&s->ready, text, now_ms());
}

static void on_call(void *arg, const char *name)
{
	struct supervisor *s = arg;

	strings_add(&s->options->calls, name);
}

static const struct channel_handler channel_handler = {on_output, on_status, on_ready, on_call};

/* Bytes read, 0 at the end (fd is closed then), -1 for nothing now. */
static ssize_t read_some(int *fd, char *buf, size_t size)
{
	ssize_t n = read(*fd, buf, size);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return -1;
	if (n <= 0) {
		close_fd(fd);
		return 0;
	}
	return n;
}

static void take_output(struct supervisor *s)
{
	char buf[CHUNK];
	ssize_t n = read_some(&s->output, buf, sizeof(buf));

	if (n <= 0)
		return;
	s->spoke = true;
	if (!channel_feed(&s->channel, buf, n))
		stop_step(s, STOP_QUIT);
}

static void take_log(struct supervisor *s)
{
	char buf[CHUNK];
	ssize_t n = read_some(&s->log, buf, sizeof(buf));

	if (n > 0)
		guestlog_feed(&s->guestlog, buf, n);
	s->spoke |= n > 0;
}

static void take_error(struct supervisor *s)
{
	char buf[CHUNK];
	ssize_t n = read_some(&s->error, buf, sizeof(buf));

	if (n > 0)
		buffer_add(&s->qemu_error, buf, n);
}

/* Of QEMU's events only the reason of a shutdown matters. */
static void take_qmp(struct supervisor *s)
{
	static const char key[] = "\"reason\": \"";
	char buf[CHUNK], *line, *reason;
	ssize_t n = read_some(&s->qmp, buf, sizeof(buf));

	for (ssize_t i = 0; i < n; i++) {
		buffer_add(&s->qmp_line, &buf[i], 1);
		if (buf[i] != '\n')
			continue;
		line = s->qmp_line.data;
		reason = strstr(line, key);
		if (strstr(line, "\"SHUTDOWN\"") && reason) {
			reason += strlen(key);
			s->qmp_reason.len = 0;
			buffer_add(&s->qmp_reason, reason, strcspn(reason, "\""));
		}
		s->qmp_line.len = 0;
	}
}

static void take_signal(struct supervisor *s)
{
	struct signalfd_siginfo info;

	if (read(s->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD) {
		if (waitpid(s->pid, &s->wait_status, WNOHANG) == s->pid)
			s->exited = true;
		return;
	}
	if (!s->signal)
		s->signal = info.ssi_signo;
	/* Asked again: at once. And with QEMU gone only the reader of our output is waited for. */
	stop_step(s, s->stop == STOP_NO ? STOP_ASKED : STOP_QUIT);
	if (s->exited)
		s->out.broken = true;
}

/* Input goes to the guest in records: two bytes length, little-endian, and the bytes; 0 ends it. */
static void take_typed(struct supervisor *s)
{
	char buf[INPUT_RECORD];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		s->input_ended = true;
		n = 0;
	}
	buffer_add(&s->typed, (char[]){n & 0xff, n >> 8}, 2);
	buffer_add(&s->typed, buf, n);
}

static void send_typed(struct supervisor *s)
{
	ssize_t n = send(s->input, s->typed.data, s->typed.len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n > 0)
		buffer_drop(&s->typed, n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		close_fd(&s->input);
}

static void make_pipe(int *read_end, int *write_end)
{
	int p[2];

	if (pipe(p))
		die("cannot make a pipe: %s", strerror(errno));
	fcntl(p[0], F_SETFD, FD_CLOEXEC);
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	*read_end = p[0];
	*write_end = p[1];
}

static void make_socket(int *ours, int *theirs)
{
	int p[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p))
		die("cannot make a socket: %s", strerror(errno));
	fcntl(p[0], F_SETFD, FD_CLOEXEC);
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	*ours = p[0];
	*theirs = p[1];
}

static int catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void begin(struct supervisor *s, const struct boot_source *source)
{
	struct machine_fds fds = {.input = -1};
	struct strings argv = {0};
	int error;

	s->signals = catch_signals();
	make_pipe(&s->output, &fds.output);
	make_pipe(&s->log, &fds.log);
	make_pipe(&s->error, &error);
	make_socket(&s->qmp, &fds.qmp);
	if (s->options->input)
		make_socket(&s->input, &fds.input);
	machine_command(&argv, s->options, source, &fds);
	s->pid = machine_spawn(argv.v, error);
	strings_free(&argv);
	close(fds.output);
	close(fds.log);
	close(fds.qmp);
	close(error);
	close_fd(&fds.input);
	qmp_send(s, "qmp_capabilities");
}

enum {
	P_SIGNALS,
	P_OUTPUT,
	P_LOG,
	P_ERROR,
	P_QMP,
	P_STDIN,
	P_INPUT,
	P_OUT,
	P_ERR,
	P_COUNT
};

static void watch(const struct supervisor *s, struct pollfd *p)
{
	bool room = s->out.waiting.len < SINK_FULL && s->err.waiting.len < SINK_FULL;
	bool typing = s->input >= 0 && !s->input_ended && !s->typed.len && !s->exited;
	const int fd[P_COUNT] = {
		[P_SIGNALS] = s->signals,
		[P_OUTPUT] = room ? s->output : -1,
		[P_LOG] = room ? s->log : -1,
		[P_ERROR] = s->error,
		[P_QMP] = s->qmp,
		[P_STDIN] = typing ? STDIN_FILENO : -1,
		[P_INPUT] = s->typed.len ? s->input : -1,
		[P_OUT] = sink_pending(&s->out) ? s->out.fd : -1,
		[P_ERR] = sink_pending(&s->err) ? s->err.fd : -1,
	};

	for (int i = 0; i < P_COUNT; i++)
		p[i] = (struct pollfd){.fd = fd[i], .events = i < P_INPUT ? POLLIN : POLLOUT};
}

static void dispatch(struct supervisor *s, const struct pollfd *p)
{
	static void (*const take[])(struct supervisor *) = {
		[P_SIGNALS] = take_signal, [P_OUTPUT] = take_output, [P_LOG] = take_log,
		[P_ERROR] = take_error,	   [P_QMP] = take_qmp,	     [P_STDIN] = take_typed,
		[P_INPUT] = send_typed,
	};

	/* Output before signals: the machine's end is not taken note of before its last words. */
	for (int i = P_OUTPUT; i <= P_INPUT; i++)
		if (p[i].fd >= 0 && p[i].revents)
			take[i](s);
	if (p[P_SIGNALS].revents)
		take[P_SIGNALS](s);
	if (p[P_OUT].revents)
		sink_flush(&s->out);
	if (p[P_ERR].revents)
		sink_flush(&s->err);
	if (s->out.broken)
		stop_step(s, STOP_QUIT);
}

static int until(uint64_t deadline, uint64_t now)
{
	if (deadline == UINT64_MAX)
		return -1;
	return deadline <= now ? 0 : deadline - now > 60000 ? 60000 : (int)(deadline - now);
}

static uint64_t next_deadline(const struct supervisor *s)
{
	uint64_t d = ready_deadline(&s->ready);

	if (s->timeout_time < d)
		d = s->timeout_time;
	if (s->stop != STOP_NO && s->stop != STOP_KILL && s->stop_time < d)
		d = s->stop_time;
	return s->exited ? UINT64_MAX : d;
}

static void run_deadlines(struct supervisor *s, uint64_t now)
{
	if (s->exited)
		return;
	ready_tick(&s->ready, now);
	if (now >= s->timeout_time) {
		s->timed_out = true;
		s->timeout_time = UINT64_MAX;
		stop_step(s, STOP_QUIT);
	}
	if (s->stop != STOP_NO && now >= s->stop_time)
		stop_step(s, s->stop + 1);
}

static bool finished(const struct supervisor *s)
{
	return s->exited && s->output < 0 && s->log < 0 && s->error < 0 && s->qmp < 0;
}

static void flush_sinks(struct supervisor *s)
{
	while (sink_pending(&s->out))
		sink_flush(&s->out);
	while (sink_pending(&s->err))
		sink_flush(&s->err);
}

static void end(struct supervisor *s)
{
	ready_end(&s->ready);
	close_fd(&s->input);
	close_fd(&s->signals);
	guestlog_free(&s->guestlog);
	buffer_free(&s->qemu_error);
	buffer_free(&s->qmp_line);
	buffer_free(&s->qmp_reason);
	buffer_free(&s->typed);
	buffer_free(&s->out.waiting);
	buffer_free(&s->err.waiting);
}

int supervise(struct run_options *o, const struct boot_source *source)
{
	struct supervisor s = {
		.options = o,
		.input = -1,
		.out.fd = STDOUT_FILENO,
		.err.fd = STDERR_FILENO,
		.channel = {.handler = &channel_handler, .arg = &s},
		.guestlog = {.sink = &s.err, .silent = quiet},
		.ready = {.options = o, .sink = &s.err, .probe_fd = -1},
		.timeout_time = o->timeout ? now_ms() + o->timeout * 1000ull : UINT64_MAX,
	};
	struct pollfd p[P_COUNT];
	int result;

	begin(&s, source);
	while (!finished(&s) || sink_pending(&s.out) || sink_pending(&s.err)) {
		watch(&s, p);
		if (poll(p, P_COUNT, until(next_deadline(&s), now_ms())) < 0 && errno != EINTR)
			die("poll: %s", strerror(errno));
		dispatch(&s, p);
		run_deadlines(&s, now_ms());
	}
	guestlog_finish(&s.guestlog);
	result = verdict_port_lost(&s) ? -1 : verdict(&s);
	flush_sinks(&s);
	end(&s);
	return result;
}
