/*-------------------------------------------------------------------------
 *
 * carry.c
 *		Which values of a database may stand in a definition.
 *
 * Without a word of anybody's about privacy nothing is anonymous; what is kept out
 * here is what single people or rows can be told by.  Declarations are no data: their
 * literals are not asked about here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/lsyscache.h"

#include "learn/schema.h"

/* Tables with fewer rows than this many times k say nothing. */
#define LEAST_ROWS	5

/* Characters of a text that is carried, at most. */
#define MAX_TEXT	40

/* Words of names of columns whose values are about people, or secret. */
static const char *const sensitive_words[] = {
	"email", "mail", "phone", "mobile", "fax", "tel", "telephone", "first name", "last name", "full name", "middle name", "maiden name",
	"nick name", "firstname", "lastname", "fullname", "nickname", "surname", "forename", "given name", "family name", "username", "user name",
	"login", "author", "address", "street", "city", "zip", "postal", "postcode", "lat", "lng", "latitude", "longitude", "birth", "birthday",
	"birthdate", "born", "dob", "ssn", "passport", "iban", "bic", "card", "cvv", "password", "passwd", "pwd", "secret", "token", "hash", "salt",
	"api key", "private key", "otp", "pin", "ip", "user agent", "body", "message", "comment", "comments", "note", "notes", "remark", "remarks",
	"memo", "description", "bio", "biography", "emails", "mails", "phones", "addresses", "passwords", "secrets", "tokens", "credentials",
	"salary", "wage", "diagnosis", "religion", "ethnicity", NULL};

/*
 * learn_name_is_sensitive
 *		Has a name a word that says that values are about people, or secret?
 */
bool
learn_name_is_sensitive(const char *name)
{
	return learn_has_word(name, sensitive_words);
}

/* Is a column in a list of names that the caller gave: its own name, with or without its table, or a word of it? */
static bool
is_listed(const LearnTable *table, const LearnColumn *column, const List *names)
{
	ListCell   *lc;

	foreach(lc, names)
	{
		const char *words[] = {lfirst(lc), NULL};

		if (strcmp(lfirst(lc), column->sql_name) == 0 || learn_has_word(column->sql_name, words) ||
			strcmp(lfirst(lc), psprintf("%s.%s", table->sql_name, column->sql_name)) == 0 ||
			strcmp(lfirst(lc), psprintf("%s.%s.%s", table->schema, table->sql_name, column->sql_name)) == 0)
			return true;
	}
	return false;
}

/*
 * learn_refers
 *		Is a column part of a foreign key?
 */
bool
learn_refers(const LearnTable *table, int c)
{
	ListCell   *lc;

	foreach(lc, table->keys)
	{
		const LearnKey *key = lfirst(lc);

		for (int i = 0; i < key->n; i++)
			if (key->column[i] == c)
				return true;
	}
	return false;
}

/*
 * learn_is_key
 *		Is a column one of a key, a foreign key or a unique set?
 */
bool
learn_is_key(const LearnTable *table, int c)
{
	ListCell   *lc;

	foreach(lc, table->sets)
		if (bms_is_member(c, ((LearnSet *) lfirst(lc))->columns))
			return true;
	return learn_refers(table, c);
}

/*
 * Can texts of a column be equal that are written otherwise?  Of such ones the statistics
 * have one, with the frequency of all.
 */
static bool
takes_texts_for_equal(const LearnColumn *column)
{
	const Oid	type = OidIsValid(column->element) ? column->element : column->type;

	return OidIsValid(column->collation) &&
		((type != TEXTOID && type != VARCHAROID && type != BPCHAROID && type != NAMEOID) ||
		 !get_collation_isdeterministic(column->collation));
}

/*
 * learn_why_withheld
 *		Why no value of a column may be carried, or NULL.
 */
const char *
learn_why_withheld(const LearnSchema *schema, const LearnTable *table, int c)
{
	const SpindleLearnOptions *options = schema->options;
	const LearnColumn *column = &table->column[c];

	if (options->carry == SPINDLE_CARRY_ALL)
		return NULL;
	if (options->carry == SPINDLE_CARRY_NONE)
		return "nothing is carried";
	if (table->tuples < (double) options->k * LEAST_ROWS)
		return psprintf("the table has fewer than " INT64_FORMAT " rows", options->k * LEAST_ROWS);
	if (learn_is_key(table, c))
		return "it is a key";
	if (is_listed(table, column, options->sensitive))
		return "it is sensitive";
	if (is_listed(table, column, options->harmless))
		return NULL;
	if (learn_name_is_sensitive(column->sql_name) || (column->statistics && column->statistics->is_masked))
		return "its name is sensitive";
	if (takes_texts_for_equal(column))
		return "equal values are written in several ways";
	return NULL;
}

/*
 * learn_is_shared
 *		Do at least k rows have one of the frequent values of a column?
 *
 * So many have to have been seen: a frequency is that of a sample.
 */
bool
learn_is_shared(const LearnSchema *schema, const LearnTable *table, const LearnStatistics *statistics, int value)
{
	double		seen = statistics->frequency[value] * Min(Min(table->tuples, statistics->rows), statistics->sample);

	return schema->options->carry == SPINDLE_CARRY_ALL || floor(seen + 0.5) >= schema->options->k;
}

/* The number of digits in a text. */
static int
digits_in(const char *text)
{
	int			n = 0;

	for (; *text; text++)
		n += *text >= '0' && *text <= '9';
	return n;
}

/* How many characters of a text are hexadecimal digits, if it has others but "-" it is 0. */
static int
hex_digits_in(const char *text)
{
	int			n = 0;

	for (; *text; text++)
	{
		if (strchr("0123456789abcdefABCDEF", *text))
			n++;
		else if (*text != '-')
			return 0;
	}
	return n;
}

/*
 * learn_text_is_telling
 *		Does a text look like an address of mail, a number of a phone, a place in the
 *		web, a hash, or is it long?
 */
bool
learn_text_is_telling(const char *text)
{
	const char *web = strstr(text, "://");

	return strlen(text) > MAX_TEXT || strchr(text, '@') || digits_in(text) >= 6 || hex_digits_in(text) >= 16 ||
		(web && strchr(web + 3, '/'));
}

/*
 * learn_rounded
 *		A number to three digits, unless everything may be carried.
 */
double
learn_rounded(const LearnSchema *schema, double number)
{
	double		unit;

	if (schema->options->carry == SPINDLE_CARRY_ALL || number == 0)
		return number;
	unit = pow(10, floor(log10(fabs(number))) - 2);
	return unit >= 1 ? floor(number / unit + 0.5) * unit : floor(number / unit + 0.5) / pow(10, 2 - floor(log10(fabs(number))));
}
