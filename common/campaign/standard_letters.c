/* Our own words where a campaign has none: a reminder nobody has to write. The
 * head of every letter names number, date and performer already. */
#include <string.h>

#include "campaign/folder.h"

#define TO_THE_LETTER_RU                                                                           \
	"{{#document.number}}К письму от {{document.date}} № {{document.number}}. {{/document.number}}"
#define TO_THE_LETTER_EN "{{#document.number}}To our letter No. {{document.number}} of {{document.date}}. {{/document.number}}"

#define ANSWER_RU "{{#link.answer}}\n[Ответить]({{link.answer}})\n{{/link.answer}}"
#define ANSWER_EN "{{#link.answer}}\n[Answer]({{link.answer}})\n{{/link.answer}}"

static const struct {
	const char *kind, *ru, *en;
} standard[] = {
	{"reminder",
		"# Напоминание: {{campaign.title}}\n\n" TO_THE_LETTER_RU
		"Ответа от Вас пока нет. Срок – **{{deadline.full}}**"
		"{{#round.label}} ({{round.label}}){{/round.label}}.\n" ANSWER_RU
		"\nЕсли Вы уже ответили письмом, на это напоминание отвечать не нужно.\n",
		"# Reminder: {{campaign.title}}\n\n" TO_THE_LETTER_EN
		"We have no answer from you yet. It is due **{{deadline.full}}**"
		"{{#round.label}} ({{round.label}}){{/round.label}}.\n" ANSWER_EN
		"\nIf you have answered by mail already, nothing more is needed.\n"},
	{"collect",
		"# {{campaign.title}}\n\n" TO_THE_LETTER_RU
		"{{#round.label}}Сведения {{round.label}}. {{/round.label}}"
		"Срок для Вашей организации – **{{deadline.full}}**.\n" ANSWER_RU,
		"# {{campaign.title}}\n\n" TO_THE_LETTER_EN
		"{{#round.label}}This is about {{round.label}}. {{/round.label}}"
		"Your organisation's answer is due **{{deadline.full}}**.\n" ANSWER_EN},
	{"acknowledge",
		"# Ознакомление: {{campaign.title}}\n\n" TO_THE_LETTER_RU
		"Просим прочитать документ и подтвердить это на странице по ссылке: нажать кнопку «Ознакомлен(а)».\n"
		"{{#link.acknowledge}}\n[Подтвердить ознакомление]({{link.acknowledge}})\n{{/link.acknowledge}}"
		"\nОтметка показывает, что документ прочитан. Электронной подписью она не является.\n",
		"# Please read: {{campaign.title}}\n\n" TO_THE_LETTER_EN
		"Please read the document and confirm it on the page behind the link, by its button.\n"
		"{{#link.acknowledge}}\n[Confirm]({{link.acknowledge}})\n{{/link.acknowledge}}"
		"\nThe mark shows that the document was read. It is not an electronic signature.\n"},
	{"recall",
		"# Отозвано: {{campaign.title}}\n\n" TO_THE_LETTER_RU
		"Письмо отозвано, отвечать на него не нужно. Ссылки из него больше не действуют. "
		"Приносим извинения за беспокойство.\n",
		"# Recalled: {{campaign.title}}\n\n" TO_THE_LETTER_EN
		"The letter is recalled: no answer is needed, and its links no longer work. We apologise.\n"},
	{"postponed",
		"# Срок перенесён: {{campaign.title}}\n\n" TO_THE_LETTER_RU
		"Срок ответа перенесён: **{{deadline.full}}**.\n" ANSWER_RU,
		"# A new deadline: {{campaign.title}}\n\n" TO_THE_LETTER_EN
		"The answer is now due **{{deadline.full}}**.\n" ANSWER_EN},
};

const char *folder_standard_text(const char *kind, bool russian)
{
	for (size_t i = 0; i < sizeof standard / sizeof standard[0]; i++)
		if (strcmp(standard[i].kind, kind) == 0)
			return russian ? standard[i].ru : standard[i].en;
	return NULL;
}
