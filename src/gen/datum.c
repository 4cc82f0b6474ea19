/*-------------------------------------------------------------------------
 *
 * datum.c
 *		Generated rows as Datums.
 *
 * A batch of rows is computed column by column.  Most vectors hold Datums as
 * they are; others are turned into Datums here, the whole column at once, as
 * one table says of each type.  Nothing is allocated per row: texts of the
 * definition exist as Datums already, texts put together carry their own varlena
 * header, and numerics and intervals are built in an array of fixed slots.
 *
 * Where the server's type has to read a text, each text of the definition is read
 * once and kept; texts put together are read row by row.
 *
 * All Datums of a batch stay valid until the next batch.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "gen/datum.h"
#include "gen/numeric.h"

/*
 * Memory that a reader keeps: for the values of a batch, and for what reading one
 * text takes.  What a batch needs beyond goes back to the system.
 */
#define BATCH_MEMORY		(64 * 1024)
#define SCRATCH_MEMORY		(32 * 1024)

/* Texts of a definition that a reader keeps as values of a type, at most. */
#define MAX_KEPT		65536

typedef struct DatumForm DatumForm;

/* A text of the definition as a value of the type that has to read it. */
typedef struct KeptValue
{
	const SpindleText *text;	/* hash key */
	Datum		datum;
	char		status;			/* of the hash table */
} KeptValue;

#define SH_PREFIX		kept
#define SH_ELEMENT_TYPE KeptValue
#define SH_KEY_TYPE		const SpindleText *
#define SH_KEY			text
#define SH_HASH_KEY(tb, key)	murmurhash32((uint32) (key)->id)
#define SH_EQUAL(tb, a, b)		((a) == (b))
#define SH_SCOPE		static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* A column that is computed, and what it takes to turn it into Datums. */
typedef struct RowColumn
{
	int			number;			/* of the column in its table */
	int			handle;			/* of the vector */
	const SpindleVector *override;	/* taken in place of that, if not NULL */
	const DatumForm *form;
	const SpindleType *type;
	SpindleInput *input;		/* NULL if the form makes the Datums */
	kept_hash  *kept;			/* what input has made of texts of the
								 * definition */
	StringInfo	text;			/* where a text is put that a form reads */
	const SpindleRows *rows;	/* that the column is part of */
	Datum	   *converted;		/* where the Datums go; NULL if the vector
								 * holds them */
	void	   *slot;			/* what they refer to, if that is kept here */
} RowColumn;

/* How values of a type become Datums. */
struct DatumForm
{
	Oid			type;

	/*
	 * Set column->converted to the Datums of n values.  NULL if the values are
	 * Datums as they are.
	 */
	void		(*convert) (RowColumn *column, const int64 *value, const bool *is_null, int n);
	Size		slot_size;		/* bytes that convert needs for each row */
};

/* Spares rows the question whether a column has nulls. */
static const bool no_nulls[SPINDLE_BATCH_ROWS];

/* What rows are taken from. */
typedef struct BatchColumn
{
	const Datum *value;
	const bool *is_null;
	Size		attribute;		/* position in the rows wanted */
} BatchColumn;

struct SpindleRows
{
	SpindleEval *eval;
	const SpindleTable *table;
	MemoryContext context;		/* of all this */
	int			ncolumns;		/* that are computed */
	RowColumn  *column;
	BatchColumn *batch;			/* the same columns in this batch */
	int			nnullable;		/* those of them that can be NULL */
	BatchColumn **nullable;		/* of batch */
	MemoryContext batch_context;	/* values that are made for the batch */
	MemoryContext scratch;		/* what reading a text leaves behind, NULL if
								 * none is read */
};

/* Each row has a slot of its own, which the next batch writes over. */
static void
convert_decimals(RowColumn *column, const int64 *value, const bool *is_null, int n)
{
	spindle_numerics(column->slot, value, n, column->type->scale, column->type->digits, column->converted);
}

/* Doubles that are reals. */
static void
convert_singles(RowColumn *column, const int64 *value, const bool *is_null, int n)
{
	for (int i = 0; i < n; i++)
	{
		double		d;

		memcpy(&d, &value[i], sizeof(d));
		column->converted[i] = Float4GetDatum((float) d);
	}
}

/* Days of 24 hours, and what is left; no months. */
static void
convert_intervals(RowColumn *column, const int64 *value, const bool *is_null, int n)
{
	Interval   *slot = column->slot;

	for (int i = 0; i < n; i++)
	{
		slot[i].day = (int32) (value[i] / USECS_PER_DAY);
		slot[i].time = value[i] % USECS_PER_DAY;
		slot[i].month = 0;
		column->converted[i] = IntervalPGetDatum(&slot[i]);
	}
}

/* Are its bytes the same in any encoding of a server? */
static bool
is_ascii(const SpindleText *text)
{
	for (int i = 0; i < text->len; i++)
		if (IS_HIGHBIT_SET(text->data[i]))
			return false;
	return true;
}

/*
 * A text as a Datum in the server's encoding.
 *
 * It refers to the text if that has the right form, else it is a copy in the
 * current memory context.  What has json is of the definition, whose datum is
 * there only if it needs no conversion.  Raises untranslatable_character if
 * the server's encoding lacks a character.
 */
static inline Datum
text_datum(const SpindleText *text, int encoding)
{
	if (text->datum == NULL ||
		(text->json == NULL && encoding != PG_UTF8 && encoding != PG_SQL_ASCII && !is_ascii(text)))
	{
		char	   *server = pg_any_to_server(pnstrdup(text->data, text->len), text->len, PG_UTF8);

		return PointerGetDatum(cstring_to_text(server));
	}
	return PointerGetDatum(text->datum);
}

/* Rows that are NULL keep the Datum of some batch before; nobody reads it. */
static void
convert_texts(RowColumn *column, const int64 *value, const bool *is_null, int n)
{
	const int	encoding = GetDatabaseEncoding();

	for (int i = 0; i < n; i++)
		if (!is_null[i])
			column->converted[i] = text_datum((const SpindleText *) (intptr_t) value[i], encoding);
}

/* Where a value is that the server's parser refuses. */
typedef struct InputPlace
{
	const RowColumn *column;
	int			i;				/* row of the batch */
} InputPlace;

/* Tell which row's text it is that a type could not read. */
static void
tell_place(void *arg)
{
	const InputPlace *place = arg;
	const SpindleRows *rows = place->column->rows;

	if (rows == NULL)
		return;					/* a value that is of no row */
	errcontext("column \"%s\" of generated table \"%s\", row " INT64_FORMAT,
			   rows->table->column[place->column->number].name, rows->table->name,
			   spindle_eval_rows(rows->eval)[place->i]);
}

/* A string, which is valid UTF-8, in the server's encoding: itself or a palloc'd one. */
static char *
server_encoded(char *data, int len)
{
	const int	encoding = GetDatabaseEncoding();

	return encoding == PG_UTF8 || encoding == PG_SQL_ASCII ? data : pg_any_to_server(data, len, PG_UTF8);
}

/* A text as a string in the server's encoding, palloc'd. */
static char *
server_string(const SpindleText *text)
{
	return server_encoded(pnstrdup(text->data, text->len), text->len);
}

/*
 * The Datum of a text that a form reads which leaves nothing behind, in the current
 * memory context.
 */
static Datum
read_form(RowColumn *column, const SpindleText *text)
{
	StringInfo	buf = column->text;

	resetStringInfo(buf);
	appendBinaryStringInfo(buf, text->data, text->len);
	return column->type->ops->form->input(column->type, server_encoded(buf->data, buf->len));
}

/*
 * The Datum of a text by the input of the column's type, in the current memory
 * context.
 *
 * What that leaves behind, some kB of a document, is in memory that the next text
 * takes again.  With the batch it would go back to the system and come anew, whose
 * page faults took four fifths of the time of rows with a jsonb.
 */
static Datum
input_text(RowColumn *column, const SpindleText *text)
{
	SpindleInput *input = column->input;
	MemoryContext scratch = column->rows ? column->rows->scratch : NULL;
	MemoryContext oldcontext = scratch ? MemoryContextSwitchTo(scratch) : CurrentMemoryContext;
	Datum		datum = input ? InputFunctionCall(&input->function, server_string(text), input->param, input->typmod) :
	column->type->ops->form->input(column->type, server_string(text));

	if (scratch == NULL)
		return datum;
	MemoryContextSwitchTo(oldcontext);
	datum = input ? datumCopy(datum, input->is_by_value, input->length) : datumCopy(datum, false, -1);
	MemoryContextReset(scratch);
	return datum;
}

/*
 * The same from the kept ones if the text is of the definition.
 */
static Datum
read_text(RowColumn *column, const SpindleText *text)
{
	SpindleInput *input = column->input;
	KeptValue  *entry = text->id >= 0 ? kept_lookup(column->kept, text) : NULL;
	Datum		datum;
	bool		found;

	if (entry)
		return entry->datum;
	datum = input_text(column, text);
	if (text->id >= 0 && column->kept->members < MAX_KEPT)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(column->rows->context);

		datum = datumCopy(datum, input->is_by_value, input->length);
		kept_insert(column->kept, text, &found)->datum = datum;
		MemoryContextSwitchTo(oldcontext);
	}
	return datum;
}

/* Values of a type of the server's, from texts. */
static void
convert_by_input(RowColumn *column, const int64 *value, const bool *is_null, int n)
{
	InputPlace	place = {.column = column};
	ErrorContextCallback callback = {.previous = error_context_stack,.callback = tell_place,.arg = &place};

	error_context_stack = &callback;
	for (place.i = 0; place.i < n; place.i++)
		if (!is_null[place.i])
			column->converted[place.i] = read_text(column, (const SpindleText *) (intptr_t) value[place.i]);
	error_context_stack = callback.previous;
}

/* Texts with a form: those of the definition have Datums, others are read. */
static void
convert_formed(RowColumn *column, const int64 *value, const bool *is_null, int n)
{
	InputPlace	place = {.column = column};
	ErrorContextCallback callback = {.previous = error_context_stack,.callback = tell_place,.arg = &place};

	error_context_stack = &callback;
	for (place.i = 0; place.i < n; place.i++)
	{
		const SpindleText *text = (const SpindleText *) (intptr_t) value[place.i];

		if (is_null[place.i])
			continue;
		if (text->json && text->datum)
			column->converted[place.i] = PointerGetDatum(text->datum);
		else if (column->text)
			column->converted[place.i] = read_form(column, text);
		else
			column->converted[place.i] = input_text(column, text);
	}
	error_context_stack = callback.previous;
}

/* One entry for each type of model/type.c. */
static const DatumForm forms[] = {
	{INT2OID, NULL, 0},
	{INT4OID, NULL, 0},
	{INT8OID, NULL, 0},
	{NUMERICOID, convert_decimals, sizeof(SpindleNumeric)},
	{FLOAT8OID, NULL, 0},
	{FLOAT4OID, convert_singles, 0},
	{BOOLOID, NULL, 0},
	{TEXTOID, convert_texts, 0},
	{VARCHAROID, convert_texts, 0},
	{BPCHAROID, convert_formed, 0},
	{BYTEAOID, convert_formed, 0},
	{INETOID, convert_formed, 0},
	{JSONBOID, convert_formed, 0},
	{JSONOID, convert_formed, 0},
	{UUIDOID, NULL, 0},
	{DATEOID, NULL, 0},
	{TIMESTAMPOID, NULL, 0},
	{TIMESTAMPTZOID, NULL, 0},
	{TIMEOID, NULL, 0},
	{INTERVALOID, convert_intervals, sizeof(Interval)},
};

StaticAssertDecl(sizeof(Datum) == sizeof(int64), "values are passed in 64 bits");

/* The entry of a type that columns can have. */
static const DatumForm *
form_of_type(Oid type)
{
	for (int i = 0; i < lengthof(forms); i++)
		if (forms[i].type == type)
			return &forms[i];
	elog(ERROR, "type %u has no form as a Datum", type);
}

/* Let a type of the server's read a column's texts. */
static void
set_input(RowColumn *column, const SpindleInput *input)
{
	Assert(column->type->ops->is_text);
	column->input = palloc(sizeof(SpindleInput));
	*column->input = *input;
	fmgr_info_copy(&column->input->function, unconstify(FmgrInfo *, &input->function), CurrentMemoryContext);
	column->kept = kept_create(CurrentMemoryContext, 64, NULL);
}

/*
 * spindle_datums_of_values
 *		n values of a type as Datums, at most SPINDLE_BATCH_ROWS; as those of the
 *		type that input reads, if it is not NULL.
 *
 * What they refer to is allocated in the current memory context or belongs to
 * the domain.  Raises untranslatable_character if a text cannot be put into
 * the server's encoding, and what input raises.
 */
void
spindle_datums_of_values(const SpindleType *type, SpindleInput *input, const int64 *value, int n, Datum *datum)
{
	const DatumForm *form = form_of_type(type->oid);
	RowColumn	column = {.type = type,.converted = datum};

	Assert(n <= SPINDLE_BATCH_ROWS);
	if (input)
	{
		for (int i = 0; i < n; i++)
			datum[i] = InputFunctionCall(&input->function, server_string((const SpindleText *) (intptr_t) value[i]),
										 input->param, input->typmod);
		return;
	}
	if (form->slot_size > 0)
		column.slot = palloc0(form->slot_size * Max(n, 1));
	if (form->convert)
		form->convert(&column, value, no_nulls, n);
	else
		memcpy(datum, value, sizeof(Datum) * n);
}

/*
 * spindle_rows_create
 *		Prepare to read some columns of a table, in the order wanted.
 *
 * columns has ncolumns column numbers; an entry -1 stands for a column that is
 * not computed.  inputs has an entry for each, which is copied, or is NULL if all
 * Datums are those of the columns' own types.  The result goes with the memory
 * context parent; the caller keeps the instance pinned.  Raises what
 * spindle_eval_add() raises.
 */
SpindleRows *
spindle_rows_create(SpindleInstance *instance, int table, const int *columns, int ncolumns,
					const SpindleInput *inputs, MemoryContext parent)
{
	return spindle_rows_create_for(spindle_eval_create(instance, table, parent), instance, table,
								   columns, ncolumns, inputs, parent);
}

/*
 * The same for rows that the caller computes with a program of its own, to
 * which the columns are added; see spindle_rows_convert().
 */
SpindleRows *
spindle_rows_create_for(SpindleEval *eval, SpindleInstance *instance, int table, const int *columns, int ncolumns,
						const SpindleInput *inputs, MemoryContext parent)
{
	MemoryContext oldcontext = MemoryContextSwitchTo(parent);
	SpindleRows *rows = palloc0(sizeof(SpindleRows));

	rows->eval = eval;
	rows->table = &instance->domain->table[table];
	rows->context = parent;
	rows->column = palloc0(sizeof(RowColumn) * Max(ncolumns, 1));
	rows->batch = palloc0(sizeof(BatchColumn) * Max(ncolumns, 1));
	rows->nullable = palloc(sizeof(BatchColumn *) * Max(ncolumns, 1));
	rows->batch_context = AllocSetContextCreate(parent, "spindle batch", 0, BATCH_MEMORY, ALLOCSET_DEFAULT_MAXSIZE);
	for (int c = 0; c < ncolumns; c++)
	{
		RowColumn  *column = &rows->column[rows->ncolumns];
		const SpindleType *type;

		if (columns[c] < 0)
			continue;
		if (instance->domain->table[table].column[columns[c]].nullable)
			rows->nullable[rows->nnullable++] = &rows->batch[rows->ncolumns];
		rows->batch[rows->ncolumns++].attribute = (Size) c;
		type = &rows->table->column[columns[c]].type;
		column->number = columns[c];
		column->rows = rows;
		column->type = type;
		column->form = form_of_type(type->oid);
		column->handle = spindle_eval_add_column(rows->eval, columns[c]);
		if (inputs && OidIsValid(inputs[c].function.fn_oid))
			set_input(column, &inputs[c]);
		if (!column->input && column->form->convert == convert_formed && !type->ops->form->is_json)
			column->text = makeStringInfo();
		else if (rows->scratch == NULL && (column->input || column->form->convert == convert_formed))
			rows->scratch = AllocSetContextCreate(parent, "spindle text", 0, SCRATCH_MEMORY, ALLOCSET_DEFAULT_MAXSIZE);
		if (column->form->convert)
			column->converted = palloc0(sizeof(Datum) * SPINDLE_BATCH_ROWS);
		if (column->form->slot_size > 0)
			column->slot = palloc0(column->form->slot_size * SPINDLE_BATCH_ROWS);
	}
	MemoryContextSwitchTo(oldcontext);
	return rows;
}

/*
 * From the next batch on, the values of a column are those of a vector that the
 * caller fills.
 */
void
spindle_rows_override(SpindleRows *rows, int column, const SpindleVector *vector)
{
	for (int c = 0; c < rows->ncolumns; c++)
		if (rows->column[c].number == column)
			rows->column[c].override = vector;
}

/* Turn one computed column into Datums. */
static void
convert_column(const SpindleRows *rows, RowColumn *column, BatchColumn *batch, int n)
{
	const SpindleVector *vector = column->override ? column->override :
	spindle_eval_vector(rows->eval, column->handle);

	batch->is_null = vector->is_null && memchr(vector->is_null, true, n) ? vector->is_null : no_nulls;
	batch->value = column->converted ? column->converted : (const Datum *) vector->value;
	if (column->input)
		convert_by_input(column, vector->value, batch->is_null, n);
	else if (column->converted)
		column->form->convert(column, vector->value, batch->is_null, n);
}

/*
 * spindle_rows_convert
 *		Turn n rows that the program has computed, 0 <= n <=
 *		SPINDLE_BATCH_ROWS, into Datums.
 *
 * They are valid until the next call.  Raises untranslatable_character if a
 * text cannot be put into the server's encoding.
 */
void
spindle_rows_convert(SpindleRows *rows, int n)
{
	MemoryContext oldcontext;

	MemoryContextReset(rows->batch_context);
	oldcontext = MemoryContextSwitchTo(rows->batch_context);
	for (int c = 0; c < rows->ncolumns; c++)
		convert_column(rows, &rows->column[c], &rows->batch[c], n);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * spindle_rows_fill_list
 *		Compute n <= SPINDLE_BATCH_ROWS rows by their numbers, 0 to the table's
 *		last.  Raises what spindle_eval_run() and spindle_rows_convert() raise.
 */
void
spindle_rows_fill_list(SpindleRows *rows, const int64 *list, int n)
{
	spindle_eval_run(rows->eval, list, n);
	spindle_rows_convert(rows, n);
}

/* The same for n rows from number first on. */
void
spindle_rows_fill(SpindleRows *rows, int64 first, int n)
{
	int64		list[SPINDLE_BATCH_ROWS];

	for (int i = 0; i < n; i++)
		list[i] = first + i;
	spindle_rows_fill_list(rows, list, n);
}

/*
 * spindle_rows_get
 *		Set the attributes that are computed to the values of the i'th row of
 *		the batch, i from 0.  The others are left as they are.
 *
 * values and nulls have an entry for each of the columns that
 * spindle_rows_create() was given.  Datums by reference point into the batch.
 */
void
spindle_rows_get(const SpindleRows *rows, int i, Datum *values, bool *nulls)
{
	const BatchColumn *const end = rows->batch + rows->ncolumns;

	for (const BatchColumn *column = rows->batch; column < end; column++)
	{
		values[column->attribute] = column->value[i];
		nulls[column->attribute] = column->is_null[i];
	}
}

/*
 * spindle_rows_no_nulls
 *		Prepare an array of nulls for spindle_rows_get_next(): columns that can
 *		never be NULL are marked so.  The others are left as they are.
 */
void
spindle_rows_no_nulls(const SpindleRows *rows, bool *nulls)
{
	for (int c = 0; c < rows->ncolumns; c++)
		nulls[rows->batch[c].attribute] = false;
}

/*
 * spindle_rows_get_next
 *		As spindle_rows_get(), for a reader that keeps both arrays from row to
 *		row, as scans do: what spindle_rows_no_nulls() has marked is not marked
 *		again.  Not for rows with a vector of the caller's in them.
 *
 * That spares a third of the loads and stores, and is not slower where all
 * columns can be NULL.  Four columns at a time take half of the instructions of
 * one by one.
 */
void
spindle_rows_get_next(const SpindleRows *rows, int i, Datum *values, bool *nulls)
{
	const BatchColumn *column = rows->batch;
	const BatchColumn *const end = column + rows->ncolumns;
	BatchColumn *const *const nullable_end = rows->nullable + rows->nnullable;

	for (; column + 4 <= end; column += 4)
	{
		values[column[0].attribute] = column[0].value[i];
		values[column[1].attribute] = column[1].value[i];
		values[column[2].attribute] = column[2].value[i];
		values[column[3].attribute] = column[3].value[i];
	}
	for (; column < end; column++)
		values[column->attribute] = column->value[i];
	for (BatchColumn *const *nullable = rows->nullable; nullable < nullable_end; nullable++)
		nulls[(*nullable)->attribute] = (*nullable)->is_null[i];
}
