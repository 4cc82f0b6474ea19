/*-------------------------------------------------------------------------
 *
 * render.h
 *		The lines of a stream, made by several processes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_RENDER_H
#define SPINDLE_RENDER_H

#include "library/stream_call.h"

/*
 * Complete lines of some deliveries that follow each other.  They are the
 * rendering's, until its next call.
 */
typedef struct SpindleLines
{
	const char *data;			/* UTF-8 */
	int			len;
	int64		events;
	int64		anomalies;
	int64		late;
} SpindleLines;

typedef struct SpindleRendering SpindleRendering;

extern int	spindle_rendering_workers(const SpindleStreamArguments *args, const SpindleStream *stream);
extern SpindleRendering *spindle_rendering_begin(const SpindleStreamCall *call, const SpindleStreamArguments *args,
												 SpindleStream *stream, int nworkers);
extern bool spindle_rendering_next(SpindleRendering *rendering, SpindleLines *lines);
extern void spindle_rendering_end(SpindleRendering *rendering);

#endif							/* SPINDLE_RENDER_H */
