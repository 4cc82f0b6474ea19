/*-------------------------------------------------------------------------
 *
 * lifecycle_states.c
 *		Reading the states that a column of a table goes through.
 *
 * A definition tells a machine as everybody draws it, from the first state on.
 * Rows are generated from the end, as their last state is a column's value.  So
 * for each state we work out how likely a walk from there ends in any other one;
 * by that, a walk can be drawn forward and yet end where it must.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"

#include "define/lifecycle.h"
#include "define/rule_reader.h"

#define MAX_STATES			100
#define MAX_TRANSITIONS		1000
#define DEFAULT_STEPS		32
#define MAX_STEPS			1000

/* Entries of the table of probabilities: 8 MB. */
#define MAX_REACH			1000000

/* Kinds of column that have states. */
#define STATE_KINDS	((1 << SPINDLE_TEXT) | (1 << SPINDLE_INT) | (1 << SPINDLE_BOOL))

/* The number of a state, -1 if it is none so far. */
static int
find_state(const SpindleStates *states, const SpindleType *type, int64 value)
{
	for (int i = 0; i < states->nstates; i++)
		if (spindle_values_equal(type, states->value[i], value))
			return i;
	return -1;
}

/* Add the state that a member names, unless it is known. */
static void
add_state(SpindleParse *parse, const SpindleJson *object, const char *member, SpindleStates *states,
		  const SpindleType *type)
{
	SpindleJson m = spindle_json_member(object, member);
	int64		value = spindle_parse_value(parse, &m, type);

	if (find_state(states, type, value) >= 0)
		return;
	if (states->nstates == MAX_STATES)
		spindle_json_error(&m, NULL, "there are at most %d states.", MAX_STATES);
	states->name[states->nstates] = spindle_json_text(&m);
	states->value[states->nstates++] = value;
}

/*
 * spindle_parse_state_names
 *		Read which column has which states: the first one, and all that
 *		transitions name, in this order.
 */
SpindleStates *
spindle_parse_state_names(SpindleParse *parse, const SpindleJson *node, SpindleTable *table)
{
	static const char *const legal[] = {"column", "initial", "transitions", "max_steps", "before", "within", "unit", NULL};
	SpindleStates *states = palloc0(sizeof(SpindleStates));
	SpindleJson m;
	SpindleJson transitions;
	const SpindleType *type;
	int			i = 0;
	const cJSON *item;

	spindle_json_expect_object(node, legal);
	m = spindle_json_member(node, "column");
	states->column = spindle_parse_column(parse, &m, table->index);
	type = &table->column[states->column].type;
	if (!(STATE_KINDS & (1 << type->kind)))
		spindle_json_error(&m, "States are texts, whole numbers or booleans.", "a column of type %s has no states.",
						   type->name);
	if (table->column[states->column].nullable)
		spindle_json_error(&m, NULL, "a state cannot be null, but column \"%s\" is nullable.",
						   table->column[states->column].name);
	states->value = palloc(sizeof(int64) * MAX_STATES);
	states->name = palloc(sizeof(char *) * MAX_STATES);
	add_state(parse, node, "initial", states, type);
	transitions = spindle_json_member(node, "transitions");
	spindle_json_expect_array(&transitions);
	if (spindle_json_size(&transitions) > MAX_TRANSITIONS)
		spindle_json_error(&transitions, NULL, "there are at most %d transitions.", MAX_TRANSITIONS);
	cJSON_ArrayForEach(item, transitions.value)
	{
		SpindleJson transition = spindle_json_child(&transitions, item, i++);

		spindle_json_expect_object(&transition, NULL);
		add_state(parse, &transition, "from", states, type);
		if (spindle_json_has(&transition, "to"))
			add_state(parse, &transition, "to", states, type);
	}
	return states;
}

/*
 * spindle_parse_state
 *		The number of the state of a table that a node names; an error with the
 *		states there are if there is none.
 */
int
spindle_parse_state(SpindleParse *parse, const SpindleJson *node, int table)
{
	const SpindleStates *states = parse->domain->table[table].lifecycle->states;
	const SpindleType *type = &parse->domain->table[table].column[states->column].type;
	int			state = find_state(states, type, spindle_parse_value(parse, node, type));

	if (state < 0)
	{
		StringInfoData buf;

		initStringInfo(&buf);
		for (int i = 0; i < states->nstates; i++)
			appendStringInfo(&buf, "%s%s", i ? ", " : "", states->name[i]);
		spindle_json_error(node, psprintf("States of table \"%s\": %s.", parse->domain->table[table].name, buf.data),
						   "\"%s\" is not a state.", spindle_json_text(node));
	}
	return state;
}

/* A transition that is being read, with the number of columns that it can set. */
typedef struct Reading
{
	SpindleParse *parse;
	SpindleTable *table;
	SpindleStates *states;
	const cJSON **spec;			/* how each column is set, NULL if it is not */
	bool	  **sets;			/* per transition and column: does it set it? */
} Reading;

/*
 * Read transition number t: {"from", "stay"} or "from", "to", "weight" with the
 * dwell time, "after" and "unit" or "at", and what it sets.
 */
static void
read_transition(Reading *reading, const SpindleJson *node, int t)
{
	static const char *const of_end[] = {"from", "stay", NULL};
	static const char *const of_step[] = {"from", "to", "weight", "after", "unit", "at", "set", NULL};
	SpindleTransition *transition = &reading->states->transition[t];
	int			table = reading->table->index;
	SpindleJson m = spindle_json_member(node, "from");

	transition->from = spindle_parse_state(reading->parse, &m, table);
	transition->to = -1;
	if (spindle_json_has(node, "stay"))
	{
		spindle_json_expect_object(node, of_end);
		m = spindle_json_member(node, "stay");
		transition->weight = spindle_json_number(&m, 1e-9, 1e9);
		return;
	}
	spindle_json_expect_object(node, of_step);
	m = spindle_json_member(node, "to");
	transition->to = spindle_parse_state(reading->parse, &m, table);
	if (transition->to == transition->from)
		spindle_json_error(&m, "Where a life ends in a state, \"stay\" has the weight of that.",
						   "a step leads to another state.");
	transition->weight = 1;
	if (spindle_json_has(node, "weight"))
	{
		m = spindle_json_member(node, "weight");
		transition->weight = spindle_json_number(&m, 1e-9, 1e9);
	}
	if (spindle_json_has(node, "at") == spindle_json_has(node, "after"))
		spindle_json_error(node, NULL, "either \"after\" with \"unit\" or \"at\" is needed.");
	if (spindle_json_has(node, "at"))
	{
		m = spindle_json_member(node, "at");
		if (spindle_json_has(node, "unit"))
			spindle_json_error(node, NULL, "\"unit\" goes with \"after\".");
		transition->has_at = true;
		spindle_parse_time_ref(reading->parse, &m, table, &transition->at);
	}
	else
		spindle_parse_delay(node, &transition->after);
	if (spindle_json_has(node, "set"))
	{
		m = spindle_json_member(node, "set");
		reading->sets[t] = palloc0(sizeof(bool) * reading->table->ncolumns);
		spindle_parse_sets(reading->parse, &m, reading->table, SPINDLE_SET_BY_STATES, reading->spec, reading->sets[t]);
	}
}

/* The first transition of each state, which stand by state, and its weights as shares. */
static void
index_transitions(SpindleStates *states)
{
	int			t = 0;

	states->first = palloc(sizeof(int) * (states->nstates + 1));
	for (int s = 0; s < states->nstates; s++)
	{
		double		sum = 0;

		states->first[s] = t;
		for (; t < states->ntransitions && states->transition[t].from == s; t++)
			sum += states->transition[t].weight;
		for (int i = states->first[s]; i < t; i++)
			states->transition[i].weight /= sum;
	}
	states->first[states->nstates] = t;
}

/*
 * Bring the transitions that were read, with the columns that each sets, into
 * their order: by state, and the end of a life last.  A state that no step leaves
 * ends a life.
 */
static void
order_transitions(Reading *reading, int n)
{
	SpindleStates *states = reading->states;
	SpindleTransition *read = states->transition;
	int			nsets = reading->table->lifecycle->nsets;

	states->transition = palloc0(sizeof(SpindleTransition) * (n + states->nstates));
	states->ntransitions = 0;
	for (int s = 0; s < states->nstates; s++)
	{
		double		stay = 0;
		bool		any = false;

		for (int t = 0; t < n; t++)
		{
			SpindleTransition *to = &states->transition[states->ntransitions];

			if (read[t].from != s)
				continue;
			any = true;
			if (read[t].to < 0)
			{
				stay += read[t].weight;
				continue;
			}
			*to = read[t];
			to->sets = palloc0(sizeof(bool) * Max(nsets, 1));
			for (int i = 0; i < nsets && reading->sets[t]; i++)
				to->sets[i] = reading->sets[t][reading->table->lifecycle->set[i].column];
			states->ntransitions++;
		}
		if (stay > 0 || !any)
		{
			states->transition[states->ntransitions] = (SpindleTransition) {.from = s,.to = -1,.weight = any ? stay : 1};
			states->transition[states->ntransitions++].sets = palloc0(sizeof(bool) * Max(nsets, 1));
		}
	}
	pfree(read);
	index_transitions(states);
}

/*
 * How many steps a walk can have, at most max_steps, which is where one that goes
 * in circles ends; *in_circles tells if there is such a one.  Marks the states
 * that are reached at all.
 */
static int
longest_walk(const SpindleStates *states, int max_steps, bool *reached, bool *in_circles)
{
	bool		here[MAX_STATES] = {false};
	bool		next[MAX_STATES];
	int			n = 0;

	*in_circles = false;
	here[states->initial] = reached[states->initial] = true;
	for (;;)
	{
		bool		any = false;

		CHECK_FOR_INTERRUPTS();
		memset(next, 0, sizeof(next));
		for (int t = 0; t < states->ntransitions; t++)
			if (states->transition[t].to >= 0 && here[states->transition[t].from])
				any = next[states->transition[t].to] = reached[states->transition[t].to] = true;
		if (!any)
			return Min(n, max_steps);

		/* more steps than states, so one of them was there twice */
		if (++n >= states->nstates)
			*in_circles = true;
		if (n >= Max(max_steps, states->nstates))
			return max_steps;
		memcpy(here, next, sizeof(here));
	}
}

/*
 * Work out spindle_states_reach(): within r steps, a walk ends in final here, or
 * takes a step and ends there within r - 1.
 *
 * Where the table would get too large, more steps count as the last number that
 * is told apart.  Then the shares of very long ways are those of shorter ones.
 */
static void
solve_reach(SpindleStates *states)
{
	const Size	n = states->nstates;

	states->horizon = (int) Min(states->nsteps, MAX_REACH / (int) (n * n) - 1);
	states->reach = palloc0(sizeof(double) * n * n * (states->horizon + 1));
	for (int r = 0; r <= states->horizon; r++)
	{
		double	   *reach = states->reach + (Size) r * n * n;

		CHECK_FOR_INTERRUPTS();
		for (int t = 0; t < states->ntransitions; t++)
		{
			const SpindleTransition *transition = &states->transition[t];

			if (transition->to < 0)
				reach[transition->from * n + transition->from] += transition->weight;
			else if (r > 0)
				for (Size final = 0; final < n; final++)
					reach[final * n + transition->from] +=
						transition->weight * reach[final * n + transition->to - n * n];
		}
	}
}

/* "within" and "unit", a total in microseconds. */
static void
read_within(const SpindleJson *node, SpindleStates *states)
{
	SpindleJson m;

	states->within = SPINDLE_NO_BOUND;
	if (!spindle_json_has(node, "within"))
	{
		if (spindle_json_has(node, "unit"))
			spindle_json_error(node, NULL, "\"unit\" goes with \"within\".");
		return;
	}
	m = spindle_json_member(node, "within");
	states->within = (int64) (spindle_json_number(&m, 1e-6, 1e9) * spindle_parse_unit(node));
	if (states->within < 1 || states->within > SPINDLE_MAX_WINDOW)
		spindle_json_error(&m, NULL, "a microsecond to 400 days are possible.");
}

/*
 * That every state can be reached, and that a life can end behind it; and with
 * circles, that there is a bound.
 */
static void
check_machine(SpindleStates *states, const SpindleJson *node, int max_steps)
{
	bool		reached[MAX_STATES] = {false};
	bool		in_circles;
	SpindleJson m;

	states->nsteps = longest_walk(states, max_steps, reached, &in_circles);
	solve_reach(states);
	for (int s = 0; s < states->nstates; s++)
	{
		double		ends = 0;

		if (!reached[s])
			spindle_json_error(node, NULL, "no steps lead from \"%s\" to state \"%s\".", states->name[states->initial],
							   states->name[s]);
		for (int final = 0; final < states->nstates; final++)
			ends += spindle_states_reach(states, final, s, states->nsteps);
		if (ends == 0)
			spindle_json_error(node, "Give a state that can be the last one a transition with \"stay\".",
							   "no life that comes to state \"%s\" ends within %d steps.", states->name[s], states->nsteps);
	}
	if (!in_circles || states->within != SPINDLE_NO_BOUND)
		return;
	m = spindle_json_member(node, "transitions");
	spindle_json_error(&m, "Give \"states\" a bound for the time of all steps, as in \"within\": 30, \"unit\": \"days\".",
					   "the steps form a circle.");
}

/*
 * spindle_parse_states
 *		Read the transitions of a table's states, whose names are known, and the
 *		rest of them.
 */
void
spindle_parse_states(SpindleParse *parse, const SpindleJson *node, SpindleTable *table)
{
	SpindleStates *states = table->lifecycle->states;
	SpindleJson transitions = spindle_json_member(node, "transitions");
	int			n = spindle_json_size(&transitions);
	Reading		reading = {parse, table, states, palloc0(sizeof(cJSON *) * table->ncolumns), palloc0(sizeof(bool *) * Max(n, 1))};
	int			max_steps = DEFAULT_STEPS;
	int			t = 0;
	SpindleJson m = spindle_json_member(node, "initial");
	const cJSON *item;

	states->label = spindle_label(spindle_json_path(node));
	states->initial = spindle_parse_state(parse, &m, table->index);
	states->transition = palloc0(sizeof(SpindleTransition) * Max(n, 1));
	if (spindle_json_has(node, "max_steps"))
	{
		m = spindle_json_member(node, "max_steps");
		max_steps = (int) spindle_json_int64(&m, 1, MAX_STEPS);
	}
	if (spindle_json_has(node, "before"))
	{
		m = spindle_json_member(node, "before");
		states->has_before = true;
		spindle_parse_time_ref(parse, &m, table->index, &states->before);
	}
	read_within(node, states);
	cJSON_ArrayForEach(item, transitions.value)
	{
		SpindleJson transition = spindle_json_child(&transitions, item, t);

		read_transition(&reading, &transition, t++);
	}
	order_transitions(&reading, n);
	check_machine(states, node, max_steps);
	spindle_parse_check_memory(parse->domain, spindle_json_path(node));
	for (t = 0; t < states->ntransitions; t++)
	{
		const SpindleTransition *at = &states->transition[t];

		if (!at->has_at)
			continue;
		for (int i = states->first[at->to]; i < states->first[at->to + 1]; i++)
			if (states->transition[i].to >= 0)
				spindle_json_error(&transitions, NULL,
								   "the step from \"%s\" to \"%s\" is at a time of its own, so no other can follow it.",
								   states->name[at->from], states->name[at->to]);
	}
	pfree(reading.spec);
}
