/*-------------------------------------------------------------------------
 *
 * instance.c
 *		A domain at one scale with one seed.
 *
 * An instance holds what follows from scale and seed but not from a row: row
 * counts, how children are laid out, the upper levels of timelines, profiles of
 * popularity, and for references to small tables the list of rows to choose
 * from.  All of it is a function of (seed, definition, scale), made when first
 * needed and bounded in size whatever the row counts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "gen/instance.h"

/*
 * spindle_instance_create
 *		The instance of a domain at a scale, given by its number, with a seed.
 *
 * Any seed will do.  preset is one of the domain's, from 0.  It lives in a
 * memory context of its own below the current one, and goes when its context
 * is deleted.  The domain has to stay as long.
 */
SpindleInstance *
spindle_instance_create(SpindleDomain *domain, int preset, int64 seed)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle instance",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	SpindleInstance *instance = palloc0(sizeof(SpindleInstance));

	instance->domain = domain;
	instance->preset = preset;
	instance->seed = seed;
	instance->context = context;
	instance->key = spindle_key_derive(spindle_key_seed((uint64) seed), spindle_label(domain->name));
	instance->nrows = palloc(sizeof(int64) * domain->ntables);
	instance->layout = palloc0(sizeof(SpindleLayout *) * domain->ntables);
	instance->clock = palloc0(sizeof(*instance->clock) * domain->ntables);
	instance->rule_state = palloc0(sizeof(void *) * domain->nrules);
	for (int t = 0; t < domain->ntables; t++)
		instance->nrows[t] = spindle_preset_rows(domain, preset, &domain->table[t]);
	for (int t = 0; t < domain->ntables; t++)
	{
		const SpindleTable *table = &domain->table[t];

		if (table->rows_kind == SPINDLE_ROWS_CHILDREN)
			instance->layout[t] =
				spindle_layout_create(table, spindle_instance_key(instance, spindle_mix(table->label)),
									  instance->nrows[table->rows_parent]);
	}
	MemoryContextSwitchTo(oldcontext);
	return instance;
}

/*
 * spindle_instance_timeline
 *		The timeline of an ordered time that is the own rule of a column of a
 *		table, made on first use and kept by the instance.
 */
SpindleTimeline *
spindle_instance_timeline(SpindleInstance *instance, int table, const SpindleRule *rule)
{
	Assert(rule->kind == SPINDLE_RULE_TIME && rule->time.ordered);
	if (instance->rule_state[rule->index] == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(instance->context);

		instance->rule_state[rule->index] =
			spindle_timeline_create(rule->time.calendar, spindle_instance_key(instance, rule->label),
									instance->nrows[table], rule->time.first_at_start);
		MemoryContextSwitchTo(oldcontext);
	}
	return instance->rule_state[rule->index];
}

/*
 * spindle_instance_sample
 *		What a rule chooses n weighted entries by so that its choices differ, made
 *		on first use and kept by the instance; NULL if all weights are equal.
 *
 * label is that of the draws.
 */
SpindleSample *
spindle_instance_sample(SpindleInstance *instance, const SpindleRule *rule, uint64 label, const double *weight,
						int n)
{
	bool		differ = false;

	for (int i = 1; i < n; i++)
		differ |= weight[i] != weight[0];
	if (differ && instance->rule_state[rule->index] == NULL)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(instance->context);

		instance->rule_state[rule->index] =
			spindle_sample_create(spindle_key_derive(spindle_instance_key(instance, label), 2), 0, NULL, 0, weight, n);
		MemoryContextSwitchTo(oldcontext);
	}
	return instance->rule_state[rule->index];
}
