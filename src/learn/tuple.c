/*-------------------------------------------------------------------------
 *
 * tuple.c
 *		Columns of a table whose values are drawn together.
 *
 * Where values follow from others, or few values come together by more than chance,
 * the tuples that there are are counted, in one query, and drawn as often as they
 * are: so all of the columns keep their distributions, and go together as they do.
 * Texts that may not be carried have names or numbers in the tuples.
 *
 * What a tuple tells of its row is told only if k rows have the same of that.  Of
 * rarer tuples the values are dealt out anew, column by column, which leaves each
 * column as it is, and what comes out as it was is left out; and of tuples that fewer than k rows have is told how often k rows
 * of such come in the mean.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "learn/data.h"
#include "learn/query.h"
#include "learn/tuple.h"
#include "math/rng.h"

/* Rows of a table that is read as a whole, at most; of larger ones so many are taken. */
#define CHEAP_ROWS		5e6

/* Rare tuples that are left out rather than mixed, at most, as a share of the rows. */
#define FEW_ROWS		0.002

/* Rows of tuples that are left out, at most, as a share of the rows. */
#define MOST_DROPPED	0.02

/* Rows whose values are dealt out, at most, as a share of the rows. */
#define MOST_MIXED		0.2

/* Tuples with which one that is still rare may change values, at most. */
#define MOST_PARTNERS	100

/* Bytes of a text that cannot be carried that are kept to tell it from others. */
#define MAX_TEXT_BYTES	100

/* A tuple. */
typedef struct Tuple
{
	char	   *text[LEARN_MAX_MEMBERS];	/* NULL for null */
	int			value[LEARN_MAX_MEMBERS];	/* of the member, or -1 for null */
	double		rows;
	double		weight;
	int			mixed;			/* number among those whose values are dealt out, or -1 */
	bool		is_dropped;
} Tuple;

/* What is known of the tuples of some columns. */
typedef struct Tuples
{
	const LearnSchema *schema;
	LearnTable *table;
	int			nmembers;
	LearnMember member[LEARN_MAX_MEMBERS];
	int			n;
	Tuple	   *tuple;			/* most rows first */
	double		all;
	double		mixed;			/* rows of those whose values are dealt out */
	double		dropped;		/* rows of those that are left out */
	Tuple	   *rare;			/* those whose values are dealt out, as they were, by what they tell */
	int			nrare;
} Tuples;

/* A text as it is kept: of a long one that is not carried something that tells it from others. */
static char *
kept_text(const LearnSchema *schema, const char *text)
{
	size_t		len = text ? strlen(text) : 0;

	if (text && len > MAX_TEXT_BYTES && schema->options->carry != SPINDLE_CARRY_ALL)
		return psprintf("\001%016llx@", (unsigned long long) hash_bytes_extended((const unsigned char *) text, (int) len, 0));
	return learn_copy(text);
}

/* A row of the query. */
static void
read_tuple(char *const *value, void *arg)
{
	Tuples	   *tuples = arg;
	Tuple	   *tuple = &tuples->tuple[tuples->n];

	if (tuples->n > LEARN_MAX_TUPLES)
		return;
	for (int m = 0; m < tuples->nmembers; m++)
	{
		tuple->text[m] = kept_text(tuples->schema, value[m]);
		if (value[m] == NULL && tuples->table->column[tuples->member[m].column].not_null)
			return;
	}
	tuple->rows = strtod(value[tuples->nmembers], NULL);
	tuple->mixed = -1;
	tuples->all += tuple->rows;
	tuples->n++;
}

/* Count the tuples; false if there are too many. */
static bool
count_tuples(Tuples *tuples)
{
	StringInfoData query;

	tuples->tuple = palloc0(sizeof(Tuple) * (LEARN_MAX_TUPLES + 1));
	initStringInfo(&query);
	for (int m = 0; m < tuples->nmembers; m++)
	{
		const LearnColumn *column = &tuples->table->column[tuples->member[m].column];

		appendStringInfoString(&query, m ? ", " : "SELECT ");
		learn_append_column(&query, "t", column);
		appendStringInfoString(&query, column->kind == LEARN_TEXT ? "::text COLLATE \"C\"" : "");
	}
	appendStringInfoString(&query, ", count(*) FROM ");
	learn_append_sample(&query, tuples->table, CHEAP_ROWS);
	for (int m = 0; m < tuples->nmembers; m++)
		appendStringInfo(&query, m ? ", %d" : " GROUP BY %d", m + 1);
	appendStringInfo(&query, " ORDER BY count(*) DESC");
	for (int m = 0; m < tuples->nmembers; m++)
		appendStringInfo(&query, ", %d", m + 1);
	appendStringInfo(&query, " LIMIT %d", LEARN_MAX_TUPLES + 1);
	learn_query(query.data, NULL, NULL, read_tuple, tuples);
	return tuples->n >= 2 && tuples->n <= LEARN_MAX_TUPLES;
}

/* A value while values are numbered. */
typedef struct NumberedText
{
	char	   *text;
	int			tuple;			/* in which it stands; of a value, the first of them */
	double		rows;
} NumberedText;

/* For qsort: by text, then as tuples are ordered. */
static int
compare_texts(const void *a, const void *b)
{
	const NumberedText *x = a;
	const NumberedText *y = b;
	int			order = strcmp(x->text, y->text);

	return order ? order : x->tuple - y->tuple;
}

/* For qsort: most rows first, then by text. */
static int
compare_rows(const void *a, const void *b)
{
	const NumberedText *x = a;
	const NumberedText *y = b;

	return x->rows > y->rows ? -1 : x->rows < y->rows ? 1 : strcmp(x->text, y->text);
}

/* Number the values of a member, the one of most rows first. */
static void
number_values(Tuples *tuples, int m)
{
	LearnMember *member = &tuples->member[m];
	NumberedText *at = palloc(sizeof(NumberedText) * tuples->n);
	NumberedText *value = palloc(sizeof(NumberedText) * tuples->n);
	int			n = 0;

	for (int t = 0; t < tuples->n; t++)
	{
		if (tuples->tuple[t].text[m])
			at[n++] = (NumberedText) {tuples->tuple[t].text[m], t, tuples->tuple[t].rows};
		else
			member->has_null = true;
	}
	qsort(at, n, sizeof(NumberedText), compare_texts);
	for (int i = 0; i < n; i++)
	{
		if (i > 0 && strcmp(at[i].text, at[i - 1].text) == 0)
			value[member->nvalues - 1].rows += at[i].rows;
		else
			value[member->nvalues++] = at[i];
	}
	qsort(value, member->nvalues, sizeof(NumberedText), compare_rows);
	member->value = palloc(sizeof(char *) * Max(member->nvalues, 1));
	member->rows = palloc(sizeof(double) * Max(member->nvalues, 1));
	for (int v = 0; v < member->nvalues; v++)
	{
		member->value[v] = value[v].text;
		member->rows[v] = value[v].rows;
		value[v].tuple = v;
	}
	qsort(value, member->nvalues, sizeof(NumberedText), compare_texts);
	for (int t = 0; t < tuples->n; t++)
	{
		char	   *text = tuples->tuple[t].text[m];
		int			first = 0;
		int			end = member->nvalues;

		tuples->tuple[t].value[m] = -1;
		while (text && first < end)
		{
			int			middle = (first + end) / 2;
			int			order = strcmp(value[middle].text, text);

			if (order == 0)
				tuples->tuple[t].value[m] = value[middle].tuple;
			first = order < 0 ? middle + 1 : first;
			end = order < 0 ? end : order == 0 ? first : middle;
		}
	}
	pfree(at);
	pfree(value);
}

/* Does what stands for a member tell something of its row? */
static bool
is_telling(const LearnMember *member)
{
	return member->portrait != LEARN_AS_NUMBERS;
}

/* Compare two tuples by what they tell, groups of values that are not told apart being the same. */
static int
compare_told(const Tuple *x, const Tuple *y, const Tuples *tuples)
{
	for (int m = 0; m < tuples->nmembers; m++)
	{
		const LearnMember *member = &tuples->member[m];
		int			a = x->value[m] < 0 ? -1 : member->group[x->value[m]];
		int			b = y->value[m] < 0 ? -1 : member->group[y->value[m]];

		if (is_telling(member) && a != b)
			return a < b ? -1 : 1;
	}
	return 0;
}

/* For qsort_arg: pointers to tuples, by what they tell. */
static int
compare_told_tuples(const void *a, const void *b, void *arg)
{
	const Tuple *x = *(Tuple *const *) a;
	const Tuple *y = *(Tuple *const *) b;
	int			order = compare_told(x, y, arg);

	return order ? order : x < y ? -1 : x > y;
}

/*
 * Drop the tuples that have a value that cannot be told, and find those that tell what
 * fewer than k rows have; a few of these are dropped, too.  False if too many are.
 */
static bool
find_rare(Tuples *tuples)
{
	const double k = tuples->schema->options->carry == SPINDLE_CARRY_ALL ? 1 : (double) tuples->schema->options->k;
	Tuple	  **sorted = palloc(sizeof(Tuple *) * tuples->n);
	int			n = 0;
	int			nmixed = 0;

	for (int t = 0; t < tuples->n; t++)
	{
		Tuple	   *tuple = &tuples->tuple[t];

		for (int m = 0; m < tuples->nmembers; m++)
			tuple->is_dropped |= tuple->value[m] >= 0 && tuples->member[m].json[tuple->value[m]] == NULL;
		if (tuple->is_dropped)
			tuples->dropped += tuple->rows;
		else
			sorted[n++] = tuple;
	}
	qsort_arg(sorted, n, sizeof(Tuple *), compare_told_tuples, tuples);
	for (int i = 0, end; i < n; i = end)
	{
		double		rows = 0;

		for (end = i; end < n && compare_told(sorted[i], sorted[end], tuples) == 0; end++)
			rows += sorted[end]->rows;
		for (int j = i; j < end && rows < k; j++)
		{
			sorted[j]->mixed = nmixed++;
			tuples->mixed += sorted[j]->rows;
		}
	}
	if (tuples->mixed + tuples->dropped <= FEW_ROWS * tuples->all)
	{
		for (int i = 0; i < n; i++)
			sorted[i]->is_dropped |= sorted[i]->mixed >= 0;
		tuples->mixed = 0;
	}
	tuples->rare = palloc(sizeof(Tuple) * Max(nmixed, 1));
	for (int i = 0; i < n; i++)
		if (sorted[i]->mixed >= 0)
			tuples->rare[tuples->nrare++] = *sorted[i];
	pfree(sorted);
	return tuples->dropped <= MOST_DROPPED * tuples->all;
}

/* Something to be put into an order of no meaning. */
typedef struct Card
{
	uint64		order;
	int			tuple;
	int			value;
} Card;

/* For qsort. */
static int
compare_cards(const void *a, const void *b)
{
	const Card *x = a;
	const Card *y = b;

	return x->order != y->order ? (x->order < y->order ? -1 : 1) : x->tuple - y->tuple;
}

/* Deal out the values of a member among the rare tuples. */
static void
deal(Tuples *tuples, int m)
{
	Card	   *card = palloc(sizeof(Card) * tuples->n);
	int		   *place = palloc(sizeof(int) * tuples->n);
	int			n = 0;

	for (int t = 0; t < tuples->n; t++)
		if (!tuples->tuple[t].is_dropped && tuples->tuple[t].mixed >= 0)
		{
			place[n] = t;
			card[n++] = (Card) {spindle_mix((uint64) m << 32 | (uint64) t), t, tuples->tuple[t].value[m]};
		}
	qsort(card, n, sizeof(Card), compare_cards);
	for (int i = 0; i < n; i++)
		tuples->tuple[place[i]].value[m] = card[i].value;
	pfree(card);
	pfree(place);
}

/* Does a tuple tell what one of those told whose values are dealt out? */
static bool
is_rare(const Tuples *tuples, const Tuple *tuple)
{
	int			first = 0;
	int			end = tuples->nrare;

	while (first < end)
	{
		int			middle = (first + end) / 2;
		int			order = compare_told(&tuples->rare[middle], tuple, tuples);

		if (order == 0)
			return true;
		first = order < 0 ? middle + 1 : first;
		end = order < 0 ? end : middle;
	}
	return false;
}

/* Are the values of a tuple dealt out? */
static bool
is_mixed(const Tuple *tuple)
{
	return tuple->mixed >= 0 && !tuple->is_dropped;
}

/* Let a tuple change its value of a member with another one, so that neither is rare; false if none is found. */
static bool
change_value(Tuples *tuples, Tuple *tuple, int m)
{
	int			at = (int) (tuple - tuples->tuple);
	int			partners = 0;

	for (int i = 1; i < tuples->n && partners < MOST_PARTNERS; i++)
	{
		Tuple	   *other = &tuples->tuple[(at + i) % tuples->n];
		int			value = tuple->value[m];

		if (!is_mixed(other) || other->value[m] == value)
			continue;
		partners++;
		tuple->value[m] = other->value[m];
		other->value[m] = value;
		if (!is_rare(tuples, tuple) && !is_rare(tuples, other))
			return true;
		other->value[m] = tuple->value[m];
		tuple->value[m] = value;
	}
	return false;
}

/* For qsort: most frequent tuples first, then by their values. */
static int
compare_weights(const void *a, const void *b)
{
	const Tuple *x = a;
	const Tuple *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	for (int m = 0; m < LEARN_MAX_MEMBERS; m++)
		if (x->value[m] != y->value[m])
			return x->value[m] < y->value[m] ? -1 : 1;
	return 0;
}

/*
 * Deal out the values of all members that tell something among the rare tuples, but of
 * the one that has fewest values; false if too many would be left out then.
 *
 * Few tuples, or such that differ in little, can come out as they were: these change
 * values, or are left out.  The order of all says nothing of how they were dealt.
 */
static bool
mix_rare(Tuples *tuples)
{
	int			kept = -1;
	int			telling = 0;

	for (int m = 0; m < tuples->nmembers; m++)
	{
		telling += is_telling(&tuples->member[m]);
		if (is_telling(&tuples->member[m]) && (kept < 0 || tuples->member[m].nvalues < tuples->member[kept].nvalues))
			kept = m;
	}
	if (telling < 2 || tuples->mixed == 0)
		return true;
	for (int m = 0; m < tuples->nmembers; m++)
		if (is_telling(&tuples->member[m]) && m != kept)
			deal(tuples, m);
	for (int t = 0; t < tuples->n; t++)
	{
		Tuple	   *tuple = &tuples->tuple[t];
		bool		is_told = is_mixed(tuple) && is_rare(tuples, tuple);

		CHECK_FOR_INTERRUPTS();
		for (int m = 0; m < tuples->nmembers && is_told; m++)
			is_told = !is_telling(&tuples->member[m]) || m == kept || !change_value(tuples, tuple, m);
		if (!is_told)
			continue;
		tuple->is_dropped = true;
		tuples->dropped += tuple->rows;
		tuples->mixed -= tuple->rows;
	}
	qsort(tuples->tuple, tuples->n, sizeof(Tuple), compare_weights);
	return tuples->dropped <= MOST_DROPPED * tuples->all;
}

/* How often each tuple comes: as it does, but of those that fewer than k rows have, the mean of k rows of them. */
static void
weigh(Tuples *tuples)
{
	const double k = (double) tuples->schema->options->k;

	for (int t = 0, end; t < tuples->n; t = end)
	{
		double		rows = tuples->tuple[t].rows;
		double		left = 0;

		end = t + 1;
		if (rows < k && tuples->schema->options->carry != SPINDLE_CARRY_ALL)
		{
			while (end < tuples->n && rows < k)
				rows += tuples->tuple[end++].rows;
			for (int i = end; i < tuples->n && left < k; i++)
				left += tuples->tuple[i].rows;
			if (left < k)
			{
				rows += left;
				end = tuples->n;
			}
		}
		for (int i = t; i < end; i++)
			tuples->tuple[i].weight = learn_rounded(tuples->schema, rows / (end - t));
	}
}

/* The name of the column in a tuple that stands for a member. */
static const char *
name_in_tuple(const Tuples *tuples, const LearnMember *member)
{
	return member->key ? member->key : tuples->table->column[member->column].name;
}

/* The rule of the member that has the tuples. */
static char *
tuples_rule(const Tuples *tuples)
{
	StringInfoData rule;
	bool		is_first = true;

	initStringInfo(&rule);
	appendStringInfoString(&rule, "{\"kind\": \"joint\", \"columns\": [");
	for (int m = 0; m < tuples->nmembers; m++)
		appendStringInfo(&rule, "%s\"%s\"", m ? ", " : "", name_in_tuple(tuples, &tuples->member[m]));
	appendStringInfoString(&rule, "], \"tuples\": [");
	for (int t = 0; t < tuples->n; t++)
	{
		const Tuple *tuple = &tuples->tuple[t];

		if (tuple->is_dropped)
			continue;
		appendStringInfoString(&rule, is_first ? "[" : ", [");
		for (int m = 0; m < tuples->nmembers; m++)
			appendStringInfo(&rule, "%s, ", tuple->value[m] < 0 ? "null" : tuples->member[m].json[tuple->value[m]]);
		appendStringInfo(&rule, "%s]", learn_number(tuple->weight));
		is_first = false;
	}
	appendStringInfoString(&rule, "]}");
	return rule.data;
}

/* The rule of a column of whose values only numbers stand in the tuples, in a hidden column. */
static char *
keyed_rule(const LearnColumn *column, const LearnMember *member)
{
	const char *rule = learn_keyable_rule(column->base);
	char	   *keyed = psprintf("%.*s, \"keyed_by\": [\"%s\"]}", (int) strlen(rule) - 1, rule, member->key);

	if (!member->has_null)
		return keyed;
	return psprintf("{\"kind\": \"case\", \"cases\": [{\"when\": {\"column\": \"%s\", \"is\": \"null\"}, "
					"\"then\": {\"kind\": \"constant\", \"value\": null}}], \"else\": %s}", member->key, keyed);
}

/* What the report says of a column. */
static char *
note_of(const Tuples *tuples, int m)
{
	StringInfoData note;
	int			n = 0;
	int			left = 0;

	for (int t = 0; t < tuples->n; t++)
		left += !tuples->tuple[t].is_dropped;
	initStringInfo(&note);
	for (int o = 0; o < tuples->nmembers; o++)
		if (o != m)
			appendStringInfo(&note, "%s%s", n++ ? ", " : "drawn together with ", tuples->table->column[tuples->member[o].column].sql_name);
	if (n == 0)
		appendStringInfo(&note, "as frequent as %d values of %.0f rows", left, tuples->all);
	else
		appendStringInfo(&note, " as %d tuples of %.0f rows", left, tuples->all);
	if (tuples->mixed > 0)
		appendStringInfo(&note, "; those of %.0f rows are mixed, as fewer than " INT64_FORMAT " have one", tuples->mixed, tuples->schema->options->k);
	return note.data;
}

/* Put the member whose rule has the tuples first: one that carries values, else one that the table has itself. */
static int
choose_owner(const Tuples *tuples)
{
	int			owner = 0;

	for (int m = 1; m < tuples->nmembers; m++)
		if ((tuples->member[m].carried > 0 && tuples->member[owner].carried == 0) ||
			(is_telling(&tuples->member[m]) && !is_telling(&tuples->member[owner])))
			owner = m;
	return owner;
}

/* Give the columns their rules, which are kept in a memory context. */
static void
make_rules(Tuples *tuples, MemoryContext keep)
{
	LearnTable *table = tuples->table;
	int			owner = choose_owner(tuples);

	for (int m = 0; m < tuples->nmembers; m++)
	{
		LearnMember *member = &tuples->member[m];
		MemoryContext oldcontext = MemoryContextSwitchTo(keep);

		if (!is_telling(member))
			member->key = learn_unique_name(&table->names_used, psprintf("%s_number", table->column[member->column].name));
		MemoryContextSwitchTo(oldcontext);
	}
	for (int m = 0; m < tuples->nmembers; m++)
	{
		LearnMember *member = &tuples->member[m];
		LearnColumn *column = &table->column[member->column];
		char	   *rule = m == owner ? tuples_rule(tuples) :
			psprintf("{\"kind\": \"joint\", \"with\": \"%s\"}", name_in_tuple(tuples, &tuples->member[owner]));
		MemoryContext oldcontext = MemoryContextSwitchTo(keep);

		rule = pstrdup(rule);
		if (member->key)
		{
			learn_add_hidden(table, member->key, "integer", rule)->nullable = member->has_null;
			rule = keyed_rule(column, member);
		}
		column->found_rule = rule;
		column->is_joint = true;
		column->note = note_of(tuples, m);
		column->source = "data";
		column->carried = member->carried;
		column->least_rows = member->least_rows;
		if (member->portrait == LEARN_AS_VALUES || member->portrait == LEARN_AS_SPREAD)
			column->withheld = NULL;
		MemoryContextSwitchTo(oldcontext);
	}
}

/* Count the tuples of some columns, and find what stands in them; NULL if that is too many, or not all of it can be told. */
static Tuples *
read_tuples(LearnSchema *schema, LearnTable *table, const LearnCluster *cluster)
{
	Tuples	   *tuples = palloc0(sizeof(Tuples));

	tuples->schema = schema;
	tuples->table = table;
	tuples->nmembers = cluster->n;
	for (int m = 0; m < cluster->n; m++)
		tuples->member[m].column = cluster->column[m];
	if (!count_tuples(tuples))
		return NULL;
	for (int m = 0; m < cluster->n; m++)
	{
		number_values(tuples, m);
		if (tuples->member[m].nvalues < 1 || !learn_portray(schema, table, &tuples->member[m]))
			return NULL;
	}
	return find_rare(tuples) ? tuples : NULL;
}

/* Take the column of most values, among those that tell something, out of a cluster. */
static void
take_out(LearnCluster *cluster, const Tuples *tuples)
{
	int			most = -1;

	for (int m = 0; m < tuples->nmembers; m++)
		if (is_telling(&tuples->member[m]) && (most < 0 || tuples->member[m].nvalues > tuples->member[most].nvalues))
			most = m;
	cluster->n--;
	for (int m = most; m < cluster->n; m++)
		cluster->column[m] = cluster->column[m + 1];
}

/*
 * Draw the columns of a cluster together, if all of their values can stand in tuples.
 *
 * While most tuples are rare, so that little would be left of how columns go together, the
 * one that makes them so goes its own way; of two, the values of one that the other one
 * follows from may be dealt out, as that follows anyhow.
 */
static void
use_cluster(LearnSchema *schema, LearnTable *table, LearnCluster *cluster, int *budget, MemoryContext keep)
{
	Tuples	   *tuples = read_tuples(schema, table, cluster);

	while (tuples && cluster->n > 2 && tuples->mixed > MOST_MIXED * tuples->all)
	{
		CHECK_FOR_INTERRUPTS();
		take_out(cluster, tuples);
		tuples = read_tuples(schema, table, cluster);
	}
	if (tuples == NULL || tuples->n > *budget || (tuples->mixed > MOST_MIXED * tuples->all && !cluster->has_function))
		return;
	weigh(tuples);
	if (!mix_rare(tuples))
		return;
	*budget -= tuples->n;
	make_rules(tuples, keep);
}

/*
 * learn_use_tuples
 *		Draw columns of a table together where that says what was found.
 *
 * *budget is how many tuples the definition has room for, and is reduced.
 */
void
learn_use_tuples(LearnSchema *schema, LearnTable *table, int *budget)
{
	ListCell   *lc;

	foreach(lc, learn_find_clusters(schema, table))
	{
		MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "spindle learn tuples", ALLOCSET_DEFAULT_SIZES);
		MemoryContext oldcontext = MemoryContextSwitchTo(context);

		CHECK_FOR_INTERRUPTS();
		use_cluster(schema, table, lfirst(lc), budget, oldcontext);
		MemoryContextSwitchTo(oldcontext);
		MemoryContextDelete(context);
	}
}
