/*-------------------------------------------------------------------------
 *
 * spindle.c
 *		The module itself: magic and settings.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "api/support.h"
#include "scan/groups.h"
#include "scan/statistics.h"
#include "server/progress.h"
#include "spindle.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

/*
 * Where an administrator keeps domain definitions of the site's own.  They
 * come before those installed with the extension.  Reading server files is
 * what it does, hence superusers only.
 */
char	   *spindle_domain_directory = NULL;

/*
 * _PG_init
 *		Called once per process, when the library is loaded.
 *
 * Defines the settings, puts scan nodes into the planner's way, and answers what
 * it asks about generated tables.  Values that were given before the library was
 * loaded are checked here.  Other settings with the prefix are refused from then
 * on; 14 only warns of those that it has already.
 */
void
_PG_init(void)
{
	DefineCustomStringVariable("spindle.domain_directory",
							   "Sets a directory in which domain definitions are looked for first.",
							   "Definitions installed with the extension are found without it.",
							   &spindle_domain_directory,
							   "",
							   PGC_SUSET,
							   0,
							   NULL, NULL, NULL);
	DefineCustomBoolVariable("spindle.progress",
							 "Sends a notice every two seconds about how far a long job has come.",
							 NULL,
							 &spindle_progress_notices,
							 false,
							 PGC_USERSET,
							 0,
							 NULL, NULL, NULL);

	MarkGUCPrefixReserved("spindle");
	spindle_support_init();
	spindle_statistics_init();
	spindle_groups_init();
}
