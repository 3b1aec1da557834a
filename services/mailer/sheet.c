#include "mailer/sheet.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "campaign/campaign.h"

/* Enough for every campaign that runs at once and for a stream of notices, each
 * a campaign of its own; bounded by memory too, because attachments stay encoded. */
#define SHEETS_MOST 64
#define SHEETS_MOST_BYTES (64u * 1024 * 1024)

struct sheets {
	const struct settings *settings;
	pthread_mutex_t lock;
	struct sheet *item[SHEETS_MOST]; /* most recently used first */
	size_t count;
};

struct sheets *sheets_new(const struct settings *settings)
{
	struct sheets *sheets = xcalloc(1, sizeof *sheets);
	sheets->settings = settings;
	pthread_mutex_init(&sheets->lock, NULL);
	return sheets;
}

static void release(struct sheet *sheet)
{
	if (--sheet->references > 0)
		return;
	letter_unref(&sheet->letter);
	free(sheet->slug);
	free(sheet->sender);
	free(sheet->reply_to);
	json_decref(sheet->annexes);
	free(sheet);
}

void sheets_free(struct sheets **pointer)
{
	struct sheets *sheets = *pointer;
	if (sheets == NULL)
		return;
	*pointer = NULL;
	for (size_t i = 0; i < sheets->count; i++)
		release(sheets->item[i]);
	pthread_mutex_destroy(&sheets->lock);
	free(sheets);
}

static struct sheet *find(struct sheets *sheets, int64_t campaign, int step)
{
	for (size_t i = 0; i < sheets->count; i++) {
		struct sheet *sheet = sheets->item[i];
		if (sheet->campaign != campaign || sheet->step != step)
			continue;
		memmove(&sheets->item[1], &sheets->item[0], i * sizeof sheet);
		sheets->item[0] = sheet;
		sheet->references++;
		return sheet;
	}
	return NULL;
}

static void keep(struct sheets *sheets, struct sheet *sheet)
{
	size_t bytes = letter_size_estimate(sheet->letter), kept = 0;
	while (kept < sheets->count && kept < SHEETS_MOST - 1) {
		bytes += letter_size_estimate(sheets->item[kept]->letter);
		if (bytes > SHEETS_MOST_BYTES)
			break;
		kept++;
	}
	while (sheets->count > kept)
		release(sheets->item[--sheets->count]);
	memmove(&sheets->item[1], &sheets->item[0], sheets->count * sizeof sheet);
	sheets->item[0] = sheet;
	sheets->count++;
	sheet->references++;
}

static int load(struct sheets *sheets, struct db *db, int64_t id, int step, struct sheet **out,
	struct error *e)
{
	struct campaign *campaign = NULL;
	if (campaign_load(db, id, &campaign, e) != 0)
		return -1;
	struct sheet *sheet = xcalloc(1, sizeof *sheet);
	sheet->campaign = id;
	sheet->step = step;
	sheet->references = 1;
	sheet->slug = xstrdup(campaign_slug(campaign));
	sheet->sender = xstrdup(campaign_sender(campaign));
	sheet->reply_to = xstrdup(campaign_reply_to(campaign));
	sheet->annexes = json_deep_copy(json_object_get(campaign_definition(campaign), "annexes"));
	int rc = campaign_letter(db, campaign, sheets->settings, step, &sheet->letter, e);
	campaign_free(&campaign);
	if (rc != 0) {
		release(sheet);
		return -1;
	}
	*out = sheet;
	return 0;
}

/* Two lanes may compile the same letter at once: the second copy is dropped. */
int sheets_get(struct sheets *sheets, struct db *db, int64_t campaign, int step, struct sheet **out,
	struct error *e)
{
	pthread_mutex_lock(&sheets->lock);
	*out = find(sheets, campaign, step);
	pthread_mutex_unlock(&sheets->lock);
	if (*out != NULL)
		return 0;
	struct sheet *sheet;
	if (load(sheets, db, campaign, step, &sheet, e) != 0)
		return -1;
	pthread_mutex_lock(&sheets->lock);
	*out = find(sheets, campaign, step);
	if (*out != NULL) {
		release(sheet);
	} else {
		keep(sheets, sheet);
		*out = sheet;
	}
	pthread_mutex_unlock(&sheets->lock);
	return 0;
}

void sheets_put(struct sheets *sheets, struct sheet **sheet)
{
	if (*sheet == NULL)
		return;
	pthread_mutex_lock(&sheets->lock);
	release(*sheet);
	pthread_mutex_unlock(&sheets->lock);
	*sheet = NULL;
}
