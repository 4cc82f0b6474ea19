/*-------------------------------------------------------------------------
 *
 * support.c
 *		The planner support function of spindle_stream and spindle_rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "nodes/supportnodes.h"

#include "api/support.h"
#include "scan/function_scan.h"

PG_FUNCTION_INFO_V1(spindle_scan_support);

/*
 * spindle_scan_support(internal)
 *		The estimate of rows; nothing for other requests.
 *
 * A number of rows that execution may contradict.  Mistakes in arguments raise
 * no error here, except for files that cannot be read.
 */
Datum
spindle_scan_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestRows))
	{
		SupportRequestRows *rows = (SupportRequestRows *) request;

		if (IsA(rows->node, FuncExpr))
		{
			rows->rows = spindle_scan_rows(rows->root, (FuncExpr *) rows->node);
			PG_RETURN_POINTER(request);
		}
	}
	PG_RETURN_POINTER(NULL);
}

/*
 * spindle_support_init
 *		Called when the library is loaded: scans take the place of these
 *		functions.
 */
void
spindle_support_init(void)
{
	spindle_scan_init(spindle_scan_support);
}
