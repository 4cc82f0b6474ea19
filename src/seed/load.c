/*-------------------------------------------------------------------------
 *
 * load.c
 *		Generated rows into a new table.
 *
 * Where it can, heap_writer.c fills the pages of the table.  Else this is the way
 * COPY takes after it has parsed its input: rows in slots that are used again and
 * again, handed to the table access method a batch at a time, with a state that
 * keeps a target page and a small ring of buffers.  The slots are virtual, so a
 * row goes from the generator's vectors into its heap tuple with a single copy.
 *
 * Nobody but us and event triggers knows the table.  If these have left it as it
 * was made, there are neither indexes nor policies or defaults to see to; else
 * rows are inserted by the executor.  Columns that are NOT NULL never get a null, as the model
 * makes them NOT NULL only if their rule cannot give one.  Foreign keys that the
 * table has already are checked here: the keys of the parent are a sequence of
 * which all numbers are there, so it is enough to compare a value with its ends,
 * where the server would join the two tables.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/hio.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "gen/datum.h"
#include "library/source.h"
#include "seed/load.h"
#include "server/heap_writer.h"

/* What a table may take of the shared buffers before it has to use a ring. */
#define RING_SHARE	8

/* A new table has no free space to look for. */
#define INSERT_OPTIONS	TABLE_INSERT_SKIP_FSM

/* Rows that one INSERT makes, where it has to be one. */
#define INSERT_ROWS	65536

typedef struct Loader
{
	Relation	relation;
	SpindleRows *rows;
	CommandId	command;

	/* where pages are filled */
	SpindleHeapWriter *writer;	/* else NULL */
	Datum	   *values;
	bool	   *nulls;

	/* where the access method takes batches */
	int			nslots;
	TupleTableSlot **slot;
	BulkInsertState bulk_state;
	BufferAccessStrategy ring;	/* for its later part */
	MemoryContext batch_context;	/* heap tuples of a batch */

	int			nchecks;
	struct ReferenceCheck *check;
} Loader;

/* A reference to a table whose keys are start, start + step, and so on. */
typedef struct ReferenceCheck
{
	int			attribute;		/* from 0 */
	int			length;			/* of its type, an integer */
	int64		start;
	int64		step;
	int64		nrows;
	const SpindleColumn *column;
	const SpindleTable *parent;
} ReferenceCheck;

/*
 * The heap copies from virtual slots what it stores.  Other access methods get
 * the kind of slot they ask for.
 */
static TupleTableSlot *
create_slot(Relation relation)
{
	const TupleTableSlotOps *ops = table_slot_callbacks(relation);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(relation),
													ops == &TTSOpsBufferHeapTuple ? &TTSOpsVirtual : ops);

	/* attributes that are not computed stay null */
	memset(slot->tts_isnull, true, RelationGetDescr(relation)->natts);
	return slot;
}

/*
 * spindle_load_can_check
 *		Can the values of a referencing column be checked while they are loaded?
 */
bool
spindle_load_can_check(const SpindleDomain *domain, int table, int column)
{
	const SpindleColumn *c = &domain->table[table].column[column];
	const SpindleTable *parent;
	const SpindleColumn *key;

	if (c->references < 0 || c->references == table)
		return false;
	parent = &domain->table[c->references];
	if (parent->nkeys != 1)
		return false;
	key = &parent->column[spindle_table_single_key(parent)];
	return c->type.ops->is_integer && key->type.ops->is_integer &&
		key->rule->kind == SPINDLE_RULE_SEQUENCE && key->rule->sequence.step > 0;
}

static void
add_checks(Loader *loader, const SpindleInstance *instance, const SpindleSource *source, const bool *checked)
{
	const SpindleTable *table = &instance->domain->table[source->table];

	loader->check = palloc(sizeof(ReferenceCheck) * Max(source->natts, 1));
	for (int i = 0; i < source->natts && checked; i++)
	{
		ReferenceCheck *check = &loader->check[loader->nchecks];
		const SpindleRule *key;

		if (source->column[i] < 0 || !checked[source->column[i]])
			continue;
		loader->nchecks++;
		check->attribute = i;
		check->length = TupleDescAttr(RelationGetDescr(loader->relation), i)->attlen;
		check->column = &table->column[source->column[i]];
		check->parent = &instance->domain->table[check->column->references];
		key = check->parent->column[spindle_table_single_key(check->parent)].rule;
		check->start = key->sequence.start;
		check->step = key->sequence.step;
		check->nrows = instance->nrows[check->parent->index];
	}
}

/* Raise an error if a row refers to a row that does not exist. */
static void
check_references(const Loader *loader, const Datum *values, const bool *nulls)
{
	for (int i = 0; i < loader->nchecks; i++)
	{
		const ReferenceCheck *check = &loader->check[i];
		Datum		value = values[check->attribute];
		int64		key = check->length == 8 ? DatumGetInt64(value) :
		check->length == 4 ? DatumGetInt32(value) : DatumGetInt16(value);
		uint64		distance = (uint64) (key - check->start);

		if (!nulls[check->attribute] &&
			(key < check->start || (check->step > 1 && distance % (uint64) check->step != 0) ||
			 distance / (uint64) check->step >= (uint64) check->nrows))
			ereport(ERROR,
					(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
					 errmsg("value " INT64_FORMAT " of column \"%s\" is not a key of table \"%s\"",
							key, check->column->name, check->parent->name)));
	}
}

/*
 * Begin to insert in bulk.  The ring of buffers that goes with it keeps a large
 * load from pushing all else out of memory, but writes each page once more and
 * leaves none for the indexes to find.  So the first pages go without it.
 */
static void
begin_bulk(Loader *loader)
{
	loader->nslots = SPINDLE_BATCH_ROWS;
	loader->slot = palloc(sizeof(TupleTableSlot *) * loader->nslots);
	for (int i = 0; i < loader->nslots; i++)
		loader->slot[i] = create_slot(loader->relation);
	loader->batch_context = AllocSetContextCreate(CurrentMemoryContext, "spindle load batch", ALLOCSET_DEFAULT_SIZES);
	loader->bulk_state = GetBulkInsertState();
	loader->ring = loader->bulk_state->strategy;
	loader->bulk_state->strategy = NULL;
}

static void
use_ring_if_large(Loader *loader)
{
	if (loader->bulk_state->strategy == NULL &&
		RelationGetNumberOfBlocks(loader->relation) > (BlockNumber) (NBuffers / RING_SHARE))
		loader->bulk_state->strategy = loader->ring;
}

static void
end_bulk(Loader *loader)
{
	table_finish_bulk_insert(loader->relation, INSERT_OPTIONS);
	loader->bulk_state->strategy = loader->ring;
	FreeBulkInsertState(loader->bulk_state);
	for (int i = 0; i < loader->nslots; i++)
		ExecDropSingleTupleTableSlot(loader->slot[i]);
}

/* Let the access method store the n rows of the batch. */
static void
store_in_bulk(Loader *loader, int n)
{
	MemoryContext oldcontext;

	use_ring_if_large(loader);
	for (int i = 0; i < n; i++)
	{
		TupleTableSlot *slot = loader->slot[i];

		ExecClearTuple(slot);
		spindle_rows_get(loader->rows, i, slot->tts_values, slot->tts_isnull);
		ExecStoreVirtualTuple(slot);
		check_references(loader, slot->tts_values, slot->tts_isnull);
	}
	MemoryContextReset(loader->batch_context);
	oldcontext = MemoryContextSwitchTo(loader->batch_context);
	table_multi_insert(loader->relation, loader->slot, n, loader->command, INSERT_OPTIONS, loader->bulk_state);
	MemoryContextSwitchTo(oldcontext);
}

static void
begin_pages(Loader *loader)
{
	const int	natts = RelationGetDescr(loader->relation)->natts;

	loader->writer = spindle_heap_writer_begin(loader->relation, loader->command);
	loader->values = palloc0(sizeof(Datum) * Max(natts, 1));
	loader->nulls = palloc(Max(natts, 1));

	/* attributes that are not computed stay null */
	memset(loader->nulls, true, natts);
	spindle_rows_bind(loader->rows, loader->values, loader->nulls);
}

/* Put the n rows of the batch into pages. */
static void
store_in_pages(Loader *loader, int n)
{
	for (int i = 0; i < n; i++)
	{
		spindle_rows_show(loader->rows, i);
		check_references(loader, loader->values, loader->nulls);
		spindle_heap_writer_put(loader->writer, loader->values, loader->nulls);
	}
}

/*
 * Is a table just what we have made, so that storing rows is all that an INSERT
 * would do?  Nobody else can see it, but event triggers may have changed it.
 * Foreign keys are ours if they are checked here.
 */
static bool
is_as_made(Relation relation, const SpindleTable *table, const bool *checked)
{
	TupleDesc	desc = RelationGetDescr(relation);
	TriggerDesc *triggers = relation->trigdesc;
	int			ncolumns = 0;

	if (relation->rd_rel->relkind != RELKIND_RELATION || relation->rd_rel->relispartition ||
		relation->rd_rules != NULL || RelationGetIndexList(relation) != NIL ||
		(desc->constr && desc->constr->num_check > 0) ||
		check_enable_rls(RelationGetRelid(relation), InvalidOid, true) != RLS_NONE ||
		pg_class_aclcheck(RelationGetRelid(relation), GetUserId(), ACL_INSERT) != ACLCHECK_OK)
		return false;
	for (int i = 0; triggers && i < triggers->numtriggers; i++)
	{
		int			kind = RI_FKey_trigger_type(triggers->triggers[i].tgfoid);

		if (kind == RI_TRIGGER_NONE || (kind == RI_TRIGGER_FK && checked == NULL))
			return false;
	}
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		int			c = att->attisdropped ? -1 : spindle_table_find_column(table, NameStr(att->attname));

		if (att->attisdropped)
			continue;
		if (c < 0 || table->column[c].hidden || att->attgenerated || att->attidentity ||
			att->atttypid != table->column[c].type.oid || att->atttypmod != table->column[c].type.typmod ||
			(att->attnotnull && table->column[c].nullable))
			return false;
		ncolumns++;
	}
	for (int c = 0; c < table->ncolumns; c++)
		ncolumns -= !table->column[c].hidden;
	return ncolumns == 0;
}

/* The schema of our functions, as SQL writes it. */
static char *
extension_schema(void)
{
	if (SPI_execute("SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension e"
					" JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace"
					" WHERE e.extname OPERATOR(pg_catalog.=) 'spindle'", true, 1) != SPI_OK_SELECT || SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension \"%s\" does not exist", "spindle")));
	return SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
}

/*
 * Insert all rows by the executor, as the current user; the result is the number
 * of rows inserted, which triggers and rules decide about.  Needs SPI.
 */
static int64
insert_rows(const char *target, SpindleInstance *instance, int table, SpindleLoadReport report, void *arg)
{
	const SpindleTable *t = &instance->domain->table[table];
	int64		nrows = instance->nrows[table];
	int64		inserted = 0;
	Oid			types[] = {INT8OID, INT8OID};
	char	   *statement;
	StringInfoData names;
	StringInfoData definitions;

	initStringInfo(&names);
	initStringInfo(&definitions);
	for (int c = 0; c < t->ncolumns; c++)
	{
		const SpindleColumn *column = &t->column[c];

		if (column->hidden)
			continue;
		appendStringInfo(&names, "%s%s", names.len ? ", " : "", quote_identifier(column->name));
		appendStringInfo(&definitions, "%s%s %s", definitions.len ? ", " : "", quote_identifier(column->name),
						 format_type_extended(column->type.oid, column->type.typmod,
											  FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
	}
	statement = psprintf("INSERT INTO %s (%s) SELECT %s FROM %s.spindle_rows(%s, %s, %s, '" INT64_FORMAT
						 "', $1, $2) AS generated (%s)", target, names.data, names.data, extension_schema(),
						 quote_literal_cstr(instance->domain->name), quote_literal_cstr(t->name),
						 quote_literal_cstr(instance->domain->preset[instance->preset].name),
						 instance->seed, definitions.data);

	/* what AFTER triggers queue stays within bounds */
	for (int64 row = 0; row < nrows; row += INSERT_ROWS)
	{
		Datum		values[] = {Int64GetDatum(row), Int64GetDatum(Min(INSERT_ROWS, nrows - row))};

		CHECK_FOR_INTERRUPTS();
		if (SPI_execute_with_args(statement, lengthof(types), types, values, NULL, false, 0) < 0)
			elog(ERROR, "could not run statement: %s", statement);
		inserted += (int64) SPI_processed;
		report(arg, inserted);
	}
	return inserted;
}

/*
 * spindle_load
 *		Store all rows of a generated table; the result is their number.
 *
 * The table must have been created in this transaction, with columns of the
 * generated table, and no indexes yet.  checked says of each column whether it
 * has a foreign key already, for which spindle_load_can_check(), or is NULL.
 * If an event trigger has made more of the table, rows are inserted as by INSERT,
 * and the result is what that says; the caller must be connected to SPI.
 * report is called after each batch.
 * Can be cancelled between batches of 512 rows.
 */
int64
spindle_load(Oid relid, SpindleInstance *instance, int table, const bool *checked,
			 SpindleLoadReport report, void *arg)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle load",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleSource source = {.instance = instance,.table = table};
	int64		nrows = instance->nrows[table];
	Loader		loader = {.command = GetCurrentCommandId(true)};

	/* a value that is toasted wants to know which rows others can see */
	PushActiveSnapshot(GetTransactionSnapshot());
	loader.relation = table_open(relid, RowExclusiveLock);
	if (!is_as_made(loader.relation, &instance->domain->table[table], checked))
	{
		char	   *target = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(loader.relation)),
														RelationGetRelationName(loader.relation));

		/* a trigger of the table may change it, which an open relation forbids */
		table_close(loader.relation, NoLock);
		nrows = insert_rows(target, instance, table, report, arg);
		PopActiveSnapshot();
		MemoryContextSwitchTo(oldcontext);
		MemoryContextDelete(context);
		return nrows;
	}
	spindle_source_match(&source, RelationGetDescr(loader.relation),
						 psprintf("table \"%s\"", RelationGetRelationName(loader.relation)));
	add_checks(&loader, instance, &source, checked);
	loader.rows = spindle_rows_create(instance, table, source.column, source.natts, context);
	if (spindle_heap_writer_can_write(loader.relation))
		begin_pages(&loader);
	else
		begin_bulk(&loader);
	for (int64 row = 0; row < nrows; row += SPINDLE_BATCH_ROWS)
	{
		int			n = (int) Min(SPINDLE_BATCH_ROWS, nrows - row);

		CHECK_FOR_INTERRUPTS();
		spindle_rows_fill(loader.rows, row, n);
		if (loader.writer)
			store_in_pages(&loader, n);
		else
			store_in_bulk(&loader, n);
		report(arg, row + n);
	}

	if (loader.writer)
		spindle_heap_writer_end(loader.writer);
	else
		end_bulk(&loader);
	table_close(loader.relation, NoLock);
	PopActiveSnapshot();
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
	return nrows;
}
