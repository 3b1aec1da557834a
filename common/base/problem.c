#include "base/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/lang.h"
#include "base/xalloc.h"

#define PROBLEM_LINE_MAX 8192

static void problem_fini(struct problem *problem)
{
	free(problem->file);
	free(problem->field);
	free(problem->text);
	free(problem->hint);
}

void problems_fini(struct problems *all)
{
	for (size_t i = 0; i < all->count; i++)
		problem_fini(&all->item[i]);
	free(all->item);
	*all = (struct problems){0};
}

void problem_add(struct problems *all, enum problem_severity severity, struct problem_place place,
	const char *hint, const char *fmt, ...)
{
	if (severity == PROBLEM_ERROR)
		all->errors++;
	else if (severity == PROBLEM_WARNING)
		all->warnings++;
	else
		all->infos++;
	if (all->count == PROBLEMS_KEPT)
		return;
	if ((all->count & (all->count - 1)) == 0)
		all->item = xrealloc(all->item, all->count == 0 ? 1 : all->count * 2, sizeof *all->item);
	char line[PROBLEM_LINE_MAX];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	all->item[all->count++] = (struct problem){.severity = severity,
		.file = xstrdup(place.file),
		.line = place.line,
		.column = place.column,
		.field = xstrdup(place.field),
		.text = xstrdup(line),
		.hint = xstrdup(hint)};
}

const char *problem_severity_name(enum problem_severity severity)
{
	static const char *const names[] = {"error", "warning", "info"};
	return names[severity];
}

char *problem_line(const struct problem *problem)
{
	struct buf b;
	buf_init(&b, PROBLEM_LINE_MAX * 3);
	if (problem->file != NULL)
		(void)buf_puts(&b, problem->file);
	if (problem->line > 0)
		(void)buf_printf(&b, ":%d", problem->line);
	if (problem->line > 0 && problem->column > 0)
		(void)buf_printf(&b, ":%d", problem->column);
	if (b.len > 0)
		(void)buf_puts(&b, ": ");
	(void)buf_puts(&b, problem->severity == PROBLEM_ERROR	  ? tr("error", "ошибка")
			   : problem->severity == PROBLEM_WARNING ? tr("warning", "предупреждение")
								  : tr("note", "к сведению"));
	(void)buf_puts(&b, ": ");
	if (problem->field != NULL)
		(void)buf_printf(&b, "%s: ", problem->field);
	(void)buf_puts(&b, problem->text);
	if (problem->hint != NULL)
		(void)buf_printf(&b, "; %s", problem->hint);
	return buf_take(&b);
}
