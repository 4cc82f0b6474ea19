/*-------------------------------------------------------------------------
 *
 * stream_call.c
 *		What a call asks to be streamed.
 *
 * A call names its source, a domain with scale and seed and perhaps one of its
 * tables, or a relation, and has the stream arguments.  Here the names become
 * instances and feeds.  A call can be sent to another process, which looks up the
 * same once more: values are all it needs.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "nodes/value.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"

#include "library/library.h"
#include "library/source.h"
#include "library/stream_call.h"
#include "server/argument.h"
#include "spindle.h"

/*
 * spindle_is_relation_name
 *		Is there a relation with a name, as regclass would read it?
 *
 * The name may be qualified by a schema, and is searched by search_path else.
 * False for a name that is not well formed, so it raises no error about that;
 * an unknown schema counts as no relation.
 */
bool
spindle_is_relation_name(const char *name)
{
	List	   *parts;
	List	   *names = NIL;
	ListCell   *lc;

	if (!SplitIdentifierString(pstrdup(name), '.', &parts) || parts == NIL || list_length(parts) > 2)
		return false;
	foreach(lc, parts)
		names = lappend(names, makeString(lfirst(lc)));
	return OidIsValid(RangeVarGetRelid(makeRangeVarFromNameList(names), NoLock, true));
}

/*
 * The instance of a domain.  A name without a cast is a domain's, as far as
 * SQL is concerned: if it is that of a relation, the error says what to write.
 * Raises undefined_object, and else what spindle_library_instance() does.  The
 * instance is held by the current memory context.
 */
static SpindleInstance *
get_instance(const char *name, const char *scale, int64 seed)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	SpindleInstance *volatile instance = NULL;

	PG_TRY();
	{
		instance = spindle_library_instance(name, scale, seed, oldcontext);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		if (geterrcode() != ERRCODE_UNDEFINED_OBJECT)
			PG_RE_THROW();
		MemoryContextSwitchTo(oldcontext);
		error = CopyErrorData();
		FlushErrorState();
		if (spindle_is_relation_name(name))
			error->hint = psprintf("To stream the relation of this name, write %s::regclass.", quote_literal_cstr(name));
		ReThrowError(error);
	}
	PG_END_TRY();
	return instance;
}

/*
 * Look up a whole domain, or one of its tables, as a source.
 *
 * Raises undefined_object or undefined_table for names,
 * invalid_parameter_value if time_column is given without a table,
 * feature_not_supported if nothing of the domain has an event time, and what
 * spindle_table_feed_create() does.
 */
static void
domain_source(const SpindleStreamCall *call, const char *time_column, SpindleStreamArguments *args)
{
	SpindleStreamSource *source = &args->source;
	const SpindleDomain *domain;
	SpindleFeed *feed;

	args->instance = get_instance(spindle_argument_text(&call->source[0], "domain"),
								  spindle_stream_option_text(call->option, SPINDLE_OPTION_SCALE),
								  spindle_stream_option_int64(call->option, SPINDLE_OPTION_SEED));
	domain = args->instance->domain;
	source->default_clock = (Timestamp) domain->first_day * USECS_PER_DAY;
	if (!call->source[1].isnull)
	{
		args->table_name = spindle_argument_text(&call->source[1], "table_name");
		feed = spindle_table_feed_create(args->instance, spindle_source_table(domain, args->table_name), time_column,
										 CurrentMemoryContext);
		source->nfeeds = 1;
		source->feed = palloc(sizeof(SpindleFeed *));
		source->feed[0] = feed;
		source->key = spindle_key_derive(feed->root, spindle_label(psprintf("stream of %s", feed->key)));
		return;
	}
	if (time_column)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"timestamp_column\" needs a table"),
				 errhint("Give table_name, or leave timestamp_column out: each table of a domain has its own event time.")));
	source->feed = spindle_table_feeds_of_domain(args->instance, &source->nfeeds, CurrentMemoryContext);
	if (source->nfeeds == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("no table of spindle domain \"%s\" has an event time", domain->name),
				 errhint("Give table_name to stream one of them in the order of its rows.")));
	source->key = spindle_key_derive(args->instance->key, spindle_label("stream of the domain"));
}

/*
 * Look up a relation as a source; who may read it is checked where it is read.
 *
 * Raises invalid_parameter_value if a scale is given, null_value_not_allowed
 * without a relation, and what spindle_relation_feed_create() does.
 */
static void
relation_source(const SpindleStreamCall *call, const char *time_column, SpindleStreamArguments *args)
{
	SpindleStreamSource *source = &args->source;
	char	   *scale = spindle_stream_option_text(call->option, SPINDLE_OPTION_SCALE);
	int64		seed = spindle_stream_option_int64(call->option, SPINDLE_OPTION_SEED);

	spindle_argument_require(&call->source[0], "source");

	/* the default of the first version's declarations is as good as none */
	if (scale && strcmp(scale, "small") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"scale\" has no meaning for a relation"),
				 errhint("A relation has the rows that it has; max_events limits how many are streamed.  "
						 "If a table of a domain is meant, give the seed by name: domain, table_name, seed => "
						 INT64_FORMAT ".", seed)));
	source->nfeeds = 1;
	source->feed = palloc(sizeof(SpindleFeed *));
	source->feed[0] = spindle_relation_feed_create(DatumGetObjectId(call->source[0].value), time_column, seed, CurrentMemoryContext);
	source->key = spindle_key_derive(source->feed[0]->root,
									 spindle_label(psprintf("stream of %s", source->feed[0]->key)));
	args->table_name = source->feed[0]->table_name;
}

/*
 * spindle_streams_relation
 *		Is the source of a function, the argument at a position, a relation?  Else
 *		it is a domain and one of its tables.
 *
 * Positions are counted from 0.  A function with fewer arguments streams no
 * relation.
 */
bool
spindle_streams_relation(Oid function, int at)
{
	Oid		   *types;
	int			n;

	(void) get_func_signature(function, &types, &n);
	return n > at && types[at] == REGCLASSOID;
}

/*
 * Has a function an argument of type jsonb at a position of those that it was called
 * with, of which there are nargs?  The first arguments of a procedure may have been
 * taken out.
 */
static bool
has_jsonb(Oid function, int at, int nargs)
{
	Oid		   *types;
	int			n;

	(void) get_func_signature(function, &types, &n);
	return at < nargs && types[at + n - nargs] == JSONBOID;
}

/*
 * spindle_stream_call_fill
 *		The call of a function with values, whose source begins at a position;
 *		returns the position behind its last stream argument.
 *
 * It is -1 if there are too few values: the script that made the function may be of
 * another version.  The declarations of the first version had no "options".
 *
 * args has nargs values.  They are copied, but not what they point to; members of
 * "options" have taken the places of arguments, and are in the current memory
 * context.  Raises what spindle_stream_options_expand() does.
 */
int
spindle_stream_call_fill(SpindleStreamCall *call, Oid function, int at, const NullableDatum *args, int nargs)
{
	int			noptions = SPINDLE_NUM_STREAM_OPTIONS;

	call->of_relation = spindle_streams_relation(function, at);
	call->nsource = call->of_relation ? 1 : 2;
	if (!has_jsonb(function, at + call->nsource + SPINDLE_OPTION_OPTIONS, nargs))
	{
		noptions = SPINDLE_OPTION_OPTIONS;
		call->option[SPINDLE_OPTION_OPTIONS].isnull = true;
	}
	if (nargs < at + call->nsource + noptions)
		return -1;
	memcpy(call->source, args + at, sizeof(NullableDatum) * call->nsource);
	memcpy(call->option, args + at + call->nsource, sizeof(NullableDatum) * noptions);
	(void) spindle_stream_options_expand(call->option);
	return at + call->nsource + noptions;
}

/*
 * spindle_stream_call_open
 *		Look up the source of a call, and check all that it says.
 *
 * Allocates in the current memory context, which must live as long as the
 * stream, and holds the generated domain, if it is one.  Errors are those of
 * the arguments, with the legal values.  Parallel workers open the same call
 * once more, so all that matters is in its values.
 */
void
spindle_stream_call_open(const SpindleStreamCall *call, SpindleStreamArguments *args)
{
	char	   *time_column = spindle_stream_option_text(call->option, SPINDLE_OPTION_TIMESTAMP_COLUMN);

	memset(args, 0, sizeof(*args));
	if (time_column)
		time_column = pg_server_to_any(time_column, (int) strlen(time_column), PG_UTF8);
	if (call->of_relation)
		relation_source(call, time_column, args);
	else
		domain_source(call, time_column, args);
	spindle_stream_options_read(call->option, &args->source, &args->options);
}

/*
 * How a value that names the source is passed: by value, of *len bytes, if it
 * is the OID of a relation; else as a text.
 */
static bool
source_by_value(const SpindleStreamCall *call, int16 *len)
{
	*len = call->of_relation ? sizeof(Oid) : -1;
	return call->of_relation;
}

/* Bytes that spindle_stream_call_write() needs. */
Size
spindle_stream_call_size(const SpindleStreamCall *call)
{
	Size		size = sizeof(bool);
	int16		len;
	bool		by_value = source_by_value(call, &len);

	for (int i = 0; i < call->nsource; i++)
		size = add_size(size, datumEstimateSpace(call->source[i].value, call->source[i].isnull, by_value, len));
	for (int i = 0; i < SPINDLE_NUM_STREAM_OPTIONS; i++)
	{
		by_value = spindle_option_type_by_value(spindle_stream_option[i].type, &len);
		size = add_size(size, datumEstimateSpace(call->option[i].value, call->option[i].isnull, by_value, len));
	}
	return size;
}

/*
 * spindle_stream_call_write
 *		Write a call to where another process reads it by
 *		spindle_stream_call_restore(), in spindle_stream_call_size() bytes.
 *
 * Values that are toasted are written as they are: a process of the same
 * transaction can read them.
 */
void
spindle_stream_call_write(const SpindleStreamCall *call, char *place)
{
	int16		len;
	bool		by_value = source_by_value(call, &len);

	*(bool *) place = call->of_relation;
	place += sizeof(bool);
	for (int i = 0; i < call->nsource; i++)
		datumSerialize(call->source[i].value, call->source[i].isnull, by_value, len, &place);
	for (int i = 0; i < SPINDLE_NUM_STREAM_OPTIONS; i++)
	{
		by_value = spindle_option_type_by_value(spindle_stream_option[i].type, &len);
		datumSerialize(call->option[i].value, call->option[i].isnull, by_value, len, &place);
	}
}

/*
 * spindle_stream_call_restore
 *		Read a call that spindle_stream_call_write() wrote; its values are
 *		allocated in the current memory context.
 */
void
spindle_stream_call_restore(SpindleStreamCall *call, char *place)
{
	call->of_relation = *(bool *) place;
	call->nsource = call->of_relation ? 1 : 2;
	place += sizeof(bool);
	for (int i = 0; i < call->nsource; i++)
		call->source[i].value = datumRestore(&place, &call->source[i].isnull);
	for (int i = 0; i < SPINDLE_NUM_STREAM_OPTIONS; i++)
		call->option[i].value = datumRestore(&place, &call->option[i].isnull);
}

/* What is streamed, in words; allocated in the current memory context, or part of args. */
const char *
spindle_stream_source_name(const SpindleStreamArguments *args)
{
	return args->instance ? spindle_source_name(args->instance, args->table_name) : args->table_name;
}
