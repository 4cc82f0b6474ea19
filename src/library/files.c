/*-------------------------------------------------------------------------
 *
 * files.c
 *		The files that definitions and data sets are in.
 *
 * Definitions are NAME.json in the directory that spindle.domain_directory
 * names, then in the one installed with the extension; data sets are
 * data/NAME.json beside them.
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

#include "library/files.h"
#include "spindle.h"

/* Where they are below a directory. */
static const char *const folder[SPINDLE_NUM_LIBRARY_KINDS] = {
	[SPINDLE_LIBRARY_DOMAIN] = "",
	[SPINDLE_LIBRARY_DATA_SET] = "/data",
};

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

/*
 * spindle_is_library_name
 *		Can a definition or data set have this name?
 *
 * It consists of lower-case letters, digits and underscores, and is shorter
 * than NAMEDATALEN, so no name leads out of the directory.
 */
bool
spindle_is_library_name(const char *name)
{
	size_t		len = strlen(name);

	return len > 0 && len < NAMEDATALEN &&
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

/*
 * Tells a file, as it was when it was looked at, from another one.  It is made
 * of path, size and time of the last change, in nanoseconds.
 */
static uint64
stamp_of_file(const char *path, const struct stat *st)
{
	uint64		stamp = hash_bytes_extended((const unsigned char *) path, (int) strlen(path), 0);

	stamp = hash_combine64(stamp, (uint64) st->st_size);
	stamp = hash_combine64(stamp, (uint64) st->st_mtim.tv_sec);
	return hash_combine64(stamp, (uint64) st->st_mtim.tv_nsec);
}

/*
 * spindle_file_find
 *		The path of the file of a definition or of a data set, palloc'd, or NULL if
 *		there is none.
 *
 * *stamp tells the file, as it is now, from another one and from what it
 * becomes. Raises an error if a directory cannot be looked at.  A name that no
 * file can have is one that there is not: it gives NULL, and *stamp is not set
 * then.
 */
char *
spindle_file_find(SpindleLibraryKind kind, const char *name, uint64 *stamp)
{
	ListCell   *lc;

	if (!spindle_is_library_name(name))
		return NULL;
	foreach(lc, directories())
	{
		char	   *path = psprintf("%s%s/%s.json", (char *) lfirst(lc), folder[kind], name);
		struct stat st;

		if (stat(path, &st) == 0)
		{
			*stamp = stamp_of_file(path, &st);
			return path;
		}
		if (errno != ENOENT && errno != ENOTDIR)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not stat file \"%s\": %m", path)));
		pfree(path);
	}
	return NULL;
}

/*
 * spindle_file_read
 *		The contents of a file, palloc'd and terminated, and their length.
 *
 * Raises an error if it cannot be read or has more than 16 MB.  It is closed then,
 * too: spindle_domains() goes on after one.
 */
char *
spindle_file_read(const char *path, int *len)
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
		if (buf.len > SPINDLE_MAX_DEFINITION)
		{
			FreeFile(file);
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("file \"%s\" is larger than %d bytes", path, SPINDLE_MAX_DEFINITION)));
		}
		if (n == 0)
			break;
	}
	FreeFile(file);
	buf.data[buf.len] = '\0';
	*len = buf.len;
	return buf.data;
}

/*
 * spindle_file_names
 *		The names of all definitions or data sets, in no order and perhaps twice, as
 *		palloc'd strings.
 *
 * Files whose names none can have are passed over.  Contents are not looked
 * at.  Raises an error if a directory cannot be read, but not if it does not
 * exist.
 */
List *
spindle_file_names(SpindleLibraryKind kind)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, directories())
	{
		char	   *path = psprintf("%s%s", (char *) lfirst(lc), folder[kind]);
		DIR		   *dir = AllocateDir(path);
		struct dirent *de;

		if (dir == NULL && errno == ENOENT)
			continue;
		while ((de = ReadDir(dir, path)) != NULL)
		{
			size_t		len = strlen(de->d_name);
			char	   *name;

			if (len <= 5 || strcmp(de->d_name + len - 5, ".json") != 0)
				continue;
			name = pnstrdup(de->d_name, len - 5);
			if (spindle_is_library_name(name))
				names = lappend(names, name);
		}
		FreeDir(dir);
	}
	return names;
}
