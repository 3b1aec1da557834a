/* Finding a calendar's files: those compiled in, those of a folder. */
#include "calendar/workdays_inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"

#define FILE_MAX_BYTES (256 * 1024) /* a real one has 3 KB */

/* "ru-ba-2023" of "ru-ba" → 2023; -1 when it is no file of that name. */
static int year_of(const char *file, const char *name)
{
	size_t len = strlen(name);
	long long year;
	if (strncmp(file, name, len) != 0 || file[len] != '-' || strlen(file + len) != 5 ||
		!gate_int64(file + len + 1, WORKDAYS_FIRST_YEAR, WORKDAYS_LAST_YEAR, &year))
		return -1;
	return (int)year;
}

static void read_file(struct workdays *workdays, int year, bool region, const char *path,
	struct problems *problems)
{
	struct problem_place place = {.file = path};
	char *text = NULL;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would block */
	if (fd < 0 || fstat(fd, &st) != 0) {
		problem_add(problems, PROBLEM_ERROR, place, NULL, "%s", strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX_BYTES) {
		problem_add(problems, PROBLEM_ERROR, place, NULL, "%s",
			tr("this is no calendar file", "это не файл календаря"));
		goto out;
	}
	text = xmalloc((size_t)st.st_size + 1);
	ssize_t n = read(fd, text, (size_t)st.st_size);
	if (n < 0)
		problem_add(problems, PROBLEM_ERROR, place, NULL, "%s", strerror(errno));
	else
		workdays_read(workdays, year, region, path, text, (size_t)n, problems);
out:
	free(text);
	if (fd >= 0)
		(void)close(fd);
}

/* path is set when the folder has that file. */
static bool in_folder(const char *folder, const char *name, int year, char **path)
{
	struct stat st;
	if (folder == NULL)
		return false;
	*path = xasprintf("%s/%s-%04d.csv", folder, name, year);
	if (stat(*path, &st) == 0)
		return true;
	free(*path);
	*path = NULL;
	return false;
}

static const struct workdays_file *built_in(const char *name, int year)
{
	for (size_t i = 0; i < workdays_files_count; i++)
		if (year_of(workdays_files[i].name, name) == year)
			return &workdays_files[i];
	return NULL;
}

static size_t read_name(struct workdays *workdays, const char *name, bool region, const char *folder,
	struct problems *problems)
{
	size_t found = 0;
	for (int year = WORKDAYS_FIRST_YEAR; year <= WORKDAYS_LAST_YEAR; year++) {
		char *path = NULL;
		const struct workdays_file *own;
		if (in_folder(folder, name, year, &path)) {
			read_file(workdays, year, region, path, problems);
			found++;
		} else if ((own = built_in(name, year)) != NULL) {
			char file[WORKDAYS_NAME_MAX + 16];
			(void)snprintf(file, sizeof file, "%s.csv", own->name);
			workdays_read(workdays, year, region, file, own->text, own->len, problems);
			found++;
		}
		free(path);
	}
	return found;
}

static bool name_ok(const char *name)
{
	return gate_slug(name) && strlen(name) <= WORKDAYS_NAME_MAX;
}

/* A file whose name is nearly right would be overlooked without a word. */
static void check_folder(const char *folder, struct problems *problems)
{
	DIR *dir = opendir(folder);
	struct problem_place place = {.file = folder};
	if (dir == NULL) {
		problem_add(problems, PROBLEM_ERROR, place, NULL, "%s", strerror(errno));
		return;
	}
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		size_t len = strlen(entry->d_name);
		char name[WORKDAYS_NAME_MAX + 16] = "";
		if (len < 5 || strcmp(entry->d_name + len - 4, ".csv") != 0)
			continue;
		if (len - 4 < sizeof name)
			memcpy(name, entry->d_name, len - 4);
		char *dash = strrchr(name, '-');
		char *file = gate_utf8(entry->d_name, len) ? gate_clean_line(entry->d_name, 200) : xstrdup("?");
		long long year;
		if (dash != NULL)
			*dash = '\0';
		if (dash == NULL || !name_ok(name) || strlen(dash + 1) != 4 ||
			!gate_int64(dash + 1, WORKDAYS_FIRST_YEAR, WORKDAYS_LAST_YEAR, &year))
			problem_add(problems, PROBLEM_WARNING, place,
				tr("a calendar's file is called name-year.csv: ru-2028.csv, ru-ba-2028.csv",
					"файл календаря называется имя-год.csv: ru-2028.csv, ru-ba-2028.csv"),
				tr("«%s» is not read", "«%s» не читается"), file);
		free(file);
	}
	(void)closedir(dir);
}

struct workdays *workdays_load(const char *name, const char *folder, struct problems *problems)
{
	size_t errors = problems->errors;
	char base[WORKDAYS_NAME_MAX + 1];
	if (!name_ok(name)) {
		problem_add(problems, PROBLEM_ERROR, (struct problem_place){0},
			tr("right would be, for example, ru or ru-ba", "правильно, например, ru или ru-ba"), "%s",
			tr("this cannot be a calendar's name", "так календарь называться не может"));
		return NULL;
	}
	struct workdays *workdays = workdays_weekends();
	(void)snprintf(workdays->name, sizeof workdays->name, "%s", name);
	(void)snprintf(base, sizeof base, "%s", name);
	char *dash = strrchr(base, '-');
	workdays->regional = dash != NULL;
	if (dash != NULL)
		*dash = '\0';
	if (folder != NULL)
		check_folder(folder, problems);
	size_t found = read_name(workdays, base, false, folder, problems);
	if (workdays->regional)
		found = found > 0 ? read_name(workdays, name, true, folder, problems) : 0;
	if (found == 0)
		problem_add(problems, PROBLEM_ERROR, (struct problem_place){.file = folder}, NULL,
			tr("there is no calendar «%s»", "календаря «%s» нет"), name);
	if (problems->errors > errors)
		workdays_free(&workdays);
	return workdays;
}
