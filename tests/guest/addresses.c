/* SPDX-License-Identifier: MIT */
/* Internet addresses and names as text: inet_pton and its kin, getaddrinfo. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include "tap.h"

static void check_pton(int family, const char *text, const char *again)
{
	char addr[16], back[INET6_ADDRSTRLEN] = "refused";
	int r = inet_pton(family, text, addr);

	if (r == 1)
		inet_ntop(family, addr, back, sizeof(back));
	ok(!strcmp(back, again), "%s is %s", text, back);
}

static void check_aton(const char *text, uint32_t wanted)
{
	struct in_addr a = {0};

	ok(inet_aton(text, &a) == (wanted != INADDR_NONE) &&
		   (wanted == INADDR_NONE || ntohl(a.s_addr) == wanted),
	   "inet_aton %s", text);
}

static void check_lookup(const char *node, const char *service, int wanted, const char *text)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *res = NULL;
	int error = getaddrinfo(node, service, &hints, &res);
	char host[64] = "", port[16] = "", both[96];

	if (!error)
		getnameinfo(res->ai_addr, res->ai_addrlen, host, sizeof(host), port, sizeof(port),
			    0);
	snprintf(both, sizeof(both), "%s:%s", host, port);
	ok(error == wanted && (error || !strcmp(both, text)), "getaddrinfo %s %s: %s",
	   node ? node : "-", service ? service : "-", error ? gai_strerror(error) : both);
	freeaddrinfo(res);
}

int main(void)
{
	char buf[8];

	check_pton(AF_INET, "127.0.0.1", "127.0.0.1");
	check_pton(AF_INET, "255.255.255.255", "255.255.255.255");
	check_pton(AF_INET, "1.2.3", "refused");
	check_pton(AF_INET, "1.2.3.256", "refused");
	check_pton(AF_INET, "1.2.3.04", "refused");
	check_pton(AF_INET, "1.2.3.4x", "refused");
	check_pton(AF_INET, "", "refused");
	check_pton(AF_INET6, "::", "::");
	check_pton(AF_INET6, "::1", "::1");
	check_pton(AF_INET6, "1::", "1::");
	check_pton(AF_INET6, "2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1");
	check_pton(AF_INET6, "1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7");
	check_pton(AF_INET6, "::ffff:1.2.3.4", "::ffff:1.2.3.4");
	check_pton(AF_INET6, "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8");
	check_pton(AF_INET6, "1:2:3:4:5:6:7", "refused");
	check_pton(AF_INET6, "1:2:3:4:5:6:7:8:9", "refused");
	check_pton(AF_INET6, "1::2::3", "refused");
	check_pton(AF_INET6, ":1:2:3:4:5:6:7", "refused");
	check_pton(AF_INET6, "1:2:3:4:5:6:7:", "refused");
	check_pton(AF_INET6, "12345::", "refused");
	check_pton(AF_INET6, "::1.2.3", "refused");
	ok(inet_pton(99, "1.2.3.4", buf) == -1 && errno == EAFNOSUPPORT, "another family");
	ok(!inet_ntop(AF_INET, "\1\2\3\4", buf, 7) && errno == ENOSPC, "no room");
	check_aton("1.2.3.4", 0x01020304);
	check_aton("1.2.772", 0x01020304);
	check_aton("0x7f.1", 0x7f000001);
	check_aton("2130706433", 0x7f000001);
	check_aton("010.0.0.1", 0x08000001);
	check_aton("1.2.3.4.5", INADDR_NONE);
	check_aton("1.256.3.4", INADDR_NONE);
	check_aton("a.b", INADDR_NONE);
	check_lookup("10.1.2.3", "8080", 0, "10.1.2.3:8080");
	check_lookup("localhost", "http", 0, "127.0.0.1:80");
	check_lookup(NULL, "80", 0, "127.0.0.1:80");
	check_lookup("10.1.2.3", "65536", EAI_SERVICE, "");
	check_lookup("10.1.2.3", "nosuchservice", EAI_SERVICE, "");
	check_lookup("no.such.name.invalid", "80", EAI_AGAIN, "");
	check_lookup(NULL, NULL, EAI_NONAME, "");
	return done();
}
