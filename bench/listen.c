/*-------------------------------------------------------------------------
 *
 * listen.c
 *		Counts the notifications of a channel.
 *
 *	listen CHANNEL COUNT
 *
 * Connects as libpq does by default, prints "ready", and then, once COUNT
 * notifications have come or none came for ten seconds, their number and the
 * milliseconds from the first to the last.
 *
 *-------------------------------------------------------------------------
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "libpq-fe.h"

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

int
main(int argc, char **argv)
{
	PGconn	   *conn = PQconnectdb("");
	char		command[200];
	long		wanted = argc > 2 ? atol(argv[2]) : 0;
	long		count = 0;
	double		first = 0;
	double		last = 0;
	PGresult   *result;

	if (wanted <= 0 || PQstatus(conn) != CONNECTION_OK)
	{
		fprintf(stderr, "usage: listen CHANNEL COUNT; %s", PQerrorMessage(conn));
		return 1;
	}
	snprintf(command, sizeof(command), "LISTEN %s", argv[1]);
	result = PQexec(conn, command);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return 1;
	PQclear(result);
	puts("ready");
	fflush(stdout);
	while (count < wanted)
	{
		struct pollfd fd = {.fd = PQsocket(conn),.events = POLLIN};
		PGnotify   *notify;

		if (poll(&fd, 1, 10000) <= 0 || !PQconsumeInput(conn))
			break;
		while ((notify = PQnotifies(conn)) != NULL)
		{
			last = now_ms();
			if (count++ == 0)
				first = last;
			PQfreemem(notify);
		}
	}
	printf("%ld %.3f\n", count, last - first);
	PQfinish(conn);
	return 0;
}
