/*-------------------------------------------------------------------------
 *
 * heap_writer.c
 *		Rows into the pages of a new table.
 *
 * Nobody else knows a table that this transaction has made, so its pages need not
 * go through the shared buffers, with a search, a lock and a pin for each batch of
 * rows: they are filled in memory of our own and appended to the file.  Rows are
 * formed in their place on the page.
 *
 * This is how the server itself fills new relations when it rewrites a table
 * (CLUSTER) or builds an index, since 17 by smgr_bulk_write(): pages are kept until
 * there are 32, logged, and then written in the order of their blocks.  Here
 * each block is new, so that the file only ever grows.  We cannot call that as it
 * logs pages as images only, which logical decoding cannot take rows from.  Where
 * rows are logged for decoding, we log each page as COPY does that fills an empty
 * one: as its rows, to be put on a new page.  For redo and decoding it is a COPY.
 *
 * A page is registered to be written to disk by the next checkpoint when it is
 * written, or, where the server can do that, the whole file is in the end.  But
 * a checkpoint that begins meanwhile may end without some of the pages,
 * and a crash would then replay the log from behind their records.  So if one
 * has begun since the first record, we write the file to disk ourselves.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/heapam_xlog.h"
#include "access/heaptoast.h"
#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "access/xloginsert.h"
#include "catalog/catalog.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "storage/bufpage.h"
#include "storage/proc.h"
#include "storage/smgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "server/heap_writer.h"

/* Pages that are logged and written together: as images, what fits a record. */
#define MAX_PAGES	32

/* What rows may store elsewhere before their pages are logged; see put_toasted(). */
#define MAX_TOASTED ((Size) MAX_PAGES * BLCKSZ)

struct SpindleHeapWriter
{
	Relation	relation;
	TransactionId xid;
	CommandId	command;
	Size		reserved;		/* bytes of a page to be left free */
	MemoryContext toast_context;	/* of one row that is toasted */
	bool		log_rows;		/* for logical decoding, rather than pages */
	Size		toasted;		/* bytes of toasted rows of the pages in memory */
	BlockNumber first;			/* of the pages in memory */
	int			npages;			/* that have rows; the last one may get more */
	int64		nrows;
	XLogRecPtr	redo;			/* where a crash would replay from, when we
								 * began */
	Page		page[MAX_PAGES];
	BlockNumber block[MAX_PAGES];

	/*
	 * Rows of a page as they are logged.  One takes less there than its line
	 * pointer and its place on the page.
	 */
	union
	{
		char		data[BLCKSZ];
		int16		align;
	}			log;
};

/*
 * spindle_heap_writer_can_write
 *		Can the rows of a table, which this transaction has made and which is
 *		empty, be written in this way?
 *
 * Not those of a table that output plugins may use as a catalog: the command that
 * made each of its rows would have to be logged too.
 *
 * The table must have no indexes besides; the caller looks at that.
 */
bool
spindle_heap_writer_can_write(Relation relation)
{
	return relation->rd_tableam == GetHeapamTableAmRoutine() && relation->rd_createSubid != InvalidSubTransactionId &&
		!RelationIsAccessibleInLogicalDecoding(relation) &&
		(SPINDLE_CAN_LOG_ROWS || !RelationIsLogicallyLogged(relation)) && !RelationUsesLocalBuffers(relation) &&
		RelationGetNumberOfBlocks(relation) == 0;
}

/*
 * spindle_heap_writer_begin
 *		Begin to write a table, in the current memory context.
 *
 * The table stays open and locked by the caller until the end.  command is what
 * rows show as their creator.
 *
 * Takes MAX_PAGES pages of memory.  Between here and the end nobody may read
 * or write the table in another way.  After an error the file goes with the
 * transaction, and memory with its context.
 */
SpindleHeapWriter *
spindle_heap_writer_begin(Relation relation, CommandId command)
{
	SpindleHeapWriter *writer = palloc0(sizeof(SpindleHeapWriter));
	char	   *memory = palloc_aligned(MAX_PAGES * BLCKSZ, PG_IO_ALIGN_SIZE, 0);

	writer->relation = relation;
	writer->xid = GetCurrentTransactionId();
	writer->command = command;
	writer->log_rows = RelationIsLogicallyLogged(relation);
	writer->redo = GetRedoRecPtr();
	writer->reserved = RelationGetTargetPageFreeSpace(relation, HEAP_DEFAULT_FILLFACTOR);
	writer->toast_context = AllocSetContextCreate(CurrentMemoryContext, "spindle toasted row", ALLOCSET_DEFAULT_SIZES);
	for (int i = 0; i < MAX_PAGES; i++)
		writer->page[i] = memory + i * BLCKSZ;
	return writer;
}

/*
 * Log the rows of page i, with all that decoding wants to know.  is_last says that
 * what is toasted belongs to this row or those before, and can be forgotten.
 */
static void
log_rows(SpindleHeapWriter *writer, int i, bool is_last)
{
	Page		page = writer->page[i];
	xl_heap_multi_insert record;
	char	   *end = writer->log.data;
	XLogRecPtr	lsn;

	memset(&record, 0, sizeof(record));
	record.flags = XLH_INSERT_CONTAINS_NEW_TUPLE | (is_last ? XLH_INSERT_LAST_IN_MULTI : 0);
	record.ntuples = PageGetMaxOffsetNumber(page);
	for (OffsetNumber offset = FirstOffsetNumber; offset <= record.ntuples; offset++)
	{
		ItemId		item = PageGetItemId(page, offset);
		HeapTupleHeader tuple = (HeapTupleHeader) PageGetItem(page, item);
		Size		len = ItemIdGetLength(item) - SizeofHeapTupleHeader;
		xl_multi_insert_tuple header = {
			.datalen = len,
			.t_infomask2 = tuple->t_infomask2,
			.t_infomask = tuple->t_infomask,
			.t_hoff = tuple->t_hoff
		};

		/* valgrind would find a byte that is skipped here and not set */
		if (end != (char *) SHORTALIGN(end))
			*end++ = 0;
		memcpy(end, &header, SizeOfMultiInsertTuple);
		end += SizeOfMultiInsertTuple;
		memcpy(end, (char *) tuple + SizeofHeapTupleHeader, len);
		end += len;
	}
	Assert(end <= writer->log.data + sizeof(writer->log));

	/* offsets are not needed for rows that begin a page */
	XLogBeginInsert();
	XLogRegisterData((char *) &record, SizeOfHeapMultiInsert);
	XLogRegisterBlock(0, &writer->relation->rd_locator, MAIN_FORKNUM, writer->block[i], page,
					  REGBUF_STANDARD | REGBUF_WILL_INIT | REGBUF_KEEP_DATA);
	XLogRegisterBufData(0, writer->log.data, end - writer->log.data);
	XLogSetRecordFlags(XLOG_INCLUDE_ORIGIN);
	lsn = XLogInsert(RM_HEAP2_ID, XLOG_HEAP2_MULTI_INSERT | XLOG_HEAP_INIT_PAGE);
	PageSetLSN(page, lsn);
}

/*
 * Append the pages in memory to the file.  They are logged before, if the
 * relation is.  Raises what extending a file does, such as a full disk.
 */
static void
write_pages(SpindleHeapWriter *writer)
{
	Relation	relation = writer->relation;

	for (int i = 0; i < writer->npages; i++)
		writer->block[i] = writer->first + i;
	for (int i = 0; i < writer->npages && writer->log_rows; i++)
		log_rows(writer, i, i == writer->npages - 1);
	if (RelationNeedsWAL(relation) && !writer->log_rows)
		log_newpages(&relation->rd_locator, MAIN_FORKNUM, writer->npages, writer->block, writer->page, true);
	for (int i = 0; i < writer->npages; i++)
	{
		PageSetChecksumInplace(writer->page[i], writer->block[i]);
		smgrextend(spindle_smgr(relation), MAIN_FORKNUM, writer->block[i], writer->page[i], SPINDLE_CAN_REGISTER_SYNC);
	}
	writer->first += writer->npages;
	writer->npages = 0;
	writer->toasted = 0;
}

/*
 * The page that has room for a row of so many bytes.  Writes the pages in
 * memory if they are all full.
 */
static Page
page_with_room(SpindleHeapWriter *writer, Size len)
{
	Size		needed = MAXALIGN(len) + writer->reserved;
	Page		page = writer->npages > 0 ? writer->page[writer->npages - 1] : NULL;

	/* a row that leaves too little free still gets a page to itself */
	if (page && (PageGetHeapFreeSpace(page) >= needed || PageIsEmpty(page)))
		return page;
	if (writer->npages == MAX_PAGES)
		write_pages(writer);
	page = writer->page[writer->npages++];
	PageInit(page, BLCKSZ, 0);
	return page;
}

/*
 * Take the place for a row of so many bytes; *offset is its line pointer.
 * Raises program_limit_exceeded if no page has so much room.
 */
static HeapTupleHeader
take_place(SpindleHeapWriter *writer, Size len, OffsetNumber *offset)
{
	Page		page;
	PageHeader	header;

	if (len > MaxHeapTupleSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("row is too big: size %zu, maximum size %zu", len, (Size) MaxHeapTupleSize)));
	page = page_with_room(writer, len);
	header = (PageHeader) page;
	*offset = PageGetMaxOffsetNumber(page) + 1;
	header->pd_upper -= MAXALIGN(len);
	ItemIdSetNormal(PageGetItemId(page, *offset), header->pd_upper, len);
	header->pd_lower += sizeof(ItemIdData);
	return (HeapTupleHeader) ((char *) page + header->pd_upper);
}

/*
 * Say who made a row, and where it is.  It is on the last page in memory.
 */
static void
stamp(const SpindleHeapWriter *writer, HeapTupleHeader tuple, OffsetNumber offset)
{
	tuple->t_infomask &= ~HEAP_XACT_MASK;
	tuple->t_infomask2 &= ~HEAP2_XACT_MASK;
	tuple->t_infomask |= HEAP_XMAX_INVALID;
	HeapTupleHeaderSetXmin(tuple, writer->xid);
	HeapTupleHeaderSetCmin(tuple, writer->command);
	HeapTupleHeaderSetXmax(tuple, InvalidTransactionId);
	ItemPointerSet(&tuple->t_ctid, writer->first + writer->npages - 1, offset);
}

/*
 * A row with values so long that they are compressed or stored elsewhere; data_len
 * is their size before that.
 *
 * Decoding keeps the pieces of what is stored elsewhere until it has read a record
 * that says that all rows they belong to were there: the last one of those that
 * write_pages() makes.  So when it is called, no row may have been toasted that is
 * not on a page yet; and it is called before a decoder would have to keep
 * much.
 */
static void
put_toasted(SpindleHeapWriter *writer, Datum *values, bool *nulls, Size data_len)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(writer->toast_context);
	HeapTuple	tuple = heap_form_tuple(RelationGetDescr(writer->relation), values, nulls);
	HeapTupleHeader place;
	OffsetNumber offset;

	/* then one more page can be begun without writing any */
	if (writer->log_rows && (writer->npages == MAX_PAGES || writer->toasted > MAX_TOASTED))
		write_pages(writer);
	writer->toasted += data_len;
	tuple = heap_toast_insert_or_update(writer->relation, tuple, NULL, HEAP_INSERT_SKIP_FSM);
	place = take_place(writer, tuple->t_len, &offset);
	memcpy(place, tuple->t_data, tuple->t_len);
	stamp(writer, place, offset);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(writer->toast_context);
}

/*
 * spindle_heap_writer_put
 *		Append a row.
 *
 * values and nulls are those of the table's columns, and are copied;
 * constraints are the caller's business.  Raises program_limit_exceeded for a
 * row that no page can hold, and what writing does.
 */
void
spindle_heap_writer_put(SpindleHeapWriter *writer, Datum *values, bool *nulls)
{
	TupleDesc	desc = RelationGetDescr(writer->relation);
	bool		has_null = memchr(nulls, true, desc->natts) != NULL;
	Size		hoff = MAXALIGN(SizeofHeapTupleHeader + (has_null ? BITMAPLEN(desc->natts) : 0));
	Size		data_len = heap_compute_data_size(desc, values, nulls);
	HeapTupleHeader tuple;
	OffsetNumber offset;

	writer->nrows++;
	if (hoff + data_len > TOAST_TUPLE_THRESHOLD && OidIsValid(writer->relation->rd_rel->reltoastrelid))
	{
		put_toasted(writer, values, nulls, data_len);
		return;
	}
	tuple = take_place(writer, hoff + data_len, &offset);
	HeapTupleHeaderSetNatts(tuple, desc->natts);
	tuple->t_hoff = hoff;
	heap_fill_tuple(desc, values, nulls, (char *) tuple + hoff, data_len, &tuple->t_infomask,
					has_null ? tuple->t_bits : NULL);
	stamp(writer, tuple, offset);
}

/*
 * spindle_heap_writer_end
 *		Write what is still in memory, and release the writer.
 *
 * Afterwards the table can be used as any other.  Rows count in the server's
 * statistics.
 */
void
spindle_heap_writer_end(SpindleHeapWriter *writer)
{
	if (writer->npages > 0)
		write_pages(writer);

	/* no checkpoint may begin between the question and what follows from it */
	spindle_delay_checkpoints();
	if (RelationNeedsWAL(writer->relation) && GetRedoRecPtr() != writer->redo)
	{
		spindle_allow_checkpoints();
		smgrimmedsync(spindle_smgr(writer->relation), MAIN_FORKNUM);
	}
	else
	{
		spindle_smgrregistersync(spindle_smgr(writer->relation), MAIN_FORKNUM);
		spindle_allow_checkpoints();
	}
	pgstat_count_heap_insert(writer->relation, writer->nrows);
	MemoryContextDelete(writer->toast_context);
	pfree(writer->page[0]);
	pfree(writer);
}
