#include "directory/words.h"

#include <string.h>

const struct column_word column_words[] = {
	{"ключ", COLUMN_KEY}, {"key", COLUMN_KEY}, {"код", COLUMN_KEY}, {"code", COLUMN_KEY},
	{"код организации", COLUMN_KEY}, {"код оо", COLUMN_KEY}, {"id", COLUMN_KEY},
	{"идентификатор", COLUMN_KEY}, {"инн", COLUMN_KEY}, {"инн организации", COLUMN_KEY},
	{"inn", COLUMN_KEY},

	{"наименование", COLUMN_NAME}, {"название", COLUMN_NAME}, {"name", COLUMN_NAME},
	{"краткое наименование", COLUMN_NAME}, {"наименование организации", COLUMN_NAME},
	{"название организации", COLUMN_NAME}, {"наименование оо", COLUMN_NAME},
	{"наименование учреждения", COLUMN_NAME}, {"организация", COLUMN_NAME},
	{"учреждение", COLUMN_NAME}, {"полное наименование", COLUMN_NAME},
	{"organisation", COLUMN_NAME}, {"organization", COLUMN_NAME}, {"school", COLUMN_NAME},

	{"вид", COLUMN_KIND}, {"тип", COLUMN_KIND}, {"kind", COLUMN_KIND}, {"type", COLUMN_KIND},
	{"вид организации", COLUMN_KIND}, {"тип организации", COLUMN_KIND},
	{"вид учреждения", COLUMN_KIND}, {"тип учреждения", COLUMN_KIND},

	{"регион", COLUMN_REGION}, {"субъект", COLUMN_REGION}, {"субъект рф", COLUMN_REGION},
	{"субъект российской федерации", COLUMN_REGION}, {"region", COLUMN_REGION},

	{"муниципалитет", COLUMN_MUNICIPALITY}, {"муниципальное образование", COLUMN_MUNICIPALITY},
	{"район", COLUMN_MUNICIPALITY}, {"муниципальный район", COLUMN_MUNICIPALITY},
	{"городской округ", COLUMN_MUNICIPALITY}, {"муниципальный округ", COLUMN_MUNICIPALITY},
	{"municipality", COLUMN_MUNICIPALITY}, {"district", COLUMN_MUNICIPALITY},

	{"часовой пояс", COLUMN_ZONE}, {"часовая зона", COLUMN_ZONE}, {"зона", COLUMN_ZONE},
	{"zone", COLUMN_ZONE}, {"time zone", COLUMN_ZONE}, {"timezone", COLUMN_ZONE},

	{"вышестоящая", COLUMN_PARENT}, {"вышестоящая организация", COLUMN_PARENT},
	{"ключ вышестоящей", COLUMN_PARENT}, {"код вышестоящей", COLUMN_PARENT},
	{"ключ вышестоящей организации", COLUMN_PARENT},
	{"код вышестоящей организации", COLUMN_PARENT},
	{"инн вышестоящей организации", COLUMN_PARENT}, {"parent", COLUMN_PARENT},
	{"parent key", COLUMN_PARENT},

	{"роль", COLUMN_ROLE}, {"роль контакта", COLUMN_ROLE}, {"role", COLUMN_ROLE},
	{NULL, COLUMN_EXTRA},
};

const struct column_word contact_words[] = {
	{"e mail", COLUMN_ADDRESS}, {"email", COLUMN_ADDRESS}, {"mail", COLUMN_ADDRESS},
	{"почта", COLUMN_ADDRESS}, {"эл почта", COLUMN_ADDRESS},
	{"электронная почта", COLUMN_ADDRESS}, {"адрес электронной почты", COLUMN_ADDRESS},
	{"адрес эл почты", COLUMN_ADDRESS}, {"адрес e mail", COLUMN_ADDRESS},
	{"адрес email", COLUMN_ADDRESS}, {"электронный адрес", COLUMN_ADDRESS},
	{"e mail address", COLUMN_ADDRESS}, {"email address", COLUMN_ADDRESS},

	{"контакт", COLUMN_PERSON}, {"контактное лицо", COLUMN_PERSON}, {"фио", COLUMN_PERSON},
	{"ф и о", COLUMN_PERSON}, {"контакт фио", COLUMN_PERSON},
	{"фио контактного лица", COLUMN_PERSON}, {"contact", COLUMN_PERSON},
	{"contact name", COLUMN_PERSON}, {"contact person", COLUMN_PERSON},
	{"person", COLUMN_PERSON},

	{"должность", COLUMN_POSITION}, {"position", COLUMN_POSITION}, {"job title", COLUMN_POSITION},

	{"телефон", COLUMN_PHONE}, {"тел", COLUMN_PHONE}, {"номер телефона", COLUMN_PHONE},
	{"контактный телефон", COLUMN_PHONE}, {"рабочий телефон", COLUMN_PHONE},
	{"phone", COLUMN_PHONE}, {"telephone", COLUMN_PHONE}, {"tel", COLUMN_PHONE},
	{NULL, COLUMN_EXTRA},
};

const struct word_pair kind_words[] = {
	{"министерство", "ministry"}, {"региональное министерство", "ministry"},
	{"региональный орган", "ministry"}, {"орган исполнительной власти субъекта", "ministry"},

	{"муниципальный орган управления образованием", "municipal-authority"},
	{"муниципальный орган", "municipal-authority"}, {"моуо", "municipal-authority"},
	{"орган управления образованием", "municipal-authority"},
	{"управление образования", "municipal-authority"},
	{"управление образованием", "municipal-authority"},
	{"отдел образования", "municipal-authority"},
	{"комитет по образованию", "municipal-authority"},
	{"департамент образования", "municipal-authority"},

	{"школа", "school"}, {"сош", "school"}, {"оош", "school"}, {"нош", "school"},
	{"гимназия", "school"}, {"лицей", "school"}, {"средняя школа", "school"},
	{"средняя общеобразовательная школа", "school"},
	{"основная общеобразовательная школа", "school"},
	{"общеобразовательная организация", "school"}, {"общеобразовательное учреждение", "school"},

	{"колледж", "college"}, {"техникум", "college"}, {"училище", "college"}, {"спо", "college"},
	{"поо", "college"}, {"профессиональная образовательная организация", "college"},

	{"вуз", "university"}, {"университет", "university"}, {"академия", "university"},

	{"детский сад", "kindergarten"}, {"доу", "kindergarten"}, {"доо", "kindergarten"},
	{"дошкольная образовательная организация", "kindergarten"},

	{"дополнительное образование", "further-education"},
	{"организация дополнительного образования", "further-education"},
	{"одо", "further-education"}, {"дом творчества", "further-education"},

	{"методический центр", "methodical-centre"},
	{"учебно методический центр", "methodical-centre"}, {"умц", "methodical-centre"},
	{"институт развития образования", "institute"}, {"иро", "institute"},
	{"институт", "institute"}, {"организация", "organisation"},
	{NULL, NULL},
};

const struct word_pair contact_role_words[] = {
	{"координатор", "coordinator"}, {"координатора", "coordinator"},
	{"ответственный", "coordinator"}, {"ответственного", "coordinator"},
	{"исполнитель", "coordinator"}, {"исполнителя", "coordinator"},
	{"coordinator", "coordinator"},
	{"заместитель", "deputy"}, {"заместителя", "deputy"}, {"deputy", "deputy"},
	{"руководитель", "head"}, {"руководителя", "head"}, {"директор", "head"},
	{"директора", "head"}, {"начальник", "head"}, {"начальника", "head"},
	{"заведующий", "head"}, {"заведующего", "head"}, {"head", "head"}, {"director", "head"},
	{"principal", "head"},
	{"секретарь", "secretary"}, {"секретаря", "secretary"}, {"приемная", "secretary"},
	{"приемной", "secretary"}, {"secretary", "secretary"},
	{NULL, NULL},
};

/* The eleven zones of Russia by their distance from Moscow, a city each that
 * the zone database knows. */
const struct word_pair zone_words[] = {
	{"МСК-1", "Europe/Kaliningrad"}, {"МСК", "Europe/Moscow"}, {"МСК+0", "Europe/Moscow"},
	{"МСК+1", "Europe/Samara"}, {"МСК+2", "Asia/Yekaterinburg"}, {"МСК+3", "Asia/Omsk"},
	{"МСК+4", "Asia/Krasnoyarsk"}, {"МСК+5", "Asia/Irkutsk"}, {"МСК+6", "Asia/Yakutsk"},
	{"МСК+7", "Asia/Vladivostok"}, {"МСК+8", "Asia/Magadan"}, {"МСК+9", "Asia/Kamchatka"},
	{NULL, NULL},
};

const char *word_value(const struct word_pair *table, const char *word)
{
	for (; table->word != NULL; table++)
		if (strcmp(table->word, word) == 0)
			return table->value;
	return NULL;
}
