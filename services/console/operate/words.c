#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "console/operate/operate.h"

const char *service_word(const char *service)
{
	static const struct {
		const char *name, *en, *ru;
	} words[] = {{"planner", "Planner", "Планировщик"}, {"mailer", "Mailer", "Почтальон"},
		{"ledger", "Ledger", "Учёт"}, {"notifier", "Notifier", "Вебхуки"}, {"intake", "Intake", "Приём почты"},
		{"portal", "Portal", "Страницы адресатов"}, {"console", "Console", "Консоль"}};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i].name, service) == 0)
			return tr(words[i].en, words[i].ru);
	return service;
}

json_t *show_size(int64_t bytes)
{
	static const char *const en[] = {"B", "KB", "MB", "GB", "TB"};
	static const char *const ru[] = {"Б", "КБ", "МБ", "ГБ", "ТБ"};
	char text[40];
	double size = (double)bytes;
	size_t unit = 0;
	while (size >= 1000 && unit < 4) {
		size /= 1024;
		unit++;
	}
	snprintf(text, sizeof text, "%.*f\u00a0%s", unit > 0 && size < 100 ? 1 : 0, size,
		lang_get() == LANG_RU ? ru[unit] : en[unit]);
	char *point = lang_get() == LANG_RU ? strchr(text, '.') : NULL;
	if (point != NULL)
		*point = ',';
	return json_string(text);
}

json_t *show_span(int64_t ms)
{
	int64_t minutes = (ms + 59999) / 60000;
	if (ms < 0)
		return json_null();
	if (minutes < 90)
		return json_sprintf(tr("~%d min", "~%d\u00a0мин"), (int)minutes);
	if (minutes < 48 * 60)
		return json_sprintf(tr("~%d h", "~%d\u00a0ч"), (int)((minutes + 30) / 60));
	return json_sprintf(tr("~%d d", "~%d\u00a0дн."), (int)((minutes + 720) / 1440));
}

json_t *show_line(const char *text, size_t most)
{
	if (text == NULL || text[0] == '\0')
		return json_null();
	char *line = gate_clean_line(text, most);
	json_t *out = line[0] == '\0' ? json_null() : json_string(line);
	free(line);
	return out;
}
