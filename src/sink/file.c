/*-------------------------------------------------------------------------
 *
 * file.c
 *		Events as lines of a file on the server.
 *
 * Lines are gathered in a buffer of 512 kB and written with one call.  A file
 * holds complete lines only: when a write fails half way, for want of space
 * say, the file is cut back to its last complete line and the error tells how
 * many there are.  At the end the file is flushed to disk.
 *
 * Files are opened with the permissions that COPY TO gives: all may read, the
 * owner may write.  An error leaves the file open; the server closes it with
 * the transaction.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/pg_authid.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/acl.h"

#include "sink/sink.h"

/*
 * Small enough to stay in the processor's cache until it is written.  The
 * buffer has some room more, so that the event which fills it needs no larger
 * one.
 */
#define BUFFER_SIZE (512 * 1024)

/* A sink that writes to a file; fd is -1 before it is opened. */
typedef struct FileSink
{
	SpindleSink base;
	char	   *path;
	SpindleFileMode mode;
	int			fd;
	bool		is_regular;
	off_t		size;			/* of the file up to the last complete line */
} FileSink;

static void file_open(SpindleSink *sink, TupleDesc desc);
static bool file_write(SpindleSink *sink, const SpindleSinkEvent *event);
static void file_write_lines(SpindleSink *sink, const char *lines, int len, int64 nevents);
static void file_flush(SpindleSink *sink);
static void file_close(SpindleSink *sink);

static const SpindleSinkOps file_ops = {
	.open = file_open,
	.write = file_write,
	.write_lines = file_write_lines,
	.flush = file_flush,
	.settle = spindle_sink_nothing,
	.close = file_close,
	.abort = spindle_sink_nothing,
};

/*
 * spindle_file_sink_create
 *		A sink that writes lines to a file of the server, in the current memory
 *		context.
 *
 * Checks the privilege and the path, but does not touch the file yet.
 *
 * path must be absolute; it is copied.  Raises insufficient_privilege unless
 * the user may write server files, invalid_name for a relative path, and
 * wrong_object_type for what is neither a regular file nor a character device.
 */
SpindleSink *
spindle_file_sink_create(const char *path, SpindleFileMode mode)
{
	FileSink   *sink;
	struct stat st;

	/* the server's own files are at stake: the same rule as for COPY TO */
	if (!has_privs_of_role(GetUserId(), ROLE_PG_WRITE_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser or have privileges of the pg_write_server_files role to write to a file"),
				 errhint("SELECT event FROM spindle_stream(...) gives the same events to the client.")));

	/* a relative path would lie in the data directory */
	if (!is_absolute_path(path))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("relative path not allowed for file: \"%s\"", path),
				 errhint("Give the path from the root of the server's file system.")));

	/* opening a pipe waits for a reader, and nothing could interrupt that */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a regular file", path),
				 errhint("Name a file that can be created or written.")));

	sink = palloc0(sizeof(FileSink));
	sink->base.ops = &file_ops;
	sink->base.takes_lines = true;
	sink->base.name = psprintf("file \"%s\"", path);
	sink->path = pstrdup(path);
	sink->mode = mode;
	sink->fd = -1;
	return &sink->base;
}

/*
 * Open or create the file, as its mode says, and stand at its end.
 *
 * Raises an error for file access if it cannot be opened, with a hint if it
 * exists and must not.
 */
static void
file_open(SpindleSink *sink, TupleDesc desc)
{
	FileSink   *file = (FileSink *) sink;
	mode_t		old_umask;
	struct stat st;

	/* as COPY TO does it: others may read the file */
	old_umask = umask(S_IWGRP | S_IWOTH);
	PG_TRY();
	{
		/* in here, as a jump back out of it may change a variable from before */
		int			flags = O_WRONLY | O_CREAT | PG_BINARY;

		if (file->mode == SPINDLE_FILE_REPLACE)
			flags |= O_TRUNC;
		else if (file->mode == SPINDLE_FILE_CREATE)
			flags |= O_EXCL;
		file->fd = OpenTransientFilePerm(file->path, flags, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
	}
	PG_FINALLY();
	{
		umask(old_umask);
	}
	PG_END_TRY();
	if (file->fd < 0)
	{
		bool		exists = errno == EEXIST;

		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open file \"%s\" for writing: %m", file->path),
				 exists ?
				 errhint("Mode \"x\" wants a new file; \"w\" replaces and \"a\" appends.") : 0));
	}
	if (fstat(file->fd, &st) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not stat file \"%s\": %m", file->path)));
	file->is_regular = S_ISREG(st.st_mode);
	if (file->mode == SPINDLE_FILE_APPEND && file->is_regular)
	{
		file->size = st.st_size;
		if (lseek(file->fd, 0, SEEK_END) < 0)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not seek in file \"%s\": %m", file->path)));
	}
	initStringInfo(&sink->buffer);
	enlargeStringInfo(&sink->buffer, BUFFER_SIZE + BUFFER_SIZE / 8);
}

/*
 * A write has failed after some bytes of the lines: keep complete ones, and
 * say how many there are in all.  errno says what has failed.  Those of lines
 * that were written completely are added to events_sent.  A device or pipe
 * cannot be cut back.
 */
static void
report_write_error(FileSink *file, const char *lines, int written)
{
	int			save_errno = errno;
	int			complete = 0;

	for (int i = 0; i < written; i++)
	{
		if (lines[i] == '\n')
		{
			file->base.events_sent++;
			complete = i + 1;
		}
	}
	if (file->is_regular && ftruncate(file->fd, file->size + complete) != 0)
		ereport(WARNING,
				(errcode_for_file_access(),
				 errmsg("could not truncate file \"%s\" after its last complete line: %m", file->path)));
	errno = save_errno;
	ereport(ERROR,
			(errcode_for_file_access(),
			 errmsg("could not write to file \"%s\": %m", file->path),
			 errdetail("Complete lines written before: " INT64_FORMAT ".", file->base.events_sent)));
}

/*
 * Write len bytes of complete lines, and count the events that are pending as
 * sent.
 *
 * Raises an error for file access; a regular file then ends with a complete
 * line.
 */
static void
write_all(FileSink *file, const char *lines, int len)
{
	int			written = 0;

	/* not in the midst of them, which would leave half a line */
	CHECK_FOR_INTERRUPTS();
	while (written < len)
	{
		ssize_t		n;

		errno = 0;
		n = write(file->fd, lines + written, len - written);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
		{
			/* a write of nothing means a full disk */
			if (errno == 0)
				errno = ENOSPC;
			report_write_error(file, lines, written);
		}
		written += (int) n;
	}
	file->size += len;
	spindle_sink_count(&file->base);
}

/* Write the buffer.  Data are with the system then, but not yet on disk. */
static void
file_flush(SpindleSink *sink)
{
	write_all((FileSink *) sink, sink->buffer.data, sink->buffer.len);
	resetStringInfo(&sink->buffer);
}

/*
 * Write lines that somebody else has made, without copying them to the buffer,
 * which is empty where lines are given.
 */
static void
file_write_lines(SpindleSink *sink, const char *lines, int len, int64 nevents)
{
	sink->pending_events = nevents;
	sink->pending_bytes = len;
	write_all((FileSink *) sink, lines, len);
}

/* End the event's line in the buffer, and write the buffer if it is full. */
static bool
file_write(SpindleSink *sink, const SpindleSinkEvent *event)
{
	appendStringInfoCharMacro(&sink->buffer, '\n');
	sink->pending_events++;
	sink->pending_bytes += sink->buffer.len - event->start;
	if (sink->buffer.len >= BUFFER_SIZE)
		file_flush(sink);
	return true;
}

/*
 * Flush the file to disk and close it.  Raises an error for file access if
 * either fails: the events may be lost then.
 */
static void
file_close(SpindleSink *sink)
{
	FileSink   *file = (FileSink *) sink;

	if (file->is_regular && pg_fsync(file->fd) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not fsync file \"%s\": %m", file->path)));
	if (CloseTransientFile(file->fd) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not close file \"%s\": %m", file->path)));
}
