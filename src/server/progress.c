/*-------------------------------------------------------------------------
 *
 * progress.c
 *		How far a long job has come.
 *
 * A job tells every now and then how much it has done; every two seconds this
 * is passed on:
 *
 *	- to the client, as a notice, if spindle_progress_notices says so (but not
 *	  by each worker of a parallel query: its leader tells);
 *	- to the process title, as the server's own long-running processes do it,
 *	  if update_process_title is on;
 *	- to the column "query" of pg_stat_activity, as a comment in front of the
 *	  command that the client sent, which stays; background workers that have
 *	  none show the comment's text alone.
 *
 * The views pg_stat_progress_* are not open to extensions: their commands are a
 * fixed list, and none of them is what we do.
 *
 * Scans are jobs, too, several of them at a time in a join.  So a job does not
 * keep the title that it finds, which may be another's: the last one that is not
 * ours is kept for all.
 *
 * A job that ends with an error need not say so: the server sets title and query
 * anew with each command.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/ps_status.h"

#include "server/progress.h"

#define REPORT_INTERVAL		2.0 /* seconds */
#define MAX_TITLE			1024

/* Do jobs of this session tell the client?  Whoever has a setting for it says so. */
bool		spindle_progress_notices = false;

static char our_title[MAX_TITLE];	/* the last one that a job set */
static char server_title[MAX_TITLE];	/* that it took the place of */

/*
 * spindle_progress_start
 *		A job begins.
 *
 * what names it, as in "what: 5 of 10 rows", and is kept by the caller until
 * the job ends; total is a number of units, or SPINDLE_PROGRESS_UNKNOWN, and may
 * be set later.
 */
void
spindle_progress_start(SpindleProgress *progress, const char *what, int64 total, const char *unit)
{
	memset(progress, 0, sizeof(*progress));
	progress->what = what;
	progress->unit = unit;
	progress->total = total;
	progress->notices = spindle_progress_notices && !IsParallelWorker();
	INSTR_TIME_SET_CURRENT(progress->start);
}

/*
 * A text such as "load: 1234 of 5000 rows (24.7 %), 617 rows/s, 6 s left".
 * done is in units, elapsed in seconds and greater than 0.  palloc'd.
 */
static char *
describe(const SpindleProgress *progress, int64 done, double elapsed)
{
	double		rate = done / elapsed;
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "%s: " INT64_FORMAT, progress->what, done);
	if (progress->total >= 0)
		appendStringInfo(&buf, " of " INT64_FORMAT, progress->total);
	appendStringInfo(&buf, " %s", progress->unit);
	if (progress->total > 0)
		appendStringInfo(&buf, " (%.1f %%)", 100.0 * done / progress->total);
	appendStringInfo(&buf, ", %.0f %s/s", rate, progress->unit);
	if (progress->total >= done && done > 0)
		appendStringInfo(&buf, ", %.0f s left", (progress->total - done) / rate);
	return buf.data;
}

/* Show a text in the title of the process; NULL: the server's own again. */
static void
show_title(const char *text)
{
	const char *title;
	int			len;

	title = get_ps_display(&len);
	len = Min(len, MAX_TITLE - 1);
	if (strncmp(title, our_title, len) != 0 || our_title[len] != '\0')
	{
		memcpy(server_title, title, len);
		server_title[len] = '\0';
	}
	set_ps_display(text ? text : server_title);

	/* cut by the server to what it has room for */
	title = get_ps_display(&len);
	len = Min(len, MAX_TITLE - 1);
	memcpy(our_title, title, len);
	our_title[len] = '\0';
}

/*
 * Show a text in the activity view.  Its identifier of the query would be lost
 * with a new text, so it is put back.
 */
static void
show_activity(const char *text)
{
	uint64		query_id = pgstat_get_my_query_id();

	pgstat_report_activity(STATE_RUNNING, text);
	pgstat_report_query_id(query_id, true);
}

/*
 * spindle_progress_report
 *		The job has done so many units by now.
 *
 * Costs a look at the clock, some 30 ns, unless it is time to pass it on.
 *
 * It is passed on every two seconds: to the title of the process, to
 * pg_stat_activity, and if the session wants it in a notice.  No text is kept.
 */
void
spindle_progress_report(SpindleProgress *progress, int64 done)
{
	instr_time	now;
	double		elapsed;
	char	   *text;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, progress->start);
	elapsed = INSTR_TIME_GET_DOUBLE(now);
	if (elapsed - progress->last_report < REPORT_INTERVAL)
		return;
	progress->last_report = elapsed;
	text = describe(progress, done, elapsed);
	show_title(text);
	if (debug_query_string)
	{
		char	   *activity = psprintf("/* %s */ %s", text, debug_query_string);

		show_activity(activity);
		pfree(activity);
	}
	else
		show_activity(text);
	if (progress->notices)
		ereport(NOTICE,
				(errmsg("%s", text)));
	pfree(text);
}

/*
 * The job is done: the process gets its title and its query back.  If nothing
 * was reported nothing has to be undone.  After an error the server sets both
 * anew with the next statement.
 */
void
spindle_progress_end(SpindleProgress *progress)
{
	if (progress->last_report == 0)
		return;
	show_title(NULL);
	if (debug_query_string)
		show_activity(debug_query_string);
}
