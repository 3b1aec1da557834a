#include "report/report.h"

#include <stdlib.h>

void report_letter_fini(struct report_letter *letter)
{
	free(letter->subject);
	free(letter->markdown);
	free(letter->html);
	for (size_t i = 0; i < letter->files; i++) {
		free(letter->file[i].name);
		free(letter->file[i].media_type);
		free(letter->file[i].data);
	}
	free(letter->file);
	json_decref(letter->event);
	*letter = (struct report_letter){0};
}
