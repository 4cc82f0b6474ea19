/*-------------------------------------------------------------------------
 *
 * heap_writer.c
 *		Rows into the pages of a new table.
 *
 * Nobody else knows a table that this transaction has made, so its pages need not
 * go through the shared buffers, with a search, a lock and a pin for each batch of
 * rows: they are filled in memory of our own and appended to the file, as the
 * server does when it rewrites a table (CLUSTER) or builds an index.  Rows
 * are formed in their place on the page.
 *
 * Pages are logged as images, 32 to a record.  Such a table survives a crash
 * and reaches physical replicas like any other, but logical decoding cannot take
 * rows from images; so where rows are logged for it, this is not the way.
 *
 * The next checkpoint writes the file to disk, as it does for other tables.  But if
 * one begins between the record of a page and the page itself, it may end without
 * that page, and a crash would then replay the log from behind the record.  So if
 * a checkpoint has begun since the first record, we write the file to disk ourselves.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
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
#include "storage/smgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "api/heap_writer.h"
#include "compat.h"

/* Pages that are logged and written together: what fits a record. */
#define MAX_PAGES	32

struct SpindleHeapWriter
{
	Relation	relation;
	TransactionId xid;
	CommandId	command;
	Size		reserved;		/* bytes of a page to be left free */
	MemoryContext toast_context;	/* of one row that is toasted */
	BlockNumber first;			/* of the pages in memory */
	int			npages;			/* that have rows; the last one may get more */
	int64		nrows;
	XLogRecPtr	redo;			/* where a crash would replay from, when we
								 * began */
	Page		page[MAX_PAGES];
	BlockNumber block[MAX_PAGES];
};

/*
 * spindle_heap_writer_can_write
 *		Can the rows of a table, which this transaction has made and which is
 *		empty, be written in this way?
 */
bool
spindle_heap_writer_can_write(Relation relation)
{
	return relation->rd_tableam == GetHeapamTableAmRoutine() && relation->rd_createSubid != InvalidSubTransactionId &&
		!RelationIsLogicallyLogged(relation) && !RelationUsesLocalBuffers(relation) &&
		RelationGetNumberOfBlocks(relation) == 0;
}

/*
 * spindle_heap_writer_begin
 *		Begin to write a table, in the current memory context.
 *
 * The table stays open and locked by the caller until the end.  command is what
 * rows show as their creator.
 */
SpindleHeapWriter *
spindle_heap_writer_begin(Relation relation, CommandId command)
{
	SpindleHeapWriter *writer = palloc0(sizeof(SpindleHeapWriter));
	char	   *memory = palloc_aligned(MAX_PAGES * BLCKSZ, PG_IO_ALIGN_SIZE, 0);

	writer->relation = relation;
	writer->xid = GetCurrentTransactionId();
	writer->command = command;
	writer->redo = GetRedoRecPtr();
	writer->reserved = RelationGetTargetPageFreeSpace(relation, HEAP_DEFAULT_FILLFACTOR);
	writer->toast_context = AllocSetContextCreate(CurrentMemoryContext, "spindle toasted row", ALLOCSET_DEFAULT_SIZES);
	for (int i = 0; i < MAX_PAGES; i++)
		writer->page[i] = memory + i * BLCKSZ;
	return writer;
}

/* Append the pages in memory to the file. */
static void
write_pages(SpindleHeapWriter *writer)
{
	Relation	relation = writer->relation;

	for (int i = 0; i < writer->npages; i++)
		writer->block[i] = writer->first + i;
	if (RelationNeedsWAL(relation))
		log_newpages(&relation->rd_locator, MAIN_FORKNUM, writer->npages, writer->block, writer->page, true);
	for (int i = 0; i < writer->npages; i++)
	{
		PageSetChecksumInplace(writer->page[i], writer->block[i]);
		smgrextend(RelationGetSmgr(relation), MAIN_FORKNUM, writer->block[i], writer->page[i], false);
	}
	writer->first += writer->npages;
	writer->npages = 0;
}

/* The page that has room for a row of so many bytes. */
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

/* Take the place for a row of so many bytes; *offset is its line pointer. */
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

/* Say who made a row, and where it is. */
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

/* A row with values so long that they are compressed or stored elsewhere. */
static void
put_toasted(SpindleHeapWriter *writer, Datum *values, bool *nulls)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(writer->toast_context);
	HeapTuple	tuple = heap_form_tuple(RelationGetDescr(writer->relation), values, nulls);
	HeapTupleHeader place;
	OffsetNumber offset;

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
		put_toasted(writer, values, nulls);
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
 */
void
spindle_heap_writer_end(SpindleHeapWriter *writer)
{
	if (writer->npages > 0)
		write_pages(writer);

	/* after the last page: a checkpoint that begins now will write them all */
	if (RelationNeedsWAL(writer->relation) && GetRedoRecPtr() != writer->redo)
		smgrimmedsync(RelationGetSmgr(writer->relation), MAIN_FORKNUM);
	pgstat_count_heap_insert(writer->relation, writer->nrows);
	MemoryContextDelete(writer->toast_context);
	pfree(writer->page[0]);
	pfree(writer);
}
