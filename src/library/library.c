/*-------------------------------------------------------------------------
 *
 * library.c
 *		The domains that are there: definition files, and the models of those
 *		that this session has used.
 *
 * Definitions are NAME.json in the directory that spindle.domain_directory
 * names, then in the one installed with the extension; data sets are
 * data/NAME.json beside them.  A model is kept for the session and made anew
 * when one of its files has changed.  Whoever uses one pins it; a model that is
 * out of date goes with its last pin.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/stat.h>
#include <unistd.h>

#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/varlena.h"

#include "library/library.h"
#include "spindle.h"

#define MAX_FILE_SIZE	(16 * 1024 * 1024)
#define MAX_TEXT_SIZE	(1024 * 1024)

static List *models = NIL;		/* SpindleDomain, in TopMemoryContext */

/* The directories to look in, first one first. */
static List *
directories(void)
{
	char		share[MAXPGPATH];
	List	   *result = NIL;

	if (spindle_domain_directory && spindle_domain_directory[0])
		result = lappend(result, pstrdup(spindle_domain_directory));
	get_share_path(my_exec_path, share);
	return lappend(result, psprintf("%s/extension/spindle", share));
}

static bool
is_plain_name(const char *name)
{
	size_t		len = strlen(name);

	return len > 0 && len < NAMEDATALEN &&
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

/* The file of a definition ("") or data set ("data/"), or NULL. */
static char *
find_file(const char *folder, const char *name, struct stat *st)
{
	ListCell   *lc;

	if (!is_plain_name(name))
		return NULL;
	foreach(lc, directories())
	{
		char	   *path = psprintf("%s/%s%s.json", (char *) lfirst(lc), folder, name);

		if (stat(path, st) == 0)
			return path;
		if (errno != ENOENT && errno != ENOTDIR)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not stat file \"%s\": %m", path)));
		pfree(path);
	}
	return NULL;
}

/*
 * The contents of a file, palloc'd and terminated.  The file is closed in case
 * of an error, too: spindle_domains() goes on after one.
 */
static char *
read_file(const char *path, int *len)
{
	FILE	   *file = AllocateFile(path, PG_BINARY_R);
	StringInfoData buf;

	if (file == NULL)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open file \"%s\" for reading: %m", path)));
	initStringInfo(&buf);
	for (;;)
	{
		size_t		n;

		enlargeStringInfo(&buf, 65536);
		n = fread(buf.data + buf.len, 1, 65536, file);
		buf.len += (int) n;
		if (ferror(file))
		{
			int			save_errno = errno;

			FreeFile(file);
			errno = save_errno;
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not read file \"%s\": %m", path)));
		}
		if (buf.len > MAX_FILE_SIZE)
		{
			FreeFile(file);
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("file \"%s\" is larger than %d bytes", path, MAX_FILE_SIZE)));
		}
		if (n == 0)
			break;
	}
	FreeFile(file);
	buf.data[buf.len] = '\0';
	*len = buf.len;
	return buf.data;
}

/* Tells a file, as it was when it was looked at, from another one. */
static uint64
stamp_of_file(const char *path, const struct stat *st)
{
	uint64		stamp = hash_bytes_extended((const unsigned char *) path, (int) strlen(path), 0);

	stamp = hash_combine64(stamp, (uint64) st->st_size);
	stamp = hash_combine64(stamp, (uint64) st->st_mtim.tv_sec);
	return hash_combine64(stamp, (uint64) st->st_mtim.tv_nsec);
}

/* Stamps of the data sets that the present definition has loaded so far. */
static uint64 loaded_stamp;

static char *
load_data_set(const char *name, int *len)
{
	struct stat st;
	char	   *path = find_file("data/", name, &st);

	if (path == NULL)
		return NULL;
	loaded_stamp = hash_combine64(loaded_stamp, stamp_of_file(path, &st));
	return read_file(path, len);
}

/* The stamps of all files of a model as they are now; 0 if one has gone. */
static uint64
present_stamp(const SpindleDomain *domain, const char *path, const struct stat *st)
{
	uint64		stamp = stamp_of_file(path, st);

	for (int i = 0; i < domain->ndatasets; i++)
	{
		struct stat data_st;
		char	   *data_path = find_file("data/", domain->dataset[i]->name, &data_st);

		if (data_path == NULL)
			return 0;
		stamp = hash_combine64(stamp, stamp_of_file(data_path, &data_st));
		pfree(data_path);
	}
	return stamp;
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/*
 * spindle_library_names
 *		The names of all domains, sorted, as palloc'd strings.
 */
List *
spindle_library_names(void)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, directories())
	{
		DIR		   *dir = AllocateDir((char *) lfirst(lc));
		struct dirent *de;

		if (dir == NULL && errno == ENOENT)
			continue;
		while ((de = ReadDir(dir, (char *) lfirst(lc))) != NULL)
		{
			size_t		len = strlen(de->d_name);
			char	   *name;
			bool		known = false;
			ListCell   *other;

			if (len <= 5 || strcmp(de->d_name + len - 5, ".json") != 0)
				continue;
			name = pnstrdup(de->d_name, len - 5);
			foreach(other, names)
				known |= strcmp(lfirst(other), name) == 0;
			if (is_plain_name(name) && !known)
				names = lappend(names, name);
		}
		FreeDir(dir);
	}
	list_sort(names, compare_names);
	return names;
}

/* The one of some names that a misspelled name was probably meant to be, or NULL. */
static char *
closest_name(const char *name, List *names)
{
	char	   *best = NULL;
	int			best_distance = Max(2, (int) strlen(name) / 3) + 1;
	ListCell   *lc;

	if (strlen(name) > 255)
		return NULL;
	foreach(lc, names)
	{
		char	   *candidate = lfirst(lc);
		int			distance = varstr_levenshtein_less_equal(name, strlen(name), candidate,
															 strlen(candidate), 1, 1, 1,
															 best_distance, true);

		if (distance < best_distance)
		{
			best = candidate;
			best_distance = distance;
		}
	}
	return best;
}

/*
 * spindle_names_hint
 *		A hint for a name that does not exist: the one probably meant, and all
 *		there are, as what: a, b.
 */
char *
spindle_names_hint(const char *name, List *names, const char *what)
{
	char	   *closest = closest_name(name, names);
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	if (closest)
		appendStringInfo(&buf, "Perhaps you meant \"%s\".  ", closest);
	appendStringInfo(&buf, "%s: ", what);
	foreach(lc, names)
		appendStringInfo(&buf, "%s%s", foreach_current_index(lc) ? ", " : "", (char *) lfirst(lc));
	appendStringInfoChar(&buf, '.');
	return buf.data;
}

/* Forget a model, and free it unless somebody uses it. */
static void
drop_model(SpindleDomain *domain)
{
	models = list_delete_ptr(models, domain);

	/* plans hold what the definition said when they were made */
	ResetPlanCache();
	domain->path = NULL;
	if (domain->pins == 0)
		MemoryContextDelete(domain->context);
}

/*
 * spindle_library_get
 *		The model of a domain, pinned.
 *
 * The caller gives it back with spindle_library_release().  Raises an error
 * if there is no such domain or its definition is not valid.
 */
SpindleDomain *
spindle_library_get(const char *name)
{
	struct stat st;
	char	   *path = find_file("", name, &st);
	MemoryContext context;
	MemoryContext oldcontext;
	SpindleDomain *domain;
	char	   *text;
	int			len;
	ListCell   *lc;

	if (path == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("spindle domain \"%s\" does not exist", name),
				 errhint("%s", spindle_names_hint(name, spindle_library_names(), "Domains"))));
	foreach(lc, models)
	{
		domain = lfirst(lc);
		if (strcmp(domain->name, name) != 0)
			continue;
		if (domain->file_stamp == present_stamp(domain, path, &st))
		{
			domain->pins++;
			return domain;
		}
		drop_model(domain);
		break;
	}

	/* under the caller's context until it is complete, so that errors free it */
	context = AllocSetContextCreate(CurrentMemoryContext, "spindle domain", ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(context);
	text = read_file(path, &len);
	loaded_stamp = stamp_of_file(path, &st);
	domain = spindle_domain_parse(name, text, len, load_data_set);
	domain->path = pstrdup(path);
	domain->file_stamp = loaded_stamp;
	pfree(text);
	MemoryContextSwitchTo(TopMemoryContext);
	models = lappend(models, domain);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextSetParent(context, TopMemoryContext);
	domain->pins++;
	return domain;
}

/* Give a pinned model back. */
void
spindle_library_release(SpindleDomain *domain)
{
	Assert(domain->pins > 0);
	if (--domain->pins == 0 && domain->path == NULL)
		MemoryContextDelete(domain->context);
}

/*
 * spindle_library_check
 *		Raise an error if a text is not a valid definition; keeps nothing.
 */
void
spindle_library_check(const char *text, int len)
{
	MemoryContext context;
	MemoryContext oldcontext;

	/* anyone may ask, so we do not read whatever size */
	if (len > MAX_TEXT_SIZE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the definition has %d bytes, more than the limit of %d", len, MAX_TEXT_SIZE)));
	context = AllocSetContextCreate(CurrentMemoryContext, "spindle domain check", ALLOCSET_DEFAULT_SIZES);
	oldcontext = MemoryContextSwitchTo(context);
	(void) spindle_domain_parse("definition", text, len, load_data_set);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextDelete(context);
}
