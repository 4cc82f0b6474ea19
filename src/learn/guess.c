/*-------------------------------------------------------------------------
 *
 * guess.c
 *		Rules that the name of a column suggests.
 *
 * Names are looked at word by word, so that "capacity" is no city.  What is guessed
 * here is in no way secret: nothing of the database is in it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "learn/schema.h"

/* Words of a name, up to the number of them that a list has. */
#define MAX_WORDS	14

typedef struct Guess
{
	bool		is_number;		/* of numbers, else of texts */
	const char *words[MAX_WORDS];
	const char *rule;			/* JSON */
} Guess;

#define DATA(set, field)	"{\"kind\": \"data\", \"set\": \"" set "\", \"field\": \"" field "\"}"
#define SHAPE(mask)			"{\"kind\": \"shape\", \"shapes\": {\"" mask "\": 1}}"
#define REGEX(expression)	"{\"kind\": \"regex\", \"expression\": \"" expression "\"}"
#define WEIGHTED(weights)	"{\"kind\": \"weighted\", \"weights\": {" weights "}}"
#define WORDS(low, high, more) \
	"{\"kind\": \"words\", \"count\": {\"distribution\": \"uniform\", \"min\": " low ", \"max\": " high "}" more "}"
#define NUMBER(kind, more)	"{\"kind\": \"" kind "\", " more "}"

/* The first that fits counts, so special ones stand before general ones. */
static const Guess guesses[] = {
	{false, {"email", "mail"}, REGEX("[a-z]{3,7}[.][a-z]{4,9}@example[.](com|net|org)")},
	{false, {"phone", "mobile", "fax", "tel", "telephone"}, REGEX("[+]1 [2-9]\\\\d{2} 555 \\\\d{4}")},
	{false, {"user agent"}, REGEX("Mozilla/5[.]0 [(](X11; Linux|Windows NT 10[.]0|Macintosh)[)] Browser/[1-9]\\\\d")},
	{false, {"url", "uri", "website", "homepage", "link", "href"}, REGEX("https://example[.](com|net|org)/[a-z]{3,10}/[a-z0-9]{4,12}")},
	{false, {"host", "hostname", "domain"}, REGEX("[a-z]{3,10}[.]example[.](com|net|org)")},
	{false, {"ip"}, REGEX("10[.][1-9]\\\\d?[.][1-9]\\\\d?[.][1-9]\\\\d?")},
	{false, {"path", "file", "filename"}, REGEX("[a-z]{3,8}/[a-z]{3,10}[.](txt|png|pdf|csv)")},
	{false, {"mime"}, WEIGHTED("\"text/plain\": 3, \"image/png\": 3, \"application/json\": 2, \"application/pdf\": 1")},
	{false, {"first name", "given name", "forename", "firstname"}, DATA("given_names", "name")},
	{false, {"last name", "surname", "family name", "lastname"}, DATA("surnames", "name")},
	{false, {"username", "login", "nick", "nickname"}, SHAPE("a{4,9}9{0,3}")},
	{false, {"city", "town"}, DATA("us_places", "city")},
	{false, {"zip", "postal", "postcode"}, SHAPE("9{5}")},
	{false, {"street", "address"}, REGEX("[1-9]\\\\d{0,3} (Oak|Main|Park|Maple|Lake|Hill|River) (St|Ave|Rd|Ln)")},
	{false, {"country code", "country", "nationality"}, WEIGHTED("\"US\": 5, \"DE\": 2, \"FR\": 2, \"GB\": 2, \"JP\": 1, \"BR\": 1")},
	{false, {"currency"}, WEIGHTED("\"USD\": 6, \"EUR\": 3, \"GBP\": 1")},
	{false, {"language", "locale", "lang"}, WEIGHTED("\"en\": 6, \"de\": 2, \"fr\": 1, \"es\": 1")},
	{false, {"timezone", "time zone", "tz"}, WEIGHTED("\"UTC\": 3, \"Europe/Berlin\": 1, \"America/New_York\": 2")},
	{false, {"color", "colour"}, SHAPE("#hex{6}")},
	{false, {"version"}, SHAPE("9.9{1,2}.9")},
	{false, {"password", "passwd", "secret", "token", "hash", "digest", "sha", "checksum", "fingerprint", "salt", "signature"}, SHAPE("hex{40}")},
	{false, {"slug"}, SHAPE("a{3,8}-a{3,8}")},
	{false, {"code", "sku", "number", "reference", "ref", "isbn", "serial"}, SHAPE("AA9{4}")},
	{false, {"gender", "sex"}, WEIGHTED("\"F\": 1, \"M\": 1")},
	{false, {"status", "state"}, WEIGHTED("\"active\": 6, \"pending\": 2, \"closed\": 2")},
	{false, {"title", "subject", "headline"}, WORDS("2", "7", ", \"capital\": true")},
	{false, {"name", "label", "caption"}, WORDS("1", "3", ", \"capital\": true")},
	{false, {"description", "body", "message", "comment", "note", "notes", "text", "content", "bio", "summary", "reason", "remarks"},
	WORDS("4", "40", ", \"capital\": true, \"full_stop\": true")},
	{false, {"type", "kind", "category", "role"}, WEIGHTED("\"a\": 5, \"b\": 3, \"c\": 2")},
	{true, {"year"}, NUMBER("uniform", "\"min\": 1990, \"max\": 2024")},
	{true, {"age"}, NUMBER("uniform", "\"min\": 18, \"max\": 90")},
	{true, {"lat", "latitude"}, NUMBER("uniform", "\"min\": -60, \"max\": 70")},
	{true, {"lon", "lng", "long", "longitude"}, NUMBER("uniform", "\"min\": -180, \"max\": 180")},
	{true, {"percent", "percentage", "pct"}, NUMBER("uniform", "\"min\": 0, \"max\": 100")},
	{true, {"rate", "ratio", "discount", "probability", "factor"}, NUMBER("uniform", "\"min\": 0, \"max\": 1")},
	{true, {"price", "amount", "total", "cost", "fee", "balance", "salary", "revenue"},
	NUMBER("lognormal", "\"mu\": 3.5, \"sigma\": 1, \"min\": 1, \"max\": 5000")},
	{true, {"quantity", "qty", "count"}, NUMBER("geometric", "\"p\": 0.3, \"max\": 100")},
	{true, {"position", "rank", "sort", "order", "level"}, NUMBER("uniform", "\"min\": 1, \"max\": 20")},
};

/*
 * learn_guess_by_name
 *		A rule for a column by its name, JSON; NULL if the name says nothing.
 *
 * Whether it fits the type's length, and checks, is for the caller to find out.
 */
char *
learn_guess_by_name(const LearnColumn *column)
{
	bool		is_number = column->kind == LEARN_INT || column->kind == LEARN_DECIMAL || column->kind == LEARN_FLOAT;

	if (!is_number && column->kind != LEARN_TEXT)
		return NULL;
	for (int i = 0; i < lengthof(guesses); i++)
		if (guesses[i].is_number == is_number && learn_has_word(column->sql_name, guesses[i].words))
			return pstrdup(guesses[i].rule);
	return NULL;
}
