/*-------------------------------------------------------------------------
 *
 * kept_rows.c
 *		Rows that outlive transactions.
 *
 * Rows are put in, then read as often as one likes, in the same order.  They
 * stay in memory up to work_mem, and beyond that go to a temporary file.
 *
 * The end of a transaction does not close such a file, so the memory context
 * does in which the rows were created: whatever ends a delivery, its context
 * goes, and the file with it.  A tuplestore would not do.  To close one writes
 * what is left in its buffer, and where the disk is full, or temp_file_limit
 * reached, that fails anew in the midst of the cleanup and leaves the file
 * behind; closing a File cannot fail.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "server/kept_rows.h"

#define FIRST_SIZE	8192

struct SpindleKeptRows
{
	MemoryContextCallback callback;
	MemoryContext context;
	bool		is_reading;		/* no row is put in any more */

	/*
	 * Minimal tuples, each at a MAXALIGNed place and with its length in
	 * front: all of them without a file; with one, those that are not yet
	 * written or were read last.
	 */
	char	   *buffer;
	Size		size;			/* allocated */
	Size		filled;
	Size		next;			/* place of the next row to read */

	File		file;			/* -1 if there is none */
	off_t		file_size;
	off_t		offset;			/* where to read on */
};

/* Close the file, if there is one; it is temporary and goes with that. */
static void
close_file(void *arg)
{
	SpindleKeptRows *rows = arg;

	if (rows->file >= 0)
		FileClose(rows->file);
	rows->file = -1;
}

/*
 * spindle_kept_rows_create
 *		No rows, in the current memory context, at whose end or reset all that
 *		they take is released.
 */
SpindleKeptRows *
spindle_kept_rows_create(void)
{
	SpindleKeptRows *rows = palloc0(sizeof(SpindleKeptRows));

	rows->context = CurrentMemoryContext;
	rows->file = -1;
	rows->size = FIRST_SIZE;
	rows->buffer = palloc(rows->size);
	rows->callback.func = close_file;
	rows->callback.arg = rows;
	MemoryContextRegisterResetCallback(rows->context, &rows->callback);
	return rows;
}

/*
 * Write what is in the buffer behind the file's end.  Raises an error for file
 * access, or configuration_limit_exceeded beyond temp_file_limit.  Can be
 * cancelled.
 */
static void
write_buffer(SpindleKeptRows *rows)
{
	Size		written = 0;

	if (rows->file < 0)
		rows->file = OpenTemporaryFile(true);
	while (written < rows->filled)
	{
		int			n;

		CHECK_FOR_INTERRUPTS();
		errno = 0;
		n = FileWrite(rows->file, rows->buffer + written, Min(rows->filled - written, MaxAllocSize),
					  rows->file_size, WAIT_EVENT_BUFFILE_WRITE);
		if (n <= 0)
		{
			/* a write of nothing means a full disk */
			if (errno == 0)
				errno = ENOSPC;
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not write to file \"%s\": %m", FilePathName(rows->file))));
		}
		written += n;
		rows->file_size += n;
	}
	rows->filled = 0;
}

/*
 * Make the buffer larger; what it holds stays.  size may exceed 1 GB.
 */
static void
enlarge(SpindleKeptRows *rows, Size size)
{
	rows->buffer = repalloc_huge(rows->buffer, size);
	rows->size = size;
}

/*
 * spindle_kept_rows_put
 *		Take a copy of a row.
 *
 * No row has been read yet.  Raises what writing to a temporary file does,
 * once work_mem is exceeded.
 */
void
spindle_kept_rows_put(SpindleKeptRows *rows, TupleTableSlot *slot)
{
	bool		should_free;
	MinimalTuple tuple = ExecFetchSlotMinimalTuple(slot, &should_free);
	Size		len = MAXALIGN(tuple->t_len);
	char	   *place;

	Assert(!rows->is_reading);
	if (rows->filled + len > rows->size)
	{
		Size		most = (Size) work_mem * 1024;

		if (rows->filled + len <= most)
			enlarge(rows, Min(Max(rows->size * 2, rows->filled + len), most));
		else
		{
			write_buffer(rows);
			if (len > rows->size)
				enlarge(rows, len);
		}
	}
	place = rows->buffer + rows->filled;
	memcpy(place, tuple, tuple->t_len);

	/* nothing goes to a file that was never set */
	memset(((MinimalTuple) place)->mt_padding, 0, sizeof(((MinimalTuple) place)->mt_padding));
	memset(place + tuple->t_len, 0, len - tuple->t_len);
	rows->filled += len;
	if (should_free)
		heap_free_minimal_tuple(tuple);
}

/*
 * Have at least len bytes from the next row on in the buffer; false at the
 * end.  What is before the next row is given up, so its place may change.
 * Raises an error for file access or data_corrupted.
 */
static bool
have(SpindleKeptRows *rows, Size len)
{
	if (rows->filled - rows->next >= len)
		return true;
	if (rows->file < 0)
		return false;
	memmove(rows->buffer, rows->buffer + rows->next, rows->filled - rows->next);
	rows->filled -= rows->next;
	rows->next = 0;
	if (len > rows->size)
		enlarge(rows, len);
	while (rows->filled < len && rows->offset < rows->file_size)
	{
		int			n;

		CHECK_FOR_INTERRUPTS();
		n = FileRead(rows->file, rows->buffer + rows->filled, Min(rows->size - rows->filled, MaxAllocSize),
					 rows->offset, WAIT_EVENT_BUFFILE_READ);
		if (n < 0)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not read file \"%s\": %m", FilePathName(rows->file))));
		if (n == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("unexpected end of file \"%s\"", FilePathName(rows->file))));
		rows->filled += n;
		rows->offset += n;
	}
	return rows->filled >= len;
}

/*
 * spindle_kept_rows_get
 *		Put the next row into a slot for minimal tuples, where it stays until the
 *		next call; false if there is none.
 *
 * The first call ends the time of putting, as spindle_kept_rows_rewind() does.
 * Raises what reading a temporary file does.
 */
bool
spindle_kept_rows_get(SpindleKeptRows *rows, TupleTableSlot *slot)
{
	MinimalTuple tuple;

	ExecClearTuple(slot);
	if (!rows->is_reading)
		spindle_kept_rows_rewind(rows);
	if (!have(rows, MAXALIGN(SizeofMinimalTupleHeader)))
		return false;
	tuple = (MinimalTuple) (rows->buffer + rows->next);
	if (!have(rows, MAXALIGN(tuple->t_len)))
		elog(ERROR, "a kept row is incomplete");
	tuple = (MinimalTuple) (rows->buffer + rows->next);
	rows->next += MAXALIGN(tuple->t_len);
	ExecStoreMinimalTuple(tuple, slot, false);
	return true;
}

/*
 * spindle_kept_rows_rewind
 *		Begin with the first row again; no row can be put in any more.  Raises
 *		what writing to a temporary file does, the first time.
 */
void
spindle_kept_rows_rewind(SpindleKeptRows *rows)
{
	if (rows->file >= 0 && !rows->is_reading)
		write_buffer(rows);
	rows->is_reading = true;
	rows->next = 0;
	rows->offset = 0;
	if (rows->file >= 0)
		rows->filled = 0;
}

/* Release file and memory before the context does. */
void
spindle_kept_rows_end(SpindleKeptRows *rows)
{
	close_file(rows);

	/* the rest is what the callback looks at */
	pfree(rows->buffer);
	rows->buffer = NULL;
}
