/*-------------------------------------------------------------------------
 *
 * function_cost.c
 *		What the planner asks about spindle_stream(), spindle_changes(), spindle_rows()
 *		and spindle_history(): which function a call is one of, how many rows it gives, and
 *		at which cost.
 *
 * Planning must not fail where execution would not, and must not report what
 * execution reports better.  So arguments that are no constants are guessed,
 * and mistakes in names give a guess too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/syscache.h"

#include "library/library.h"
#include "library/source.h"
#include "library/stream_call.h"
#include "scan/function_scan.h"
#include "scan/statistics.h"

/*
 * Is a function written in C, with this name there?  False if there is no such
 * function (it may have been dropped since the plan was begun).
 */
static bool
has_symbol(Oid funcid, const char *symbol)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(funcid));
	bool		result = false;
	bool		is_null;

	if (!HeapTupleIsValid(tuple))
		return false;
	if (((Form_pg_proc) GETSTRUCT(tuple))->prolang == ClanguageId)
	{
		Datum		source = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &is_null);

		result = !is_null && strcmp(TextDatumGetCString(source), symbol) == 0;
	}
	ReleaseSysCache(tuple);
	return result;
}

/*
 * spindle_scan_function
 *		Which of our functions is it?
 *
 * Other libraries must not be loaded to find out, as nobody has asked yet
 * whether the user may call the function.  Ours have a planner support
 * function that only a superuser can give, and that the planner has called
 * before it looks for paths.  The result is SPINDLE_SCAN_NONE for any other
 * function.
 */
SpindleScanFunction
spindle_scan_function(Oid funcid)
{
	Oid			support = get_func_support(funcid);
	FmgrInfo	flinfo;

	if (!OidIsValid(support) || !has_symbol(support, "spindle_scan_support"))
		return SPINDLE_SCAN_NONE;
	fmgr_info(support, &flinfo);
	if (flinfo.fn_addr != spindle_scan_support_function)
		return SPINDLE_SCAN_NONE;
	if (has_symbol(funcid, "spindle_stream"))
		return SPINDLE_SCAN_STREAM;
	if (has_symbol(funcid, "spindle_changes"))
		return SPINDLE_SCAN_CHANGES;
	if (has_symbol(funcid, "spindle_rows"))
		return SPINDLE_SCAN_ROWS;
	if (has_symbol(funcid, "spindle_history"))
		return SPINDLE_SCAN_HISTORY;
	return SPINDLE_SCAN_NONE;
}

/*
 * The value of the n'th argument, from 0, if it is a constant that is not
 * NULL; false, and *value is not set, if it is not known or there are fewer
 * arguments.
 */
static bool
constant_argument(List *args, int n, Datum *value)
{
	Node	   *arg = list_length(args) > n ? list_nth(args, n) : NULL;

	if (arg == NULL || !IsA(arg, Const) || ((Const *) arg)->constisnull)
		return false;
	*value = ((Const *) arg)->constvalue;
	return true;
}

/*
 * The value of the n'th argument, from 0, if it is a constant; a text, palloc'd,
 * or NULL.  False if it is not known or there are fewer arguments.
 */
static bool
optional_text_argument(List *args, int n, char **value)
{
	Node	   *arg = list_length(args) > n ? list_nth(args, n) : NULL;

	if (arg == NULL || !IsA(arg, Const))
		return false;
	*value = ((Const *) arg)->constisnull ? NULL : TextDatumGetCString(((Const *) arg)->constvalue);
	return true;
}

/*
 * The rows of a generated table, or of all tables with event times if none is
 * named, at a scale or, for NULL, the domain's default; 0 if there is a mistake in
 * the names, which execution reports.  *versions, if not NULL, is how many versions
 * each of a table's rows has with the deletes of a profile, which may be NULL.
 *
 * Other errors, for example files that cannot be read, are raised.  The instance is
 * held by the current context, so a plan that is made again soon finds it.
 */
static double
domain_rows(const char *domain, const char *table, const char *scale, const char *profile, double *versions)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	volatile double rows = 0;

	PG_TRY();
	{
		SpindleInstance *instance = spindle_library_instance(domain, scale, 0, CurrentMemoryContext);

		int			wanted = table ? spindle_domain_find_relation(instance->domain, table) : -1;

		for (int t = 0; t < instance->domain->ntables; t++)
			if (table ? t == wanted : instance->domain->table[t].has_event_time)
				rows += (double) instance->nrows[t];
		if (versions && wanted >= 0)
		{
			SpindleSource source = {.instance = instance,.table = wanted};

			spindle_source_set_history(&source, profile);
			*versions = spindle_versions_per_row(&source);
		}
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(oldcontext);
		error = CopyErrorData();

		/* names are reported when the call runs; the rest is not ours */
		if (error->sqlerrcode != ERRCODE_UNDEFINED_OBJECT &&
			error->sqlerrcode != ERRCODE_INVALID_PARAMETER_VALUE)
			PG_RE_THROW();
		FlushErrorState();
		FreeErrorData(error);
	}
	PG_END_TRY();
	return rows;
}

/*
 * A member of an object as what it should be in JSON; false if it is not there, or
 * something else, which execution reports.
 */
static bool
find_member(Jsonb *object, SpindleStreamOptionId id, enum jbvType type, JsonbValue *value)
{
	const char *name = spindle_stream_option[id].name;

	return JB_ROOT_IS_OBJECT(object) &&
		getKeyJsonValueFromContainer(&object->root, name, (int) strlen(name), value) != NULL && value->type == type;
}

/*
 * What the argument "options" of a call of spindle_stream() says: *scale, which is
 * palloc'd, and *limit, the most events, are set if it has them.  False if it is
 * not known.
 *
 * Objects are mostly built by functions that are stable, so these are called here.
 */
static bool
read_options(PlannerInfo *root, FuncExpr *call, char **scale, double *limit)
{
	const int	at = (spindle_streams_relation(call->funcid, 0) ? 1 : 2) + SPINDLE_OPTION_OPTIONS;
	Node	   *arg = list_length(call->args) > at ? list_nth(call->args, at) : NULL;
	Jsonb	   *object;
	JsonbValue	value;

	if (arg && root)
		arg = estimate_expression_value(root, arg);
	if (arg == NULL || !IsA(arg, Const) || ((Const *) arg)->constisnull)
		return arg == NULL || IsA(arg, Const);
	object = DatumGetJsonbP(((Const *) arg)->constvalue);
	if (find_member(object, SPINDLE_OPTION_SCALE, jbvString, &value))
		*scale = pnstrdup(value.val.string.val, value.val.string.len);
	if (find_member(object, SPINDLE_OPTION_MAX_EVENTS, jbvNumeric, &value))
		*limit = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value.val.numeric)));
	return true;
}

/*
 * spindle_scan_rows
 *		The number of rows that a call of one of our functions gives, as far as its
 *		arguments are constants; a guess where they are not.
 *
 * At least 1.  A relation counts with what ANALYZE found; max_events or
 * max_rows limits the result if it is a constant.  skip_events and first_row,
 * and whatever else leaves events out, are not looked at.  Changes count as the rows
 * that have events, histories as rows with as many versions as rows have on average.
 *
 * It is 1000 where nothing is known.
 */
double
spindle_scan_rows(PlannerInfo *root, FuncExpr *call)
{
	const bool	is_relation = spindle_streams_relation(call->funcid, 0);
	const SpindleScanFunction function = spindle_scan_function(call->funcid);
	const int	limit_argument = function == SPINDLE_SCAN_CHANGES ? SPINDLE_CHANGE_MAX_EVENTS :
		function == SPINDLE_SCAN_ROWS ? 5 : function == SPINDLE_SCAN_HISTORY ? 6 : is_relation ? 3 : 4;
	double		rows = 0;
	double		versions = 1;
	double		limit = DBL_MAX;
	Datum		source;
	Datum		number;
	char	   *table;
	char	   *scale = NULL;
	char	   *profile = NULL;
	bool		is_known = is_relation || optional_text_argument(call->args, 2, &scale);

	if (constant_argument(call->args, limit_argument, &number))
		limit = (double) DatumGetInt64(number);
	if (function == SPINDLE_SCAN_STREAM)
		is_known = read_options(root, call, &scale, &limit) && is_known;
	if (is_relation)
	{
		HeapTuple	tuple;

		/* what ANALYZE has found, or -1 */
		if (constant_argument(call->args, 0, &source) &&
			HeapTupleIsValid(tuple = SearchSysCache1(RELOID, source)))
		{
			rows = ((Form_pg_class) GETSTRUCT(tuple))->reltuples;
			ReleaseSysCache(tuple);
		}
	}
	else if (is_known && constant_argument(call->args, 0, &source) && optional_text_argument(call->args, 1, &table))
	{
		if (function == SPINDLE_SCAN_HISTORY)
			(void) optional_text_argument(call->args, 4, &profile);
		rows = domain_rows(TextDatumGetCString(source), table, scale, profile,
						   function == SPINDLE_SCAN_HISTORY ? &versions : NULL);
	}
	if (rows <= 0)
		rows = 1000;
	return Max(1, rint((limit < DBL_MAX ? Min(rows, limit) : rows) * versions));
}

/*
 * spindle_scan_source
 *		The generated table that a call of spindle_rows() or spindle_history() reads,
 *		and by *row and *end its rows *row .. *end - 1; NULL if it is no such call, or
 *		there is a mistake in it.
 *
 * The arguments must be constants.  The result and its instance belong to the
 * current memory context.  Errors that are not about the arguments are raised.
 */
SpindleSource *
spindle_scan_source(RangeTblFunction *function, FuncExpr *call, int64 *row, int64 *end)
{
	const SpindleScanFunction kind = spindle_scan_function(call->funcid);
	MemoryContext oldcontext = CurrentMemoryContext;
	SpindleSource *volatile result = NULL;
	NullableDatum values[8];
	ListCell   *lc;
	char	   *domain = NULL;
	char	   *table = NULL;
	char	   *scale = NULL;

	if ((kind != SPINDLE_SCAN_ROWS && kind != SPINDLE_SCAN_HISTORY) || list_length(call->args) < 6 ||
		list_length(call->args) > lengthof(values) || function->funccolnames == NIL)
		return NULL;

	/* once the domain is there, a mistake is one in what we look at ourselves */
	if (!optional_text_argument(call->args, 0, &domain) || !optional_text_argument(call->args, 1, &table) ||
		!optional_text_argument(call->args, 2, &scale) || domain == NULL || table == NULL ||
		domain_rows(domain, table, scale, NULL, NULL) <= 0)
		return NULL;
	foreach(lc, call->args)
	{
		Const	   *value = lfirst(lc);

		if (!IsA(value, Const))
			return NULL;
		values[foreach_current_index(lc)].value = value->constvalue;
		values[foreach_current_index(lc)].isnull = value->constisnull;
	}
	PG_TRY();
	{
		SpindleSource *source = palloc(sizeof(SpindleSource));
		TupleDesc	desc = BuildDescFromLists(function->funccolnames, function->funccoltypes,
											  function->funccoltypmods, function->funccolcollations);

		if (kind == SPINDLE_SCAN_HISTORY)
			spindle_source_of_history_call(values, desc, source, row, end);
		else
			spindle_source_of_rows_call(values, list_length(call->args), desc, source, row, end);
		result = source;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(oldcontext);
		error = CopyErrorData();

		/* mistakes are reported when the call runs */
		if (error->sqlerrcode != ERRCODE_UNDEFINED_OBJECT && error->sqlerrcode != ERRCODE_UNDEFINED_TABLE &&
			error->sqlerrcode != ERRCODE_UNDEFINED_COLUMN && error->sqlerrcode != ERRCODE_DATATYPE_MISMATCH &&
			error->sqlerrcode != ERRCODE_NULL_VALUE_NOT_ALLOWED && error->sqlerrcode != ERRCODE_INVALID_PARAMETER_VALUE)
			PG_RE_THROW();
		FlushErrorState();
		FreeErrorData(error);
	}
	PG_END_TRY();
	return result;
}

/*
 * spindle_scan_reading_cost
 *		The cost of what is done before the first row: a relation is read, and
 *		sorted.  tuples is the estimate of rows of the call.
 *
 * In the planner's units.  It is 0 for generated tables, whose rows are made
 * when they are asked for.  The sort is reckoned as the planner does one in
 * memory, without the costs of spilling to disk.
 */
Cost
spindle_scan_reading_cost(FuncExpr *call, double tuples)
{
	double		pages = 0;
	Datum		source;
	HeapTuple	tuple;

	if (!spindle_streams_relation(call->funcid, 0))
		return 0;
	if (constant_argument(call->args, 0, &source) &&
		HeapTupleIsValid(tuple = SearchSysCache1(RELOID, source)))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		tuples = Max(tuples, form->reltuples);
		pages = form->relpages;
		ReleaseSysCache(tuple);
	}
	tuples = Max(tuples, 2);
	return seq_page_cost * pages + cpu_tuple_cost * tuples + 2 * cpu_operator_cost * tuples * log2(tuples);
}
