/*-------------------------------------------------------------------------
 *
 * program.c
 *		Events as lines to the standard input of a program on the server.
 *
 * The program is started by the shell, as COPY TO PROGRAM does it, and ends when
 * its input does; an exit status other than 0 is an error.  Lines are gathered in
 * a buffer.  The pipe does not block: while the program does not read, we wait
 * on our latch too, so a cancel takes effect.  The server then still waits for
 * the program to end, as it does for COPY, so after an error we interrupt it; only
 * a program that does not mind holds the session up.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/acl.h"
#include "utils/wait_event.h"

#include "server/wait.h"
#include "sink/sink.h"

/*
 * Bytes that are gathered before they are written.
 */
#define BUFFER_SIZE (64 * 1024)

/*
 * A sink that writes to a program; pipe is NULL before it is started and when
 * it has ended.
 */
typedef struct ProgramSink
{
	SpindleSink base;
	char	   *command;
	FILE	   *pipe;
	int			fd;
} ProgramSink;

/*
 * End the program's input, wait for it, and report how it failed, if it did.
 * Raises external_routine_exception with the exit status or signal as its
 * detail.  The wait cannot be interrupted.
 */
static void
end_program(ProgramSink *program)
{
	int			status = ClosePipeStream(program->pipe);

	program->pipe = NULL;
	if (status == -1)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not close pipe to external command: %m")));
	if (status != 0)
	{
		/* a cancel reaches the program, too, but it is not what failed */
		CHECK_FOR_INTERRUPTS();
		ereport(ERROR,
				(errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
				 errmsg("program \"%s\" failed", program->command),
				 errdetail_internal("%s", wait_result_to_str(status))));
	}
}

/*
 * End the program, which may not care for the end of its input.  popen() keeps
 * its number to itself, but it is in the process group of the session, as all
 * that the session has started; a cancel from outside signals that group, too.
 */
static void
program_abort(SpindleSink *sink)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction found;

	if (((ProgramSink *) sink)->pipe == NULL)
		return;
	sigemptyset(&ignore.sa_mask);
	if (sigaction(SIGINT, &ignore, &found) != 0)
		return;
	(void) kill(-MyProcPid, SIGINT);
	(void) sigaction(SIGINT, &found, NULL);
}

/*
 * Start the program and make the pipe to it non-blocking.
 *
 * Raises an error for file access if no process can be started; that there is
 * no such program shows later, by the exit status of the shell.
 */
static void
program_open(SpindleSink *sink, TupleDesc desc)
{
	ProgramSink *program = (ProgramSink *) sink;
	int			flags;

	initStringInfo(&sink->buffer);
	CHECK_FOR_INTERRUPTS();
	program->pipe = OpenPipeStream(program->command, PG_BINARY_W);
	if (program->pipe == NULL)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not execute command \"%s\": %m", program->command)));

	/* a termination that came just before did not reach the program */
	if (ProcDiePending)
		program_abort(sink);
	program->fd = fileno(program->pipe);
	flags = fcntl(program->fd, F_GETFL);
	if (flags < 0 || fcntl(program->fd, F_SETFL, flags | O_NONBLOCK) < 0)
		ereport(ERROR,
				(errcode_for_socket_access(),
				 errmsg("could not set pipe to nonblocking mode: %m")));
}

/*
 * Write len bytes of complete lines, and count the events that are pending as
 * sent.
 *
 * Waits while the program does not read, which a cancel interrupts; half a
 * line may have been written then.  Raises external_routine_exception if the
 * program ends too early.
 */
static void
write_all(ProgramSink *program, const char *lines, int len)
{
	int			written = 0;

	while (written < len)
	{
		ssize_t		n;

		CHECK_FOR_INTERRUPTS();
		n = write(program->fd, lines + written, len - written);
		if (n >= 0)
			written += (int) n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			spindle_wait_to_write(program->fd, PG_WAIT_EXTENSION);
		else if (errno == EPIPE)
		{
			/* why it does not read any more is what its exit status tells */
			end_program(program);
			ereport(ERROR,
					(errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
					 errmsg("program \"%s\" ended before it had read all events", program->command)));
		}
		else if (errno != EINTR)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not write to program \"%s\": %m", program->command)));
	}
	spindle_sink_count(&program->base);
}

/* Write the buffer.  The program may not have read it yet. */
static void
program_flush(SpindleSink *sink)
{
	write_all((ProgramSink *) sink, sink->buffer.data, sink->buffer.len);
	resetStringInfo(&sink->buffer);
}

/*
 * Write lines that somebody else has made, without copying them to the buffer,
 * which is empty where lines are given.
 */
static void
program_write_lines(SpindleSink *sink, const char *lines, int len, int64 nevents)
{
	sink->pending_events = nevents;
	sink->pending_bytes = len;
	write_all((ProgramSink *) sink, lines, len);
}

/* End the event's line in the buffer, and write the buffer if it is full. */
static bool
program_write(SpindleSink *sink, const SpindleSinkEvent *event)
{
	appendStringInfoCharMacro(&sink->buffer, '\n');
	sink->pending_events++;
	sink->pending_bytes += sink->buffer.len - event->start;
	if (sink->buffer.len >= BUFFER_SIZE)
		program_flush(sink);
	return true;
}

/* End the program's input and wait until it has ended. */
static void
program_close(SpindleSink *sink)
{
	end_program((ProgramSink *) sink);
}

static const SpindleSinkOps program_ops = {
	.open = program_open,
	.write = program_write,
	.write_lines = program_write_lines,
	.flush = program_flush,
	.settle = spindle_sink_nothing,
	.close = program_close,
	.abort = program_abort,
};

/*
 * spindle_program_sink_create
 *		A sink that writes lines to a program, in the current memory context.
 *
 * Raises insufficient_privilege if the caller may not run programs.
 *
 * command is for the shell; it is copied.  That means superusers and members
 * of pg_execute_server_program.  Raises invalid_parameter_value if the command
 * is empty.
 */
SpindleSink *
spindle_program_sink_create(const char *command)
{
	ProgramSink *program;

	/* the program runs as the server's user: the same rule as for COPY */
	if (!has_privs_of_role(GetUserId(), ROLE_PG_EXECUTE_SERVER_PROGRAM))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser or have privileges of the pg_execute_server_program role to run a program"),
				 errhint("SELECT event FROM spindle_stream(...) gives the same events to the client.")));
	if (command[strspn(command, " \t\n")] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"command\" must not be empty")));
	program = palloc0(sizeof(ProgramSink));
	program->base.ops = &program_ops;
	program->base.takes_lines = true;
	program->base.name = psprintf("program \"%s\"", command);
	program->command = pstrdup(command);
	return &program->base;
}
