/*-------------------------------------------------------------------------
 *
 * render_changes.c
 *		Lines of changes, for several processes to make.
 *
 * Where a slice begins is known only to who has passed the moments before it.  That
 * takes a tenth of what it takes to compute rows and to write them, so every process
 * passes all moments, and makes the lines of its slices.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "deliver/render.h"
#include "library/library.h"

/* Lines of one transaction that are handed on before it ends. */
#define TRANSACTION_BYTES	(4 * SPINDLE_PORTION_BYTES)

/* Texts that another process has to know. */
typedef enum LinesText
{
	TEXT_DOMAIN,
	TEXT_SCALE,
	TEXT_FORMAT,
	TEXT_PROFILE,
	TEXT_KEY_SEPARATOR,
	NUM_TEXTS
} LinesText;

/* The rest of it; what has addresses stands for nothing there. */
typedef struct ChangeLines
{
	uint64		fingerprint;	/* of the domain's definition */
	int64		seed;
	SpindleChangeOptions options;
	SpindleFormatOptions format_options;
	Size		text[NUM_TEXTS];	/* where they stand from here, 0 for NULL */
} ChangeLines;

/* Messages, which are made lines of. */
typedef struct LineMessages
{
	SpindleMessages messages;	/* must be first */
	SpindlePortion *portion;	/* that they go to */
} LineMessages;

typedef struct ChangeMaker
{
	SpindleLineMaker maker;		/* must be first */
	SpindleChanges *changes;
	SpindleFormatter *formatter;
	LineMessages lines;
	bool		is_cut;			/* the transaction, by the last portion's end */
} ChangeMaker;

/*
 * spindle_change_lines_estimate
 *		How many changes a stream has, more or less: as many as there are rows, evenly
 *		spread over the range of the domain.
 */
int64
spindle_change_lines_estimate(const SpindleInstance *instance, const SpindleChangeOptions *options)
{
	const SpindleDomain *domain = instance->domain;
	const Timestamp start = (Timestamp) domain->first_day * USECS_PER_DAY;
	const Timestamp end = start + (Timestamp) domain->ndays * USECS_PER_DAY;
	Timestamp	from = Max(options->from_time, start);
	const Timestamp to = Min(options->to_time, end);
	double		n = 0;

	if (options->has_after_position)
		from = start + (Timestamp) (options->after_position >> SPINDLE_POSITION_BITS);
	for (int t = 0; t < domain->ntables; t++)
		if (options->table < 0 || options->table == t)
			n += (double) instance->nrows[t];
	n *= (double) Max(to - Min(from, to), 0) / (double) (end - start);
	if (options->max_changes >= 0)
		n = Min(n, (double) options->max_changes);
	return (int64) n;
}

static bool
begin_slice(SpindleLineMaker *base, int64 slice)
{
	return spindle_changes_begin_slice(((ChangeMaker *) base)->changes, slice, &base->nslices);
}

/* A message is complete. */
static void
end_line(SpindleMessages *messages)
{
	LineMessages *lines = (LineMessages *) messages;

	appendStringInfoCharMacro(messages->out, '\n');
	lines->portion->counts.events++;
}

/*
 * A portion ends with a transaction.  Only one that is very long is cut, and then the
 * last portion of it has nothing else.
 */
static void
add_lines(SpindleLineMaker *base, SpindlePortion *portion, int n)
{
	ChangeMaker *maker = (ChangeMaker *) base;
	SpindleLineCounts *counts = &portion->counts;
	SpindleChange change;

	maker->lines.messages.out = &portion->lines;
	maker->lines.portion = portion;
	while (n-- > 0 && !portion->is_complete)
	{
		if (!spindle_changes_next(maker->changes, &change))
		{
			portion->is_complete = portion->is_last = true;
			return;
		}
		spindle_formatter_change(maker->formatter, &change, &maker->lines.messages);
		counts->changes++;
		counts->in_transaction = !change.txn_last;
		portion->is_complete = portion->lines.len >= (change.txn_last ? SPINDLE_PORTION_BYTES : TRANSACTION_BYTES) ||
			(change.txn_last && maker->is_cut);
		if (change.txn_last)
		{
			counts->has_position = true;
			counts->position = change.position;
		}
		if (portion->is_complete)
			maker->is_cut = counts->in_transaction;
	}
}

/* A maker of the lines of changes, in the current memory context. */
static SpindleLineMaker *
create_maker(SpindleChanges *changes, SpindleFormatter *formatter)
{
	ChangeMaker *maker = palloc0(sizeof(ChangeMaker));

	maker->maker.begin = begin_slice;
	maker->maker.add = add_lines;
	maker->maker.nslices = PG_INT64_MAX;
	maker->changes = changes;
	maker->formatter = formatter;
	maker->lines.messages.complete = end_line;
	return &maker->maker;
}

/*
 * spindle_change_lines_begin
 *		Begin to make the lines of all changes that options ask for; see
 *		spindle_rendering_begin().
 *
 * changes are these, without a limit and not read yet, and formatter is of format and
 * format_options.
 */
SpindleRendering *
spindle_change_lines_begin(const SpindleInstance *instance, const SpindleChangeOptions *options,
						   SpindleChanges *changes, const SpindleFormat *format,
						   const SpindleFormatOptions *format_options, SpindleFormatter *formatter, int nworkers)
{
	const SpindleDomain *domain = instance->domain;
	const char *text[NUM_TEXTS] = {
		[TEXT_DOMAIN] = domain->name,
		[TEXT_SCALE] = domain->preset[instance->preset].name,
		[TEXT_FORMAT] = spindle_format_name(format),
		[TEXT_PROFILE] = options->profile,
		[TEXT_KEY_SEPARATOR] = format_options->key_separator,
	};
	ChangeLines lines = {
		.fingerprint = domain->fingerprint,
		.seed = instance->seed,
		.options = *options,
		.format_options = *format_options,
	};
	SpindleLinesCall call = {.kind = SPINDLE_LINES_OF_CHANGES,.size = sizeof(ChangeLines)};
	char	   *data;

	for (int t = 0; t < NUM_TEXTS; t++)
	{
		if (text[t] == NULL)
			continue;
		lines.text[t] = call.size;
		call.size += strlen(text[t]) + 1;
	}
	lines.options.max_changes = -1;
	data = palloc(call.size);
	memcpy(data, &lines, sizeof(ChangeLines));
	for (int t = 0; t < NUM_TEXTS; t++)
		if (text[t])
			strcpy(data + lines.text[t], text[t]);
	call.data = data;
	return spindle_rendering_begin(&call, create_maker(changes, formatter), nworkers);
}

/*
 * spindle_change_lines_restore
 *		The maker of a worker, from what the leader wrote, which stays; NULL if the
 *		definition is another one now.
 */
SpindleLineMaker *
spindle_change_lines_restore(char *data)
{
	ChangeLines *lines = palloc(sizeof(ChangeLines));
	const SpindleChangeNeeds needs = {.images = true};
	const char *text[NUM_TEXTS];
	SpindleInstance *instance;
	SpindleFormatter *formatter;

	memcpy(lines, data, sizeof(ChangeLines));
	for (int t = 0; t < NUM_TEXTS; t++)
		text[t] = lines->text[t] > 0 ? data + lines->text[t] : NULL;
	lines->options.profile = text[TEXT_PROFILE];
	lines->format_options.key_separator = text[TEXT_KEY_SEPARATOR];
	instance = spindle_library_instance(text[TEXT_DOMAIN], text[TEXT_SCALE], lines->seed, CurrentMemoryContext);
	if (instance->domain->fingerprint != lines->fingerprint)
		return NULL;
	formatter = spindle_formatter_create(spindle_format_find(text[TEXT_FORMAT]), &lines->format_options, instance->domain,
										 CurrentMemoryContext);
	return create_maker(spindle_changes_open(instance, &lines->options, &needs, CurrentMemoryContext), formatter);
}
