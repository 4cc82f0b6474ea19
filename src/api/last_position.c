/*-------------------------------------------------------------------------
 *
 * last_position.c
 *		SQL function spindle_last_position: how far spindle_to_tables has come.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/pg_lsn.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "api/args.h"
#include "apply/play.h"
#include "compat.h"
#include "library/change_call.h"
#include "library/library.h"
#include "model/model.h"

PG_FUNCTION_INFO_V1(spindle_last_position);

/* Positions of the arguments. */
enum
{
	ARG_SCHEMA,
	ARG_DOMAIN,
	ARG_SCALE,
	ARG_SEED,
	ARG_PROFILE
};

/* Columns of the result. */
#define RESULT_COLUMNS	6

/* Whose position a row tells, and where that is kept. */
typedef struct Place
{
	const SpindleDomain *domain;
	SpindlePositionKind kind;
	ReturnSetInfo *rsinfo;
} Place;

/* Add a row to the result. */
static void
add_row(const Place *place, const SpindleKept *kept)
{
	Datum		values[RESULT_COLUMNS];
	bool		nulls[RESULT_COLUMNS] = {false};

	values[0] = CStringGetTextDatum(spindle_position_kind_name(place->kind));
	values[1] = Int32GetDatum(kept->session);
	values[2] = Int32GetDatum(kept->sessions);
	nulls[1] = nulls[2] = kept->session == 0;
	values[3] = LSNGetDatum(kept->position);
	values[4] = Int32GetDatum(kept->changes);

	/* what is there from the start has no time */
	values[5] = TimestampTzGetDatum(kept->has_position ? spindle_change_time(place->domain, kept->position) : 0);
	nulls[3] = !kept->has_position;
	nulls[5] = !kept->has_position || kept->position == 0;
	tuplestore_putvalues(place->rsinfo->setResult, place->rsinfo->setDesc, values, nulls);
}

/*
 * Add the rows of what is kept in one place: first up to where all is there, then how
 * far each session is, where they are not equally far.
 */
static void
add_rows(const Place *place, List *list)
{
	SpindleKept all = {0};
	bool		has_own = false;
	int			nahead = 0;
	ListCell   *lc;

	foreach(lc, list)
	{
		const SpindleKept *kept = lfirst(lc);

		/* the stream's own comes first; all sessions are there at least */
		if (kept->session == 0)
		{
			all = *kept;
			has_own = true;
		}
		else if (!all.has_position || kept->position > all.position)
			nahead++;
	}
	if (nahead > 0)
	{
		SpindleKept slowest = {0};
		int			n = 0;

		foreach(lc, list)
		{
			const SpindleKept *kept = lfirst(lc);

			if (kept->session == 0)
				continue;
			if (n++ == 0 || kept->position < slowest.position)
				slowest = *kept;
		}

		/* one that has yet to begin is where the stream was */
		if (n == slowest.sessions && (!has_own || slowest.position > all.position))
			all = (SpindleKept) {.has_position = true,.position = slowest.position};
	}
	if (list != NIL)
		add_row(place, &all);
	foreach(lc, list)
	{
		const SpindleKept *kept = lfirst(lc);

		if (nahead > 0 && kept->session > 0)
			add_row(place, kept);
	}
}

/*
 * spindle_last_position(schema_name, domain, scale, seed, profile)
 *		How far spindle_to_tables has come in a schema, by what it kept in an origin
 *		and in a table; no row if it kept nothing.
 *
 * Raises null_value_not_allowed and undefined_object for arguments, and
 * insufficient_privilege for a table that may not be read.  Origins that the caller
 * may not ask for are left out.
 */
Datum
spindle_last_position(PG_FUNCTION_ARGS)
{
	static const SpindlePositionKind kinds[] = {SPINDLE_POSITION_ORIGIN, SPINDLE_POSITION_TABLE};
	SpindleInstance *instance;
	const char *profile;
	char	   *schema = spindle_arg_optional_text(fcinfo, ARG_SCHEMA);
	MemoryContext context = CurrentMemoryContext;
	SpindleApplyOptions options = {0};

	InitMaterializedSRF(fcinfo, 0);
	instance = spindle_library_instance(spindle_arg_text(fcinfo, ARG_DOMAIN, "domain"),
										spindle_arg_optional_text(fcinfo, ARG_SCALE),
										spindle_arg_int64(fcinfo, ARG_SEED, "seed"), context);
	profile = spindle_change_profile(instance->domain, spindle_arg_optional_text(fcinfo, ARG_PROFILE));
	options.instance = instance;
	options.schema = schema;
	options.selected = palloc(sizeof(bool) * Max(instance->domain->ntables, 1));
	memset(options.selected, true, sizeof(bool) * instance->domain->ntables);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to the SPI manager");
	schema = unconstify(char *, spindle_play_schema(&options));
	for (int i = 0; i < lengthof(kinds); i++)
	{
		const Place place = {.domain = instance->domain,.kind = kinds[i],.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo};
		SpindlePosition *position =
			spindle_position_create(kinds[i], schema, spindle_position_stream(schema, instance, profile), 0, 0,
									CurrentMemoryContext);

		if (spindle_position_is_readable(position))
			add_rows(&place, spindle_position_list(position));
	}
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
	return (Datum) 0;
}
