/* A progress bar on standard error: share, done of total, rate, time left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "cli/cli.h"

#define DRAW_EVERY_MS 100  /* faster is flicker */
#define RATE_AFTER_MS 1000 /* before that a rate is a guess */
#define RATE_SPAN_MS 15000 /* the rate shown is that of about this time */
#define BAR_COLUMNS 24

struct cli_progress {
	bool shown; /* there is somebody to show it to */
	struct cli_noun noun;
	bool has_noun;
	int64_t began_ms, drawn_ms;
	int64_t mark_ms, mark_done; /* the rate counts from here */
	int64_t before_ms, before_done;
	int64_t done, total;
};

struct cli_progress *cli_progress_new(struct cli *cli, const struct cli_noun *noun)
{
	struct cli_progress *progress = xcalloc(1, sizeof *progress);
	const char *terminal = getenv("TERM");
	progress->shown = isatty(STDERR_FILENO) && !cli_json(cli) &&
		!(terminal != NULL && strcmp(terminal, "dumb") == 0);
	if (noun != NULL) {
		progress->noun = *noun;
		progress->has_noun = true;
	}
	progress->began_ms = clock_mono_ms();
	progress->mark_ms = progress->before_ms = progress->began_ms;
	progress->mark_done = progress->before_done = -1;
	return progress;
}

/* The noun after "of N": Russian wants the genitive («из 21 письма», «из 22 писем»). */
static const char *noun_after_of(int64_t n, const struct cli_noun *noun)
{
	if (lang_get() == LANG_EN)
		return n == 1 ? noun->en_one : noun->en_many;
	return n % 10 == 1 && n % 100 != 11 ? noun->ru_few : noun->ru_many;
}

static double rate(const struct cli_progress *p, int64_t now)
{
	if (p->mark_done < 0 || now - p->mark_ms < RATE_AFTER_MS)
		return 0;
	return (double)(p->done - p->mark_done) * 1000.0 / (double)(now - p->mark_ms);
}

/* Two marks that follow at a distance of half the span. */
static void move_marks(struct cli_progress *p, int64_t now)
{
	if (p->mark_done < 0) {
		p->mark_done = p->before_done = p->done;
		p->mark_ms = p->before_ms = now;
	}
	if (now - p->before_ms >= RATE_SPAN_MS / 2) {
		p->mark_ms = p->before_ms;
		p->mark_done = p->before_done;
		p->before_ms = now;
		p->before_done = p->done;
	}
}

static void bar(char *out, size_t size, int64_t done, int64_t total)
{
	int64_t full = total > 0 ? done * BAR_COLUMNS / total : 0;
	size_t at = 0;
	for (int64_t i = 0; i < BAR_COLUMNS && at + 4 < size; i++)
		at += (size_t)snprintf(out + at, size - at, "%s", i < full ? "█" : "░");
}

static void draw(struct cli_progress *p, int64_t now)
{
	char line[512], blocks[128];
	size_t at = 0;
	double per_second = rate(p, now);
	if (p->total > 0) {
		bar(blocks, sizeof blocks, p->done, p->total);
		at += (size_t)snprintf(line + at, sizeof line - at, "%s %3d %%  ", blocks,
			(int)(p->done * 100 / p->total));
		if (p->has_noun)
			at += (size_t)snprintf(line + at, sizeof line - at, tr("%s of %s %s", "%s из %s %s"),
				cli_thousands(p->done), cli_thousands(p->total),
				noun_after_of(p->total, &p->noun));
	} else if (p->has_noun) {
		at += (size_t)snprintf(line + at, sizeof line - at, "%s", cli_count(p->done, &p->noun));
	} else {
		at += (size_t)snprintf(line + at, sizeof line - at, "…");
	}
	if (per_second > 0 && p->has_noun)
		at += (size_t)snprintf(line + at, sizeof line - at, tr(", %.*f/s", ", %.*f/с"),
			per_second < 10 ? 1 : 0, per_second);
	if (per_second > 0 && p->total > p->done)
		snprintf(line + at, sizeof line - at, tr(", %s left", ", осталось %s"),
			cli_span((int64_t)((double)(p->total - p->done) * 1000.0 / per_second)));
	struct winsize size;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 &&
		cli_width(line) >= size.ws_col) {
		/* a line that wraps could not be redrawn: only the figures */
		char *figures = strstr(line, "%  ");
		if (p->total > 0 && figures != NULL)
			memmove(line, figures + 3, strlen(figures + 3) + 1);
	}
	fprintf(stderr, "\r%s\033[K", line);
	fflush(stderr);
	p->drawn_ms = now;
}

void cli_progress_show(struct cli_progress *p, int64_t done, int64_t total)
{
	p->done = done;
	p->total = total;
	if (!p->shown)
		return;
	int64_t now = clock_mono_ms();
	if (p->drawn_ms != 0 && now - p->drawn_ms < DRAW_EVERY_MS)
		return;
	move_marks(p, now);
	draw(p, now);
}

void cli_progress_end(struct cli_progress **progress, bool keep)
{
	struct cli_progress *p = *progress;
	if (p == NULL)
		return;
	if (p->shown && p->drawn_ms != 0) {
		if (keep)
			draw(p, clock_mono_ms());
		fputs(keep ? "\n" : "\r\033[K", stderr);
		fflush(stderr);
	}
	free(p);
	*progress = NULL;
}
