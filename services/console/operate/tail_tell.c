/* Telling: each viewer gets the lines he wants, no faster than they can be read. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "console/operate/log.h"
#include "console/operate/tail_inside.h"

#define LEFT_EVERY_MS 1000
#define SESSION_EVERY_MS 2000
#define SILENT_ID_MS 10000    /* a viewer whose filter lets nothing through learns where he is */
#define ROW_MAX_BYTES 16384
/* Of lines told at once: what waits for a viewer may not be more than the stream holds, or he is dropped. */
#define LINES_MAX_BYTES (STREAM_BUFFER_BYTES / 4 * 3)

void tail_free_viewer(struct viewer *viewer)
{
	web_stream_close(&viewer->stream);
	free(viewer->address);
	free(viewer->relay);
	free(viewer->text);
	free(viewer->session);
	free(viewer);
}

const char *tail_id_of(const struct tail *tail, int64_t number, char out[static TAIL_ID_SIZE])
{
	snprintf(out, TAIL_ID_SIZE, "%s-%" PRId64, tail->epoch, number);
	return out;
}

static const char *html_of(struct tail *tail, int64_t number, enum lang lang)
{
	struct kept_line *kept = kept_at(tail, number);
	if (kept->html[lang] != NULL)
		return kept->html[lang];
	struct buf html;
	struct error e;
	json_t *data = log_row(tail->console->settings, kept->line);
	json_object_set_new(data, "arrived", json_true());
	buf_init(&html, ROW_MAX_BYTES);
	if (web_pages_render(tail->console->pages, "log_row", lang, data, &html, &e) != 0) {
		log_warn("console.tail", "row=%s", log_quote(e.text));
		buf_fini(&html); /* half a row would spoil those after it */
		buf_init(&html, ROW_MAX_BYTES);
	}
	json_decref(data);
	kept->html[lang] = buf_take(&html);
	return kept->html[lang];
}

/* Lines that he wants, from viewer->at on: at most TAIL_TICK_LINES, the oldest first. When too many wait, the
 * newest. */
static size_t choose(struct tail *tail, struct viewer *viewer, int64_t out[static TAIL_TICK_LINES])
{
	int64_t wanted[TAIL_LINES];
	size_t count = 0, skip = 0;
	for (int64_t number = viewer->at; number < tail->end; number++)
		if (delivery_log_wants(&viewer->filter, kept_at(tail, number)->line))
			wanted[count++] = number;
	if (count > TAIL_BACKLOG) {
		skip = count - TAIL_TICK_LINES;
		viewer->left_out += (int64_t)skip;
	}
	size_t given = count - skip < TAIL_TICK_LINES ? count - skip : TAIL_TICK_LINES;
	memcpy(out, wanted + skip, given * sizeof *out);
	viewer->at = skip + given < count ? out[given - 1] + 1 : tail->end;
	return given;
}

/* Long replies, escaped: how many of the chosen fit. The others come with the next look. */
static size_t fitting(struct tail *tail, struct viewer *viewer, const int64_t *number, size_t count)
{
	size_t bytes = 0;
	for (size_t i = 0; i < count; i++) {
		bytes += strlen(html_of(tail, number[i], viewer->lang));
		if (bytes <= LINES_MAX_BYTES)
			continue;
		viewer->at = number[i];
		return i;
	}
	return count;
}

static bool tell_left_out(struct viewer *viewer, int64_t now_ms)
{
	if (viewer->left_out == viewer->left_told || now_ms - viewer->left_ms < LEFT_EVERY_MS)
		return true;
	json_t *number = show_number(viewer->left_out);
	char *text = xasprintf(tr("It goes too fast to be read: %s more lines are not shown here. Narrow the filter, or pause.",
				       "Строк больше, чем можно прочесть: ещё %s здесь не показано. Уточните отбор или поставьте на паузу."),
		json_string_value(number));
	bool sent = web_stream_send(viewer->stream, NULL, "left", text);
	free(text);
	json_decref(number);
	viewer->left_told = viewer->left_out;
	viewer->left_ms = now_ms;
	return sent;
}

/* false: he is gone. */
static bool tell(struct tail *tail, struct viewer *viewer, int64_t now_ms)
{
	int64_t number[TAIL_TICK_LINES];
	char id[TAIL_ID_SIZE];
	if (viewer->gap) {
		viewer->gap = false;
		viewer->told = viewer->at;
		viewer->told_ms = now_ms;
		return web_stream_send(viewer->stream, tail_id_of(tail, viewer->at, id), "gap", "gap");
	}
	size_t count = choose(tail, viewer, number);
	count = fitting(tail, viewer, number, count);
	bool good = tell_left_out(viewer, now_ms);
	if (count == 0) {
		if (!good || viewer->told == viewer->at || now_ms - viewer->told_ms < SILENT_ID_MS)
			return good;
		viewer->told = viewer->at;
		viewer->told_ms = now_ms;
		return web_stream_send(viewer->stream, tail_id_of(tail, viewer->at, id), "at", "");
	}
	struct buf rows;
	buf_init(&rows, LINES_MAX_BYTES);
	for (size_t i = count; i-- > 0;)
		(void)buf_puts(&rows, html_of(tail, number[i], viewer->lang));
	viewer->told = viewer->at;
	viewer->told_ms = now_ms;
	good = good && web_stream_send(viewer->stream, tail_id_of(tail, viewer->at, id), "lines", buf_str(&rows));
	buf_fini(&rows);
	return good;
}

static bool may_go_on(struct tail *tail, struct db *db, struct viewer *viewer, int64_t now_ms)
{
	if (now_ms - viewer->session_ms < SESSION_EVERY_MS)
		return true;
	viewer->session_ms = now_ms;
	if (console_session_alive(tail->console, db, viewer->session))
		return true;
	(void)web_stream_send(viewer->stream, NULL, "over",
		tr("You were logged out. Load the page again.", "Вы вышли из системы. Обновите страницу."));
	return false;
}

void tail_tell_all(struct tail *tail, struct db *db)
{
	int64_t now_ms = clock_mono_ms();
	struct viewer **link = &tail->viewers;
	if (now_ms - tail->told_ms < TAIL_TICK_MS - 20)
		return; /* it comes fast: read on first */
	tail->told_ms = now_ms;
	while (*link != NULL) {
		struct viewer *viewer = *link;
		lang_use(viewer->lang);
		if (!web_stream_gone(viewer->stream) && may_go_on(tail, db, viewer, now_ms) && tell(tail, viewer, now_ms)) {
			link = &viewer->next;
			continue;
		}
		*link = viewer->next;
		tail->count--;
		tail_free_viewer(viewer);
	}
	lang_use_default();
}
