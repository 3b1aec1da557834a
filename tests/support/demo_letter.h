/* The letter that tests and benchmarks fill: an official reminder of the kind
 * Vestnik is made for, with everything a letter can have. Roles, not persons. */
#ifndef VESTNIK_TESTS_DEMO_LETTER_H
#define VESTNIK_TESTS_DEMO_LETTER_H

#include <string.h>

#include "letter/letter.h"

static const char demo_markdown[] =
	"# О результатах информационной поддержки конкурса «Флагманы образования»: "
	"{{recipient.municipality}}\n"
	"\n"
	"Уважаемые коллеги!\n"
	"\n"
	"По состоянию на {{monitoring.date | date: long}} по Вашему муниципальному образованию "
	"{{monitoring.registered | plural: зарегистрирован, зарегистрированы, зарегистрировано}} "
	"{{monitoring.registered | count: участник, участника, участников}} профессионального "
	"конкурса «Флагманы образования» (результаты мониторинга прилагаются).\n"
	"\n"
	"Просим обеспечить доведение информации о заявочной кампании:\n"
	"\n"
	"- до студентов профессиональных образовательных организаций и организаций высшего "
	"образования;\n"
	"- до руководящих и педагогических работников;\n"
	"- до сотрудников органов местного самоуправления.\n"
	"\n"
	"{{#monitoring.low}}\n"
	"Обращаем внимание: число участников **ниже среднего по региону**. Просим принять "
	"дополнительные меры.\n"
	"{{/monitoring.low}}\n"
	"\n"
	"| Группа | Зарегистрировано |\n"
	"|---|---:|\n"
	"{{#groups}}\n"
	"| {{name}} | {{registered | number}} |\n"
	"{{/groups}}\n"
	"\n"
	"Просим в срок **до {{deadline.at | date: long}} включительно, {{deadline.at | date: time}}** "
	"сообщить о результатах проведённых мероприятий, указав количество участников, прошедших "
	"регистрацию.\n"
	"\n"
	"[Заполнить форму]({{link.answer}})\n"
	"\n"
	"Материалы для информационного сопровождения размещены по ссылке: "
	"https://files.example.org/d/flagships. Можно ответить на это письмо, указав в первой "
	"строке количество; остальные сведения мы попросим дополнить.\n";

static const char demo_fields[] =
	"{\"recipient\":{\"name\":\"Управление образования Примерного муниципального округа\","
	"\"municipality\":\"Примерный муниципальный округ\"},"
	"\"monitoring\":{\"date\":\"2023-05-12\",\"registered\":21,\"low\":true},"
	"\"groups\":[{\"name\":\"Студенты\",\"registered\":3},"
	"{\"name\":\"Педагогические работники\",\"registered\":17},"
	"{\"name\":\"Руководители\",\"registered\":1}],"
	"\"deadline\":{\"at\":1685458800000},"
	"\"link\":{\"answer\":\"https://portal.example.org/a/12.1.k4n2v6q0?x=1&y=2\"}}";

static const char *const demo_known[] = {"recipient.name", "recipient.municipality", "monitoring.*",
	"groups.*", "deadline.at", "link.answer", NULL};
static const char *const demo_hostile[] = {"recipient.", "monitoring.", "groups.", NULL};

static const struct letter_person demo_contacts[] = {
	{"Региональный координатор", "И. О. Фамилия", "+7 (000) 000-00-00",
		"coordinator@institute.example.org"},
	{"Вопросы информационного сопровождения", "И. О. Фамилия", "+7 (000) 000-00-01",
		"press@contest.example.org"},
};

static inline struct letter_source demo_source(const struct letter_attachment *attachments, size_t count)
{
	return (struct letter_source){.file = "letter.md",
		.markdown = demo_markdown,
		.markdown_len = strlen(demo_markdown),
		.lang = LANG_RU,
		.zone = "Europe/Moscow",
		.from_name = "Министерство образования",
		.from_address = "outreach@ministry.example.org",
		.organisation = "Министерство образования и молодёжной политики Примерной области",
		.number = "01-12/345",
		.date = "15 мая 2023 г.",
		.follows = "на № 01-12/298 от 28 апреля 2023 г.",
		.signatory = {.position = "Заместитель министра", .name = "И. О. Фамилия"},
		.performer = {.name = "И. О. Фамилия", .phone = "+7 (000) 000-00-02"},
		.contacts = demo_contacts,
		.contacts_count = 2,
		.attachments = attachments,
		.attachments_count = count,
		.may_leave = true,
		.list_id = "flagships-2023.ministry.example.org",
		.known_fields = demo_known,
		.hostile_prefixes = demo_hostile};
}

#endif
