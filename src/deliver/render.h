/*-------------------------------------------------------------------------
 *
 * render.h
 *		Lines of a stream, made by several processes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SPINDLE_RENDER_H
#define SPINDLE_RENDER_H

#include "format/format.h"
#include "library/stream_call.h"

/* What lines tell of. */
typedef struct SpindleLineCounts
{
	int64		events;			/* of changes, messages */
	int64		anomalies;
	int64		late;
	int64		changes;
	bool		has_position;	/* a transaction of changes ended, */
	uint64		position;		/* the last one here, */
	bool		in_transaction; /* and one goes on behind them */
} SpindleLineCounts;

/* Complete lines that follow each other; they are the rendering's, until its next call. */
typedef struct SpindleLines
{
	const char *data;			/* UTF-8 */
	int			len;
	SpindleLineCounts counts;
} SpindleLines;

/* Lines in the making. */
typedef struct SpindlePortion
{
	StringInfoData lines;
	SpindleLineCounts counts;
	bool		is_complete;	/* to be handed on */
	bool		is_last;		/* of its slice */
} SpindlePortion;

/* Bytes of lines that go from hand to hand at a time. */
#define SPINDLE_PORTION_BYTES	(512 * 1024)

/*
 * What makes the lines of a stream in slices: those of a slice depend on nothing but
 * its number, from 0.  Each process has one, and each slice that it asks for is behind
 * the last one.  A kind of maker begins its own structure with this.
 */
typedef struct SpindleLineMaker SpindleLineMaker;
struct SpindleLineMaker
{
	/* Begin a slice; false if there is none, and then nslices is known. */
	bool		(*begin) (SpindleLineMaker *maker, int64 slice);
	/* Add lines of up to n events, until the portion is complete. */
	void		(*add) (SpindleLineMaker *maker, SpindlePortion *portion, int n);
	int64		nslices;		/* PG_INT64_MAX while it is not known */
};

/* Which kind, and what another process makes one of; written by write(). */
typedef enum SpindleLinesKind
{
	SPINDLE_LINES_OF_EVENTS,
	SPINDLE_LINES_OF_CHANGES
} SpindleLinesKind;

typedef struct SpindleLinesCall
{
	SpindleLinesKind kind;
	Size		size;			/* bytes, */
	const void *data;			/* which are copied to MAXALIGNed memory */
} SpindleLinesCall;

typedef struct SpindleRendering SpindleRendering;

/* render.c */
extern int	spindle_rendering_workers(int64 nevents);
extern SpindleRendering *spindle_rendering_begin(const SpindleLinesCall *call, SpindleLineMaker *maker, int nworkers);
extern bool spindle_rendering_next(SpindleRendering *rendering, SpindleLines *lines);
extern void spindle_rendering_end(SpindleRendering *rendering);

/* render_events.c */
extern int	spindle_event_lines_workers(const SpindleStreamArguments *args, const SpindleStream *stream);
extern SpindleRendering *spindle_event_lines_begin(const SpindleStreamCall *call, const SpindleStreamArguments *args,
												   SpindleStream *stream, int nworkers);
extern SpindleLineMaker *spindle_event_lines_restore(char *data);

/* render_changes.c */
extern int64 spindle_change_lines_estimate(const SpindleInstance *instance, const SpindleChangeOptions *options);
extern SpindleRendering *spindle_change_lines_begin(const SpindleInstance *instance, const SpindleChangeOptions *options,
													SpindleChanges *changes, const SpindleFormat *format,
													const SpindleFormatOptions *format_options,
													SpindleFormatter *formatter, int nworkers);
extern SpindleLineMaker *spindle_change_lines_restore(char *data);

#endif							/* SPINDLE_RENDER_H */
