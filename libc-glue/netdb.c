/* SPDX-License-Identifier: MIT */
/*
 * Names to IPv4 addresses without a DNS client: numbers, localhost and the lines of /etc/hosts.
 * A name found nowhere answers EAI_AGAIN, as where no name server can be asked.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HOSTS_FILE    "/etc/hosts"
#define MAX_ADDRESSES 8

int h_errno;

struct service {
	int socktype, protocol;
};

struct lookup {
	struct in_addr addr[MAX_ADDRESSES];
	int addrs;
	struct service service[2];
	int services;
	in_port_t port; /* network byte order */
};

/* Freed as one: the first node is the start of the allocation. */
struct result {
	struct addrinfo info;
	struct sockaddr_in addr;
};

static const struct {
	const char *name;
	unsigned short port;
} known_services[] = {
	{"ftp", 21},   {"ssh", 22},  {"telnet", 23}, {"smtp", 25},   {"domain", 53},  {"http", 80},
	{"pop3", 110}, {"ntp", 123}, {"imap", 143},  {"https", 443}, {"syslog", 514}, {"ldap", 389},
};

/* Adds the addresses that one line of the hosts file gives name. */
static void match_hosts_line(char *line, const char *name, struct lookup *l)
{
	struct in_addr addr;
	char *word, *rest = NULL;

	line[strcspn(line, "#\n")] = '\0';
	word = strtok_r(line, " \t\r", &rest);
	if (!word || l->addrs == MAX_ADDRESSES || inet_pton(AF_INET, word, &addr) != 1)
		return;
	while ((word = strtok_r(NULL, " \t\r", &rest)))
		if (!strcasecmp(word, name)) {
			l->addr[l->addrs++] = addr;
			return;
		}
}

static void search_hosts(const char *name, struct lookup *l)
{
	char line[512];
	FILE *f = fopen(HOSTS_FILE, "r");

	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		match_hosts_line(line, name, l);
	fclose(f);
}

static int find_host(const char *name, int flags, struct lookup *l)
{
	struct in6_addr six;

	if (!name) {
		l->addr[0].s_addr = htonl(flags & AI_PASSIVE ? INADDR_ANY : INADDR_LOOPBACK);
		l->addrs = 1;
		return 0;
	}
	l->addrs = inet_aton(name, &l->addr[0]);
	if (l->addrs)
		return 0;
	if (inet_pton(AF_INET6, name, &six) == 1)
		return EAI_FAMILY;
	if (flags & AI_NUMERICHOST)
		return EAI_NONAME;
	search_hosts(name, l);
	if (!l->addrs && !strcasecmp(name, "localhost")) {
		l->addr[0].s_addr = htonl(INADDR_LOOPBACK);
		l->addrs = 1;
	}
	return l->addrs ? 0 : EAI_AGAIN;
}

static int find_port(const char *name, int flags, struct lookup *l)
{
	unsigned long port;
	char *end;

	l->port = 0;
	if (!name)
		return 0;
	port = strtoul(name, &end, 10);
	if (*name >= '0' && *name <= '9' && !*end) {
		l->port = htons((uint16_t)port);
		return port > 65535 ? EAI_SERVICE : 0;
	}
	if (flags & AI_NUMERICSERV)
		return EAI_NONAME;
	for (size_t i = 0; i < sizeof(known_services) / sizeof(known_services[0]); i++)
		if (!strcmp(name, known_services[i].name)) {
			l->port = htons(known_services[i].port);
			return 0;
		}
	return EAI_SERVICE;
}

/* The kinds of socket that the hints leave open. */
static int find_services(const struct addrinfo *hints, struct lookup *l)
{
	static const struct service all[2] = {{SOCK_STREAM, IPPROTO_TCP},
					      {SOCK_DGRAM, IPPROTO_UDP}};

	for (int i = 0; i < 2; i++) {
		if (hints->ai_socktype && hints->ai_socktype != all[i].socktype)
			continue;
		if (hints->ai_protocol && hints->ai_protocol != all[i].protocol)
			continue;
		l->service[l->services++] = all[i];
	}
	return l->services ? 0 : EAI_SOCKTYPE;
}

static struct addrinfo *make_results(const struct lookup *l, const char *canonical)
{
	size_t n = (size_t)(l->addrs * l->services), i = 0;
	size_t name = canonical ? strlen(canonical) + 1 : 0;
	struct result *r = calloc(1, n * sizeof(*r) + name);

	if (!r)
		return NULL;
	for (int a = 0; a < l->addrs; a++)
		for (int s = 0; s < l->services; s++, i++) {
			r[i].addr.sin_family = AF_INET;
			r[i].addr.sin_port = l->port;
			r[i].addr.sin_addr = l->addr[a];
			r[i].info.ai_family = AF_INET;
			r[i].info.ai_socktype = l->service[s].socktype;
			r[i].info.ai_protocol = l->service[s].protocol;
			r[i].info.ai_addrlen = sizeof(r[i].addr);
			r[i].info.ai_addr = (struct sockaddr *)&r[i].addr;
			r[i].info.ai_next = i + 1 < n ? &r[i + 1].info : NULL;
		}
	if (canonical)
		r->info.ai_canonname = memcpy(&r[n], canonical, name);
	return &r->info;
}

int getaddrinfo(const char *restrict node, const char *restrict service,
		const struct addrinfo *restrict hints, struct addrinfo **restrict res)
{
	static const struct addrinfo any;
	struct lookup l = {.addrs = 0};
	int error;

	if (!hints)
		hints = &any;
	if (!node && !service)
		return EAI_NONAME;
	if (hints->ai_flags & AI_CANONNAME && !node)
		return EAI_BADFLAGS;
	if (hints->ai_family != AF_UNSPEC && hints->ai_family != AF_INET)
		return EAI_FAMILY;
	error = find_services(hints, &l);
	if (!error)
		error = find_port(service, hints->ai_flags, &l);
	if (!error)
		error = find_host(node, hints->ai_flags, &l);
	if (error)
		return error;
	*res = make_results(&l, hints->ai_flags & AI_CANONNAME ? node : NULL);
	return *res ? 0 : EAI_MEMORY;
}

void freeaddrinfo(struct addrinfo *res)
{
	free(res);
}

/* Numbers only: there is no way from an address to a name. */
int getnameinfo(const struct sockaddr *restrict addr, socklen_t len, char *restrict host,
		socklen_t hostsize, char *restrict serv, socklen_t servsize, int flags)
{
	const struct sockaddr_in *in = (const void *)addr;

	if (addr->sa_family != AF_INET || len < sizeof(*in))
		return EAI_FAMILY;
	if (flags & NI_NAMEREQD)
		return EAI_NONAME;
	if (host && hostsize && !inet_ntop(AF_INET, &in->sin_addr, host, hostsize))
		return EAI_OVERFLOW;
	if (serv && servsize &&
	    snprintf(serv, servsize, "%d", ntohs(in->sin_port)) >= (int)servsize)
		return EAI_OVERFLOW;
	return 0;
}

const char *gai_strerror(int error)
{
	switch (error) {
	case 0:
		return "success";
	case EAI_BADFLAGS:
		return "invalid flags";
	case EAI_NONAME:
		return "name or service not known";
	case EAI_AGAIN:
		return "no name server to ask";
	case EAI_FAIL:
		return "name resolution failed";
	case EAI_FAMILY:
		return "address family not supported";
	case EAI_SOCKTYPE:
		return "socket type not supported";
	case EAI_SERVICE:
		return "service not known";
	case EAI_MEMORY:
		return "out of memory";
	case EAI_SYSTEM:
		return "system error";
	case EAI_OVERFLOW:
		return "buffer too small";
	}
	return "unknown error";
}

struct hostent *gethostbyname(const char *name)
{
	static char canonical[256];
	static char *no_aliases[1], *list[MAX_ADDRESSES + 1];
	static struct lookup l;
	static struct hostent host = {.h_name = canonical,
				      .h_aliases = no_aliases,
				      .h_addrtype = AF_INET,
				      .h_length = sizeof(struct in_addr),
				      .h_addr_list = list};
	int error;

	memset(&l, 0, sizeof(l));
	error = find_host(name, 0, &l);
	if (error) {
		h_errno = error == EAI_AGAIN ? TRY_AGAIN : NO_DATA;
		return NULL;
	}
	snprintf(canonical, sizeof(canonical), "%s", name);
	for (int i = 0; i < l.addrs; i++)
		list[i] = (char *)&l.addr[i];
	list[l.addrs] = NULL;
	return &host;
}
