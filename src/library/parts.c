/*-------------------------------------------------------------------------
 *
 * parts.c
 *		The parts of a model, a definition and data sets, wherever they are.
 *
 * What is registered in the database comes before the files.  It cannot be
 * registered under the name of a file, so the order matters only where a file
 * came later; tables that rely on the domain then keep their values, and no file
 * is looked for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "library/files.h"
#include "library/parts.h"
#include "library/registered.h"

/*
 * spindle_part_load
 *		The text of a definition or data set, palloc'd, in UTF-8 if it is
 *		registered and as it stands in a file; NULL if there is none.
 *
 * Fills *part, whose name is palloc'd, and *len.  Raises what
 * spindle_file_find() and spindle_file_read() do, and
 * untranslatable_character for a registered one.
 */
char *
spindle_part_load(SpindleLibraryKind kind, const char *name, int *len, SpindlePart *part)
{
	SpindleRegistered registered;
	char	   *path;

	part->kind = kind;
	part->name = pstrdup(name);
	part->is_registered = spindle_registered_find(kind, name, true, &registered);
	if (part->is_registered)
	{
		part->stamp = registered.stamp;
		*len = registered.len;
		return registered.text;
	}
	path = spindle_file_find(kind, name, &part->stamp);
	return path ? spindle_file_read(path, len) : NULL;
}

/*
 * spindle_part_is_current
 *		Is a part still what it was?
 *
 * is_registry_unchanged says that nothing has been registered or dropped since,
 * so that only a file is looked at.  Nothing is read.
 */
bool
spindle_part_is_current(const SpindlePart *part, bool is_registry_unchanged)
{
	SpindleRegistered registered;
	uint64		stamp;
	char	   *path;

	if (is_registry_unchanged && part->is_registered)
		return true;
	if (!is_registry_unchanged && spindle_registered_find(part->kind, part->name, false, &registered))
		return part->is_registered && registered.stamp == part->stamp;
	if (part->is_registered)
		return false;
	path = spindle_file_find(part->kind, part->name, &stamp);
	if (path == NULL)
		return false;
	pfree(path);
	return stamp == part->stamp;
}

/* For list_sort: by bytes, so the order does not depend on a locale. */
static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/*
 * spindle_sort_names
 *		Sort a list of strings, in place; returns it.
 */
List *
spindle_sort_names(List *names)
{
	list_sort(names, compare_names);
	return names;
}

/*
 * spindle_part_names
 *		The names there are of a kind, sorted, each once, as palloc'd strings.
 */
List *
spindle_part_names(SpindleLibraryKind kind)
{
	List	   *names = spindle_sort_names(list_concat(spindle_registered_names(kind), spindle_file_names(kind)));
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, names)
		if (result == NIL || strcmp(llast(result), lfirst(lc)) != 0)
			result = lappend(result, lfirst(lc));
	return result;
}
