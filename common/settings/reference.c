/* The reference page, printed from the table so that it cannot differ from it. */
#include <inttypes.h>
#include <string.h>

#include "settings/settings_table.h"

struct type_words {
	const char *en, *ru;
};
static const struct type_words type_words[SETTING_TYPES] = {
	[SETTING_LINE] = {"text", "текст"},
	[SETTING_SLUG] = {"name: a–z, 0–9, -", "имя: a–z, 0–9, -"},
	[SETTING_HOST] = {"host or IP address", "имя машины или IP-адрес"},
	[SETTING_PATH] = {"path", "путь"},
	[SETTING_STORE] = {"URL", "URL"},
	[SETTING_BUS] = {"URL", "URL"},
	[SETTING_ADDRESS] = {"e-mail address", "адрес эл. почты"},
	[SETTING_ADDRESSES] = {"list of e-mail addresses", "список адресов эл. почты"},
	[SETTING_URL] = {"http(s) address", "адрес http(s)"},
	[SETTING_ZONE] = {"time zone", "часовой пояс"},
	[SETTING_INT] = {"number", "число"},
	[SETTING_INT64] = {"number", "число"},
	[SETTING_BYTES] = {"size: 5 MB, 512 KiB", "размер: 5 MB, 512 KiB"},
	[SETTING_DURATION] = {"duration: 500ms, 90s, 15m, 1h, 3d",
		"длительность: 500ms, 90s, 15m, 1h, 3d"},
	[SETTING_DURATION64] = {"duration: 500ms, 90s, 15m, 1h, 3d",
		"длительность: 500ms, 90s, 15m, 1h, 3d"},
	[SETTING_DURATIONS] = {"list of durations, at most 12",
		"список длительностей, не больше 12"},
	[SETTING_BOOL] = {"true, false", "true, false"},
	[SETTING_RATE] = {"rate: 20/s, 1000/h", "скорость: 20/s, 1000/h"},
	[SETTING_SECRET_FILE] = {"path", "путь"},
	[SETTING_SECRET_ENV] = {"variable's name", "имя переменной"},
	[SETTING_DOMAINS] = {"map: domain → rate", "набор: домен → скорость"},
	[SETTING_REGIONS] = {"map: region → calendar", "набор: регион → календарь"},
	[SETTING_KAFKA] = {"map: property → value", "набор: свойство → значение"},
	[SETTING_RELAYS] = {"list, see below", "список, см. ниже"},
	[SETTING_AUTHSERV] = {"list of names", "список имён"},
	[SETTING_IMAP] = {"imap:// or imaps:// address", "адрес imap:// или imaps://"},
	[SETTING_MAILBOXES] = {"list, see below", "список, см. ниже"},
	[SETTING_SOURCE] = {"text", "текст"},
	[SETTING_TASKS] = {"list of words", "список слов"},
	[SETTING_SENDERS] = {"list of e-mail addresses and domains",
		"список адресов эл. почты и доменов"},
	[SETTING_SOURCES] = {"list, see below", "список, см. ниже"},
	[SETTING_LISTEN] = {"address:port", "адрес:порт"},
	[SETTING_NETS] = {"addresses and networks", "адреса и сети"},
	[SETTING_COLOUR] = {"colour: \"#1a4b8c\"", "цвет: \"#1a4b8c\""},
};

static const char *in(enum lang lang, const char *en, const char *ru)
{
	return lang == LANG_RU ? ru : en;
}

static void print_ms(int64_t ms, struct buf *out)
{
	static const struct {
		int64_t ms;
		const char *unit;
	} units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (ms % units[i].ms == 0 && (ms >= units[i].ms || units[i].ms == 1)) {
			(void)buf_printf(out, "%" PRId64 "%s", ms / units[i].ms, units[i].unit);
			return;
		}
}

static void print_range(const struct setting_row *row, struct buf *out)
{
	switch (row->type) {
	case SETTING_INT:
	case SETTING_INT64:
	case SETTING_BYTES:
		(void)buf_printf(out, "%" PRId64 " … %" PRId64, row->least, row->most);
		return;
	case SETTING_DURATION:
	case SETTING_DURATION64:
	case SETTING_DURATIONS:
		print_ms(row->least, out);
		(void)buf_puts(out, " … ");
		print_ms(row->most, out);
		return;
	default:
		for (size_t i = 0; row->words != NULL && row->words[i] != NULL; i++)
			(void)buf_printf(out, "%s`%s`", i == 0 ? "" : ", ", row->words[i]);
	}
}

static void print_rows(enum lang lang, const struct setting_row *row, struct buf *out)
{
	(void)buf_puts(out,
		in(lang, "| setting | value | default | range | meaning |\n|---|---|---|---|---|\n",
			"| настройка | значение | по умолчанию | пределы | смысл "
			"|\n|---|---|---|---|---|\n"));
	for (; row->path != NULL; row++) {
		const char *words = row->words != NULL && row->type != SETTING_TASKS
						       ? in(lang, "word", "слово")
						       : in(lang, type_words[row->type].en,
								 type_words[row->type].ru);
		(void)buf_printf(out, "| `%s` | %s | ", row->path, words);
		if (row->fallback != NULL)
			(void)buf_printf(out, "`%s`", row->fallback);
		(void)buf_puts(out, " | ");
		print_range(row, out);
		(void)buf_printf(out, " | %s |\n", in(lang, row->en, row->ru));
	}
}

static void print_reserved(enum lang lang, struct buf *out)
{
	(void)buf_puts(out,
		in(lang,
			"\n## kafka\n\nNames and values are librdkafka's (its CONFIGURATION.md). A secret "
			"stands in a file\n(`sasl.password_file: kafka.password`) or in the environment "
			"(`sasl.password_env: VARIABLE`);\nrelative paths start at the settings file's folder. "
			"These are refused:\n\n| property | why |\n|---|---|\n",
			"\n## kafka\n\nИмена и значения — как у librdkafka (её CONFIGURATION.md). Секрет "
			"хранится в файле\n(`sasl.password_file: kafka.password`) или в окружении "
			"(`sasl.password_env: ПЕРЕМЕННАЯ`);\nотносительные пути считаются от папки файла "
			"настроек. Эти свойства не принимаются:\n\n| свойство | почему |\n|---|---|\n"));
	for (const struct setting_reserved *r = settings_kafka_reserved; r->name != NULL; r++)
		(void)buf_printf(out, "| `%s%s` | %s |\n", r->name,
			r->name[strlen(r->name) - 1] == '.' ? "*" : "", in(lang, r->en, r->ru));
}

int settings_reference(enum lang lang, struct buf *out)
{
	(void)buf_puts(out, in(lang,
				    "# Settings\n\n"
				    "Printed by the program from its table of settings; a test "
				    "fails when this page differs.\n"
				    "The file is named by `--config`, by `$VESTNIK_CONFIG`, or is "
				    "`./vestnik.yaml` or\n"
				    "`/etc/vestnik/vestnik.yaml`; without one the defaults hold. "
				    "Relative paths start at the file's\n"
				    "folder. `a.b` stands in the file as `a: {b: …}`. `vestnik "
				    "check-config` shows every mistake.\n\n",
				    "# Настройки\n\n"
				    "Страница напечатана программой из её таблицы настроек; если "
				    "они разойдутся, тест это заметит.\n"
				    "Файл указывают в `--config` или `$VESTNIK_CONFIG`, иначе это "
				    "`./vestnik.yaml` или\n"
				    "`/etc/vestnik/vestnik.yaml`; без файла действуют значения по "
				    "умолчанию. Относительные пути\n"
				    "считаются от папки файла. `a.b` пишется в файле как `a: {b: "
				    "…}`. Все ошибки показывает\n"
				    "`vestnik check-config`.\n\n"));
	print_rows(lang, settings_rows, out);
	(void)buf_puts(
		out, in(lang, "\n## relays\n\nEach item of the list has these.\n\n",
			     "\n## relays\n\nУ каждого сервера списка такие настройки.\n\n"));
	print_rows(lang, settings_relay_rows, out);
	(void)buf_puts(out,
		in(lang, "\n## sources\n\nEach item of the list has these; docs/producers.md "
			 "explains them.\n\n",
			"\n## sources\n\nУ каждого источника списка такие настройки; подробнее — "
			"docs/producers.ru.md.\n\n"));
	print_rows(lang, settings_source_rows, out);
	(void)buf_puts(out,
		in(lang, "\n## intake.mailboxes\n\nEach item of the list has these; docs/intake.md explains "
			 "what becomes of a mail.\n\n",
			"\n## intake.mailboxes\n\nУ каждого ящика списка такие настройки; что делается с "
			"письмами — docs/intake.ru.md.\n\n"));
	print_rows(lang, settings_mailbox_rows, out);
	print_reserved(lang, out);
	return buf_ok(out) ? 0 : -1;
}
