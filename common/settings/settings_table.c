#include "settings/settings_table.h"

#define S(member) offsetof(struct settings, member)
#define R(member) offsetof(struct settings_relay, member)
#define P(member) offsetof(struct settings_source, member)
#define B(member) offsetof(struct settings_mailbox, member)
#define SECOND 1000LL
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const langs[] = {"en", "ru", NULL};
static const char *const securities[] = {"none", "starttls", "tls", NULL};
static const char *const transports[] = {"libesmtp", "libcurl", NULL};
static const char *const envelopes[] = {"verp", "fixed", NULL};
static const char *const replies[] = {"tagged", "plain", NULL};

const struct setting_row settings_rows[] = {
	{"lang", SETTING_LANG, S(lang), NULL, 0, 0, langs,
		"Language of what people read. Default: the locale's (LC_ALL, LC_MESSAGES, LANG)",
		"Язык сообщений. По умолчанию — язык системы (LC_ALL, LC_MESSAGES, LANG)"},
	{"zone", SETTING_ZONE, S(zone), "Europe/Moscow", 0, 0, NULL,
		"Time zone of the ministry: times in campaigns without a zone of their own are its "
		"wall time",
		"Часовой пояс ведомства: по нему читается время в рассылках, где пояс не указан"},
	{"data_dir", SETTING_PATH, S(data_dir), NULL, 0, 0, NULL,
		"Folder of everything kept. Default: $STATE_DIRECTORY; /var/lib/vestnik for a file "
		"under /etc; else vestnik-data beside this file",
		"Папка всех данных. По умолчанию: $STATE_DIRECTORY; для файла в /etc — "
		"/var/lib/vestnik; иначе vestnik-data рядом с этим файлом"},
	{"store_url", SETTING_STORE, S(store_url), NULL, 0, 0, NULL,
		"The store: sqlite:PATH or postgresql://USER@HOST:PORT/DATABASE (libpq's URI; several "
		"hosts, sslmode=verify-full and the like). Default: sqlite:<data_dir>/vestnik.db",
		"Хранилище: sqlite:ПУТЬ или postgresql://ИМЯ@МАШИНА:ПОРТ/БАЗА (URI библиотеки libpq: "
		"несколько машин, sslmode=verify-full и прочее). По умолчанию "
		"sqlite:<data_dir>/vestnik.db"},
	{"store_password_file", SETTING_SECRET_FILE, S(store_password), NULL, 0, 0, NULL,
		"File with PostgreSQL's password, readable by the service alone; libpq's own ways "
		"(passfile, ~/.pgpass, PGPASSWORD) do as well",
		"Файл с паролем PostgreSQL, доступный только службе; годятся и способы самой libpq "
		"(passfile, ~/.pgpass, PGPASSWORD)"},
	{"store_password_env", SETTING_SECRET_ENV, S(store_password), NULL, 0, 0, NULL,
		"Or: variable of the environment with it", "Или переменная окружения с ним"},
	{"bus_url", SETTING_BUS, S(bus_url), "embedded", 0, 0, NULL,
		"The bus: embedded (in the SQLite store's file) or kafka://HOST:PORT,HOST:PORT[/PREFIX]; "
		"with a prefix topics are called PREFIX.vestnik.tasks and so on",
		"Шина: embedded (в файле хранилища SQLite) или "
		"kafka://МАШИНА:ПОРТ,МАШИНА:ПОРТ[/ПРИСТАВКА]; с приставкой темы называются "
		"ПРИСТАВКА.vestnik.tasks и так далее"},
	{"kafka", SETTING_KAFKA, S(kafka), NULL, 0, 0, NULL,
		"Properties of librdkafka (TLS, SASL, …): {security.protocol: SASL_SSL, "
		"sasl.password_file: kafka.password}; _file or _env after a name takes its value from "
		"there",
		"Свойства librdkafka (TLS, SASL, …): {security.protocol: SASL_SSL, sasl.password_file: "
		"kafka.password}; с _file или _env после имени значение берётся оттуда"},
	{"bus_partitions", SETTING_INT, S(bus_partitions), "12", 1, 64, NULL,
		"Kafka: partitions of mail and of status: so many mailers and ledgers can share the work. "
		"Can only grow once the topics are made (vestnik bus init)",
		"Kafka: разделов у тем писем и событий; столько служб отправки и учёта могут делить работу. "
		"После создания тем (vestnik bus init) может только расти"},
	{"bus_replication", SETTING_INT, S(bus_replication), "0", 0, 32, NULL,
		"Kafka: replicas of each topic; 0: three, or as many as there are brokers",
		"Kafka: реплик у каждой темы; 0 — три или сколько есть брокеров"},
	{"bus_keep", SETTING_DURATION64, S(bus_keep_ms), "7d", MINUTE, 3650 * DAY, NULL,
		"How long events wait for a notifier that is away; older ones are dropped, and an "
		"event says so (vestnik.bus.gap)",
		"Сколько события ждут остановленной службы вебхуков; более старые отбрасываются, "
		"о чём сообщает событие vestnik.bus.gap"},
	{"bus_max", SETTING_BYTES, S(bus_max_bytes), "10 GB", 1000000, 100000 * 1000000000LL, NULL,
		"How much of a topic may wait for one service. Beyond it the notifier loses its "
		"oldest events; for any other service publishing stops until it has caught up",
		"Сколько сообщений темы может ждать одну службу. Сверх этого служба вебхуков теряет "
		"старейшие события; ради любой другой публикация останавливается, пока она не "
		"догонит"},
	{"key_file", SETTING_PATH, S(key_file), NULL, 0, 0, NULL,
		"The installation's key; made at the first start. Default: <data_dir>/vestnik.key",
		"Ключ установки, создаётся при первом запуске. По умолчанию "
		"<data_dir>/vestnik.key"},
	{"run_dir", SETTING_PATH, S(run_dir), NULL, 0, 0, NULL,
		"Sockets, process ids, locks. Default: <data_dir>/run",
		"Сокеты, номера процессов, замки. По умолчанию <data_dir>/run"},
	{"log_level", SETTING_LEVEL, S(log_level), "info", 0, 0, levels,
		"What the log shows at least", "С какого уровня пишется журнал"},
	{"drain", SETTING_DURATION, S(drain_ms), "10s", 0, 10 * MINUTE, NULL,
		"How long a stopping service may finish what is in hand",
		"Сколько времени служба при остановке доделывает начатое"},
	{"public_url", SETTING_URL, S(public_url), NULL, 0, 0, NULL,
		"Address of the public pages; without it letters carry no links to them",
		"Адрес публичных страниц; без него в письмах нет ссылок на них"},
	{"attachments_max", SETTING_BYTES, S(attachments_max_bytes), "5 MB", 1, 100 * 1000000LL,
		NULL, "Attachments of one letter in all; a campaign with more is refused",
		"Вложения одного письма вместе; рассылка, где их больше, не принимается"},
	{"audience_max", SETTING_INT64, S(audience_max), "0", 0, 100000000, NULL,
		"A launch to more recipients needs --yes and says so; 0: no limit",
		"Запуск на большее число адресатов требует --yes; 0 — без предела"},

	{"sender.name", SETTING_LINE, S(sender.name), NULL, 0, 0, NULL,
		"Sender's name of notices and of campaigns without `from`",
		"Имя отправителя извещений и рассылок, где нет `from`"},
	{"sender.address", SETTING_ADDRESS, S(sender.address), NULL, 0, 0, NULL,
		"Sender's address of the same", "Адрес отправителя для них же"},
	{"sender.reply_to", SETTING_ADDRESS, S(sender.reply_to), NULL, 0, 0, NULL,
		"Where answers go when not to the sender's address",
		"Куда идут ответы, если не на адрес отправителя"},

	{"calendar.name", SETTING_SLUG, S(calendar.name), "ru", 0, 0, NULL,
		"Production calendar: which days people work. ru is built in (vestnik calendar show)",
		"Производственный календарь: какие дни рабочие. ru встроен (vestnik calendar show)"},
	{"calendar.folder", SETTING_PATH, S(calendar.folder), NULL, 0, 0, NULL,
		"Calendar files that add to the built-in ones or replace them. Default: "
		"<data_dir>/calendars",
		"Папка файлов календаря, которые дополняют или заменяют встроенные. По умолчанию "
		"<data_dir>/calendars"},
	{"calendar.regions", SETTING_REGIONS, S(calendar.regions), NULL, 0, 0, NULL,
		"Regions with days off of their own, named as in the directory: {Republic: ru-ba}",
		"Регионы со своими выходными, названные как в справочнике: {Республика: ru-ba}"},

	{"planner.look_ahead", SETTING_DURATION, S(planner.look_ahead_ms), "5s", 100, 10 * MINUTE,
		NULL, "How much work the planner keeps ready for the mailers, at the measured rate",
		"Запас работы для отправителей при измеренной скорости"},
	{"planner.look_ahead_least", SETTING_INT, S(planner.look_ahead_least), "100", 1, 1000000,
		NULL, "The same in letters, at least", "То же в письмах, не меньше"},
	{"planner.look_ahead_most", SETTING_INT, S(planner.look_ahead_most), "20000", 1, 1000000,
		NULL, "The same in letters, at most", "То же в письмах, не больше"},
	{"planner.stuck_after", SETTING_DURATION, S(planner.stuck_after_ms), "30m", SECOND, DAY,
		NULL,
		"A letter handed out this long ago and not heard of is looked at by the sweeper",
		"Через сколько времени письмо без известий проверяется и отправляется снова"},
	{"planner.retry", SETTING_DURATIONS, S(planner.retry_ms), "1m 5m 15m 1h 2h 4h", 1, 7 * DAY,
		NULL, "Waits after temporary refusals of one recipient; the last repeats",
		"Паузы после временных отказов одному адресату; последняя повторяется"},
	{"planner.give_up", SETTING_DURATION64, S(planner.give_up_ms), "3d", MINUTE, 30 * DAY, NULL,
		"A letter that could not be handed over this long has failed (unless the campaign "
		"sets its own limit)",
		"Через сколько времени неотправленное письмо считается неудачей (если рассылка не "
		"задаёт своего срока)"},
	{"planner.lease", SETTING_DURATION, S(planner.lease_ms), "10s", 500, 10 * MINUTE, NULL,
		"How long a planner leads without renewing",
		"На сколько планировщик становится ведущим без продления"},

	{"mailer.connections", SETTING_INT, S(mailer.connections), "64", 1, 1000, NULL,
		"Connections to the relays at once (W); W divided by the relay's latency is the "
		"rate",
		"Соединений с почтовыми серверами сразу; их число, делённое на задержку сервера, и "
		"есть скорость"},
	{"mailer.urgent_connections", SETTING_INT, S(mailer.urgent_connections), "1", 0, 100, NULL,
		"Of them, kept for urgent letters", "Из них только для срочных писем"},
	{"mailer.unrecorded_most", SETTING_INT, S(mailer.unrecorded_most), "256", 1, 10000, NULL,
		"Senders stop at this many outcomes not yet recorded: with W the most that a crash "
		"can send twice",
		"Столько исходов может быть не записано; вместе с числом соединений — предел "
		"повторов после сбоя"},
	{"mailer.ehlo", SETTING_HOST, S(mailer.ehlo), NULL, 0, 0, NULL,
		"Name said in EHLO. Default: this machine's",
		"Имя в команде EHLO. По умолчанию имя этой машины"},
	{"mailer.breaker_failures", SETTING_INT, S(mailer.breaker_failures), "5", 1, 1000, NULL,
		"Failures in a row before a relay's breaker opens",
		"После скольких отказов подряд сервер на время отключается"},
	{"mailer.breaker_open", SETTING_DURATION64, S(mailer.breaker_open_ms), "10s", 100, DAY,
		NULL, "How long it stays open the first time; doubles",
		"На сколько в первый раз; дальше вдвое дольше"},
	{"mailer.breaker_open_most", SETTING_DURATION64, S(mailer.breaker_open_most_ms), "10m", 100,
		DAY, NULL, "and at most", "и самое большее"},
	{"mailer.domains", SETTING_DOMAINS, S(mailer.domains), NULL, 0, 0, NULL,
		"Rate per domain of recipients: {gmail.com: 20/s}",
		"Скорость для доменов адресатов: {gmail.com: 20/s}"},

	{"notifier.connections", SETTING_INT, S(notifier.connections), "64", 1, 1000, NULL,
		"Connections to webhooks at once", "Соединений с вебхуками сразу"},
	{"notifier.connections_per_endpoint", SETTING_INT, S(notifier.connections_per_endpoint),
		"4", 1, 100, NULL, "The same to one of them", "То же с одним из них"},
	{"notifier.timeout", SETTING_DURATION, S(notifier.timeout_ms), "20s", 100, 5 * MINUTE, NULL,
		"One attempt in all", "Одна попытка целиком"},
	{"notifier.response_max", SETTING_BYTES, S(notifier.response_max_bytes), "4 KiB", 0, 65536,
		NULL, "What is kept of a webhook's response", "Сколько хранится от ответа вебхука"},
	{"notifier.keep", SETTING_DURATION64, S(notifier.keep_ms), "30d", HOUR, 3650 * DAY, NULL,
		"How long messages and attempts are kept", "Сколько хранятся сообщения и попытки"},
	{"notifier.disable_after", SETTING_DURATION64, S(notifier.disable_after_ms), "5d", MINUTE,
		365 * DAY, NULL, "A webhook that fails this long is disabled",
		"Через сколько времени отказов вебхук отключается"},
	{"notifier.allow_private", SETTING_BOOL, S(notifier.allow_private), "false", 0, 0, NULL,
		"Allow webhooks at private addresses (an internal network)",
		"Разрешить вебхуки по внутренним адресам (внутренняя сеть)"},
	{"notifier.ca_file", SETTING_PATH, S(notifier.ca_file), NULL, 0, 0, NULL,
		"Certificates to trust beside the system's: none. Instead of the system's: this "
		"file",
		"Файл доверенных сертификатов вместо системных"},

	{"intake.mailboxes", SETTING_MAILBOXES, S(intake.mailboxes), NULL, 0, 0, NULL,
		"Mailboxes that answers and bounces arrive in",
		"Почтовые ящики, куда приходят ответы и возвраты"},
	{"intake.trusted_authserv", SETTING_AUTHSERV, S(intake.trusted_authserv), NULL, 0, 0, NULL,
		"Names your own mail servers put first into Authentication-Results (mx.example.org). A "
		"sender is believed only when one of them says dmarc=pass; without the list staff "
		"look at every mail",
		"Имена, которые ваши почтовые серверы пишут в начале Authentication-Results "
		"(mx.example.org). Отправителю верят, только если один из них сообщил dmarc=pass; без "
		"списка каждое письмо смотрят сотрудники"},
	{"intake.poll", SETTING_DURATION, S(intake.poll_ms), "30s", 200, HOUR, NULL,
		"Between two looks into an IMAP mailbox (a Maildir is looked at five times a second)",
		"Как часто заглядывать в ящик IMAP (в Maildir — пять раз в секунду)"},
	{"intake.first", SETTING_DURATION64, S(intake.first_ms), "7d", 0, 3650 * DAY, NULL,
		"How far back an IMAP mailbox is read that was never read before",
		"За какой срок читать ящик IMAP, который раньше не читали"},
	{"intake.receipts", SETTING_BOOL, S(intake.receipts), "true", 0, 0, NULL,
		"Tell who answers by mail what was understood, at most once a day",
		"Сообщать ответившим по почте, что понято, не чаще раза в день"},
	{"portal.listen", SETTING_LISTEN, S(portal.listen), "127.0.0.1:8090", 0, 0, NULL,
		"Where the recipients' pages are served, for nginx in front; only once `public_url` is set",
		"Где открываются страницы для адресатов (впереди стоит nginx); только если задан "
		"`public_url`"},
	{"portal.threads", SETTING_INT, S(portal.threads), "4", 1, 64, NULL, "Pages made at once",
		"Сколько страниц готовится сразу"},
	{"portal.proxies", SETTING_NETS, S(portal.proxies), "127.0.0.1 ::1", 0, 0, NULL,
		"Who stands in front and may say a visitor's address (X-Forwarded-For, X-Forwarded-Proto)",
		"Кто стоит впереди и может называть адрес посетителя (X-Forwarded-For, "
		"X-Forwarded-Proto)"},
	{"portal.name", SETTING_LINE, S(portal.name), NULL, 0, 0, NULL,
		"The ministry's name above each page. Default: sender.name",
		"Название ведомства над страницами. По умолчанию sender.name"},
	{"portal.colour", SETTING_COLOUR, S(portal.colour), "#1a4b8c", 0, 0, NULL,
		"Its colour: buttons, links, the line above; dark enough for white letters",
		"Его цвет: кнопки, ссылки, полоса сверху; достаточно тёмный для белых букв"},
	{"portal.privacy_url", SETTING_URL, S(portal.privacy_url), NULL, 0, 0, NULL,
		"The notice on personal data that forms link to (152-ФЗ)",
		"Политика обработки персональных данных: на неё ссылаются формы (152-ФЗ)"},
	{"portal.contact", SETTING_LINE, S(portal.contact), NULL, 0, 0, NULL,
		"Whom to ask, below each page: a name, a phone, an address",
		"К кому обращаться, внизу страниц: имя, телефон, адрес"},
	{"portal.assets", SETTING_PATH, S(portal.assets), NULL, 0, 0, NULL,
		"Folder with the ministry's logo.svg or logo.png; its style.css comes after ours",
		"Папка с эмблемой ведомства logo.svg или logo.png; style.css из неё действует после "
		"нашего"},
	{"console.listen", SETTING_LISTEN, S(console.listen), "127.0.0.1:8091", 0, 0, NULL,
		"Where the console of staff and operators and the REST API are served, for nginx in front or with "
		"console.tls_cert_file",
		"Где открывается консоль сотрудников и операторов и REST API (впереди nginx или свой "
		"console.tls_cert_file)"},
	{"console.threads", SETTING_INT, S(console.threads), "8", 1, 64, NULL, "Pages made at once",
		"Сколько страниц готовится сразу"},
	{"console.proxies", SETTING_NETS, S(console.proxies), "127.0.0.1 ::1", 0, 0, NULL,
		"Who stands in front and may say a visitor's address (X-Forwarded-For, X-Forwarded-Proto)",
		"Кто стоит впереди и может называть адрес посетителя (X-Forwarded-For, X-Forwarded-Proto)"},
	{"console.url", SETTING_URL, S(console.url), NULL, 0, 0, NULL,
		"How people reach the console: links in notices to staff lead there",
		"Адрес консоли для людей: на него ведут ссылки в письмах сотрудникам"},
	{"console.tls_cert_file", SETTING_PATH, S(console.tls_cert_file), NULL, 0, 0, NULL,
		"Certificate chain (PEM) when the console ends TLS itself", "Цепочка сертификатов (PEM), если TLS завершает сама консоль"},
	{"console.tls_key_file", SETTING_PATH, S(console.tls_key_file), NULL, 0, 0, NULL, "Its key (PEM)", "Её ключ (PEM)"},
	{"console.session", SETTING_DURATION64, S(console.session_ms), "12h", MINUTE, 30 * DAY, NULL,
		"How long a login holds at most", "Сколько самое большее действует вход"},
	{"console.idle", SETTING_DURATION64, S(console.idle_ms), "2h", MINUTE, 30 * DAY, NULL,
		"After how long without use it ends", "Через сколько без работы он заканчивается"},
	{"console.api_per_minute", SETTING_INT, S(console.api_per_minute), "1200", 1, 1000000, NULL,
		"Requests an API key may make in a minute; as many may come at once",
		"Запросов в минуту на один ключ API; столько же может прийти сразу"},
	{"console.approve_from", SETTING_INT64, S(console.approve_from), "0", 0, 1000000000, NULL,
		"A launch to so many recipients or more waits for a second person; 0: none does, 1: every one",
		"Запуск на столько адресатов и больше ждёт согласия второго человека; 0 — не ждёт, 1 — всегда"},

	{"retention.letters", SETTING_DURATION64, S(retention.letters_ms), "0s", 0, 36500 * DAY, NULL,
		"Letters and their history go so long after the campaign's end (at least 180d), when its case file is made; 0s: never",
		"Через столько после конца рассылки (не раньше 180d) исчезают письма и их история, когда сохранено её дело; 0s – никогда"},
	{"retention.files", SETTING_DURATION64, S(retention.files_ms), "0s", 0, 36500 * DAY, NULL,
		"The same for the files that came with answers; the figures stay",
		"То же для файлов из ответов; показатели остаются"},
	{"retention.mails", SETTING_DURATION64, S(retention.mails_ms), "1095d", 0, 36500 * DAY, NULL,
		"Mail that came in goes after so long, if nobody has to decide on it; 0s: never",
		"Через сколько исчезают входящие письма, если по ним не ждут решения; 0s – никогда"},
	{"retention.audit_details", SETTING_DURATION64, S(retention.audit_details_ms), "0s", 0, 36500 * DAY, NULL,
		"What names persons in the audit log goes after so long; the log itself stays; 0s: never",
		"Через сколько из журнала действий исчезает то, что называет людей; сам журнал остаётся; 0s – никогда"},

	{"relays", SETTING_RELAYS, S(relays), NULL, 0, 0, NULL,
		"Mail servers that take our letters. Default: one at 127.0.0.1:25 named local, "
		"without TLS",
		"Почтовые серверы, принимающие наши письма. По умолчанию один: local, "
		"127.0.0.1:25, без TLS"},
	{"sources", SETTING_SOURCES, S(sources), NULL, 0, 0, NULL,
		"Producers on the bus and what each may ask for. Once the list is there, even "
		"empty, everything not in it is refused; Vestnik's own programs always may. "
		"Default: who can write the bus may ask for anything",
		"Кто через шину о чём может просить. Если список есть, даже пустой, всё, чего в нём "
		"нет, отклоняется; программам самого Вестника можно всегда. По умолчанию тому, кто "
		"пишет в шину, можно всё"},
	{NULL, SETTING_TYPES, 0, NULL, 0, 0, NULL, NULL, NULL},
};

const struct setting_row settings_relay_rows[] = {
	{"name", SETTING_SLUG, R(name), NULL, 0, 0, NULL, "Name in logs and commands; required",
		"Имя в журнале и командах; обязательно"},
	{"host", SETTING_HOST, R(host), NULL, 0, 0, NULL, "Host or address; required",
		"Имя или адрес; обязательно"},
	{"port", SETTING_INT, R(port), NULL, 1, 65535, NULL,
		"Default: 465 with tls, 587 with auth, else 25",
		"По умолчанию 465 при tls, 587 при auth, иначе 25"},
	{"security", SETTING_CHOICE, R(security), NULL, 0, 0, securities,
		"starttls and tls verify the certificate. Default: starttls; none on this machine "
		"(127.0.0.1, localhost)",
		"При starttls и tls сертификат проверяется. По умолчанию starttls, на этой же "
		"машине (127.0.0.1, localhost) — none"},
	{"transport", SETTING_CHOICE, R(transport), "libesmtp", 0, 0, transports,
		"Which library talks to it; tls always uses libcurl",
		"Какая библиотека; при tls всегда libcurl"},
	{"ca_file", SETTING_PATH, R(ca_file), NULL, 0, 0, NULL,
		"Certificates to trust instead of the system's",
		"Доверенные сертификаты вместо системных"},
	{"auth.user", SETTING_LINE, R(user), NULL, 0, 0, NULL, "Login", "Имя для входа"},
	{"auth.password_file", SETTING_SECRET_FILE, R(password), NULL, 0, 0, NULL,
		"File with the password, readable by the service alone",
		"Файл с паролем, доступный только службе"},
	{"auth.password_env", SETTING_SECRET_ENV, R(password), NULL, 0, 0, NULL,
		"Or: variable of the environment with it", "Или переменная окружения с ним"},
	{"weight", SETTING_INT, R(weight), "1", 0, 1000, NULL,
		"Share of the letters; 0: only when the others are down",
		"Доля писем; 0 — только когда остальные недоступны"},
	{"connections", SETTING_INT, R(connections), NULL, 1, 1000, NULL,
		"Connections at once, of all mailers together. Default: no limit but each "
		"mailer's mailer.connections",
		"Соединений сразу, у всех почтальонов вместе. По умолчанию предела нет, кроме "
		"mailer.connections у каждого"},
	{"rate", SETTING_RATE, R(rate), "none", 0, 0, NULL,
		"At most, all mailers together: 20/s, 1000/h; none",
		"Не быстрее, все почтальоны вместе: 20/s, 1000/h; none — без предела"},
	{"quota.letters", SETTING_INT64, R(quota.count), "0", 0, 1000000000, NULL,
		"Quota: letters per window, kept across restarts; 0: none",
		"Квота: писем за окно, помнится при перезапуске; 0 — нет"},
	{"quota.per", SETTING_DURATION64, R(quota.per_ms), "24h", SECOND, 31 * DAY, NULL,
		"The window of the quota", "Окно квоты"},
	{"envelope", SETTING_CHOICE, R(envelope), "fixed", 0, 0, envelopes,
		"verp: each letter has its own return address (sharper bounces) where the relay "
		"allows it",
		"verp — у каждого письма свой обратный адрес (возвраты точнее), если сервер это "
		"допускает"},
	{"envelope_sender", SETTING_ADDRESS, R(envelope_sender), NULL, 0, 0, NULL,
		"Where bounces go; verp puts +tag before the @. Default: the campaign's sender",
		"Куда идут возвраты; verp добавляет +метку перед @. По умолчанию отправитель "
		"рассылки"},
	{"reply", SETTING_CHOICE, R(reply), "plain", 0, 0, replies,
		"tagged: Reply-To carries +tag, so that an answer finds its letter",
		"tagged — адрес ответа несёт +метку, и ответ находит своё письмо"},
	{"senders", SETTING_ADDRESSES, R(senders), NULL, 0, 0, NULL,
		"From addresses this relay may carry. Default: all",
		"Какие адреса отправителя он принимает. По умолчанию любые"},
	{"connect_timeout", SETTING_DURATION, R(connect_timeout_ms), "10s", 100, 10 * MINUTE, NULL,
		"Connecting", "Соединение"},
	{"greeting_timeout", SETTING_DURATION, R(greeting_timeout_ms), "30s", 100, 10 * MINUTE,
		NULL, "The relay's greeting", "Приветствие сервера"},
	{"command_timeout", SETTING_DURATION, R(command_timeout_ms), "60s", 100, 10 * MINUTE, NULL,
		"A reply to a command", "Ответ на команду"},
	{"transfer_timeout", SETTING_DURATION, R(transfer_timeout_ms), "3m", 100, 30 * MINUTE, NULL,
		"No byte of the letter moves", "Письмо не продвигается"},
	{"final_timeout", SETTING_DURATION, R(final_timeout_ms), "5m", 100, 30 * MINUTE, NULL,
		"The reply to the whole letter (shorter: more doubles)",
		"Ответ на письмо целиком (меньше — больше повторов)"},
	{"letters_per_session", SETTING_INT, R(letters_per_session), "100", 1, 100000, NULL,
		"Then a new connection", "После этого новое соединение"},
	{NULL, SETTING_TYPES, 0, NULL, 0, 0, NULL, NULL, NULL},
};

const struct setting_row settings_source_rows[] = {
	{"source", SETTING_SOURCE, P(source), NULL, 0, 0, NULL,
		"CloudEvents source, as the producer writes it; with * at its end all that begin so "
		"(the longest entry that fits counts); required",
		"Источник CloudEvents, как его пишет программа; со * в конце — все, что так "
		"начинаются (действует самая длинная подходящая запись); обязательно"},
	{"tasks", SETTING_TASKS, P(tasks), NULL, 0, 0, settings_task_names,
		"What it may ask for; required", "О чём он может просить; обязательно"},
	{"senders", SETTING_SENDERS, P(senders), NULL, 0, 0, NULL,
		"From addresses (outreach@example.org) or whole domains (example.org) of its notices "
		"and of the campaigns it touches. Default: all",
		"Адреса отправителя (outreach@example.org) или целые домены (example.org) его "
		"извещений и рассылок, которые он трогает. По умолчанию любые"},
	{"audience_max", SETTING_INT64, P(audience_max), "0", 0, 100000000, NULL,
		"Recipients of one notice or launch at most, counted before anything is sent; 0: no "
		"limit",
		"Не больше стольких адресатов у одного извещения или запуска; считаются до "
		"отправки; 0 — без предела"},
	{NULL, SETTING_TYPES, 0, NULL, 0, 0, NULL, NULL, NULL},
};

const struct setting_row settings_mailbox_rows[] = {
	{"name", SETTING_SLUG, B(name), NULL, 0, 0, NULL, "Name in logs and commands; required",
		"Имя в журнале и командах; обязательно"},
	{"maildir", SETTING_PATH, B(maildir), NULL, 0, 0, NULL,
		"Folder of a Maildir (with new, cur, tmp); this or imap",
		"Папка Maildir (в ней new, cur, tmp); она или imap"},
	{"imap", SETTING_IMAP, 0, NULL, 0, 0, NULL,
		"IMAP server: imaps://HOST or imap://HOST[:PORT]",
		"Сервер IMAP: imaps://МАШИНА или imap://МАШИНА[:ПОРТ]"},
	{"security", SETTING_CHOICE, B(security), NULL, 0, 0, securities,
		"For imap://: starttls verifies the certificate, as imaps does. Default: starttls; none "
		"on this machine",
		"Для imap://: starttls проверяет сертификат, как и imaps. По умолчанию starttls, на этой "
		"же машине — none"},
	{"ca_file", SETTING_PATH, B(ca_file), NULL, 0, 0, NULL,
		"Certificates to trust instead of the system's",
		"Доверенные сертификаты вместо системных"},
	{"user", SETTING_LINE, B(user), NULL, 0, 0, NULL, "IMAP: login", "IMAP: имя для входа"},
	{"password_file", SETTING_SECRET_FILE, B(password), NULL, 0, 0, NULL,
		"File with the password, readable by the service alone",
		"Файл с паролем, доступный только службе"},
	{"password_env", SETTING_SECRET_ENV, B(password), NULL, 0, 0, NULL,
		"Or: variable of the environment with it", "Или переменная окружения с ним"},
	{"folder", SETTING_LINE, B(folder), "INBOX", 0, 0, NULL, "IMAP: folder to read",
		"IMAP: какую папку читать"},
	{"keep", SETTING_BOOL, B(keep), "true", 0, 0, NULL,
		"false: mails are deleted once what they say is recorded",
		"false — письма удаляются, как только записано, что в них сказано"},
	{"move_to", SETTING_LINE, B(move_to), NULL, 0, 0, NULL,
		"Folder recorded mails are moved to (IMAP: its name; Maildir: a path)",
		"Куда переносить записанные письма (IMAP: имя папки; Maildir: путь)"},
	{NULL, SETTING_TYPES, 0, NULL, 0, 0, NULL, NULL, NULL},
};
