/*-------------------------------------------------------------------------
 *
 * formats.h
 *		The arguments of deliveries in a format of change data.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_FORMATS_H
#define SPINDLE_FORMATS_H

#include "fmgr.h"

#include "deliver/deliver.h"
#include "library/change_call.h"

extern bool spindle_arg_format(FunctionCallInfo fcinfo, int at, const SpindleStreamCall *call,
							   SpindleChangeCall *change, SpindleChangeDelivery *how);

#endif							/* SPINDLE_FORMATS_H */
