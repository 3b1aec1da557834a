#include "intake/figure_words.h"

#include <stddef.h>
#include <string.h>

/* ---- numerals -------------------------------------------------------------- */

/* Forms separated by blanks: cases, collectives, the usual misspellings. */
static const struct numeral {
	int64_t value;
	int rank;
	const char *forms;
} numerals[] = {
	{0, 1, " ноль нуль нуля ноля zero "},
	{1, 1, " один одна одно одного одной одному одним одну one "},
	{2, 1, " два две двух двум двумя двое двоих two "},
	{3, 1, " три трех трем тремя трое троих three "},
	{4, 1, " четыре четырех четырем четырьмя четверо четверых four "},
	{5, 1, " пять пяти пятью пятеро пятерых five "},
	{6, 1, " шесть шести шестью шестеро шестерых six "},
	{7, 1, " семь семи семеро семерых seven "},
	{8, 1, " восемь восьми восьмью восемью восьмеро восьмерых eight "},
	{9, 1, " девять девяти девятью девятеро девятерых nine "},
	{10, 1, " десять десяти десятью десятеро десятерых ten "},
	{11, 1, " одиннадцать одиннадцати одинадцать eleven "},
	{12, 1, " двенадцать двенадцати twelve "},
	{13, 1, " тринадцать тринадцати thirteen "},
	{14, 1, " четырнадцать четырнадцати fourteen "},
	{15, 1, " пятнадцать пятнадцати fifteen "},
	{16, 1, " шестнадцать шестнадцати sixteen "},
	{17, 1, " семнадцать семнадцати seventeen "},
	{18, 1, " восемнадцать восемнадцати eighteen "},
	{19, 1, " девятнадцать девятнадцати nineteen "},
	{20, 2, " двадцать двадцати twenty "},
	{30, 2, " тридцать тридцати thirty "},
	{40, 2, " сорок сорока forty fourty "},
	{50, 2, " пятьдесят пятидесяти fifty "},
	{60, 2, " шестьдесят шестидесяти sixty "},
	{70, 2, " семьдесят семидесяти seventy "},
	{80, 2, " восемьдесят восьмидесяти eighty "},
	{90, 2, " девяносто девяноста ninety "},
	{100, 3, " сто ста hundred "},
	{200, 3, " двести двухсот "},
	{300, 3, " триста трехсот "},
	{400, 3, " четыреста четырехсот "},
	{500, 3, " пятьсот пятисот "},
	{600, 3, " шестьсот шестисот "},
	{700, 3, " семьсот семисот "},
	{800, 3, " восемьсот восьмисот "},
	{900, 3, " девятьсот девятисот "},
	{1000, 4, " тысяча тысячи тысяч тысячу thousand "},
};

static bool holds(const char *forms, const char *word)
{
	size_t len = strlen(word);
	for (const char *p = forms; len > 0 && (p = strstr(p, word)) != NULL; p += len)
		if (p > forms && p[-1] == ' ' && p[len] == ' ')
			return true;
	return false;
}

int figure_numeral(const char *word, int64_t *value)
{
	for (size_t i = 0; i < sizeof numerals / sizeof *numerals; i++)
		if (holds(numerals[i].forms, word)) {
			*value = numerals[i].value;
			return numerals[i].rank;
		}
	return 0;
}

bool figure_is_weak_one(const char *word)
{
	return holds(numerals[1].forms, word);
}

/* ---- words around them ----------------------------------------------------- */

/* A word that begins with one of these ("*" behind it) or is one of these. */
static const struct kind {
	enum figure_word kind;
	const char *forms;
} kinds[] = {
	{FIGURE_WORD_PEOPLE,
		" уч участни* участв* учащ* учени* человек человека человеку чел люд* педагог* учител* школьни* студент* "
		"дет* ребен* ребят* обучающ* воспитанни* зарегистрир* заявк* заявок заявлени* команд* победител* призер* "
		"работни* сотрудни* родител* сопровожд* регистрац* шт штук participant* student* pupil* people person* "
		"teacher* child* kid* registered registration* entrant* entries team* winner* member* registrant* "},
	{FIGURE_WORD_MONTH,
		" январ* феврал* марта март марте апрел* мая май мае июн* июл* август* сентябр* октябр* ноябр* декабр* "
		"january february march april may june july august september october november december jan feb mar apr "
		"jun jul aug sep sept oct nov dec янв фев апр авг сен сент окт ноя дек числа "},
	{FIGURE_WORD_NOT_UNIT,
		" день дня дней дни дн час часа часов часам ч мин минут* сек секунд* недел* месяц* мес сут сутки суток лет "
		"летия летие летию летний летних квартал* полугод* руб рубл* р коп копе* долл евро процент* проц класс* кл "
		"балл* место места мест раз раза этаж* этап* тур тура урок* смен* смена страниц* стр лист листа "
		"листах листов л экз мб кб гб km кг км м мин days day hours hour minutes minute weeks week months month "
		"years percent rubles grade class classes times place points pages page "},
	{FIGURE_WORD_NAME,
		" тел телефон* моб мобильн* факс* доб добавочный сот whatsapp viber telegram инн кпп огрн огрнип окпо октмо "
		"оквэд снилс бик сч счет* номер* пп пункт* подпункт* ст стать* приложени* стр страниц* лист каб "
		"кабинет* офис* оф дом корп корпус* стр кв ул улиц* пр пер индекс* код версия version windows id вх исх "
		"приказ* письм* распоряжени* протокол* постановлени* реестр* раздел* глав* шаг phone tel fax ext mobile room "
		"annex item section chapter page order paragraph step no nr вопрос* задани* номинаци* тур этап* группа "
		"паспорт* аудитори* ауд строк* столбц* "},
	{FIGURE_WORD_SCHOOL,
		" школ* сош оош нош сшк мбоу мкоу маоу мбдоу мадоу гбоу гимнази* лице* доу дс сад садик детсад колледж* "
		"техникум* училищ* интернат* цо мбу school* lyceum* gymnasium* kindergarten* "},
	{FIGURE_WORD_ABOUT,
		" около примерно приблизительно порядка свыше более больше менее меньше почти максимум минимум ориентировочно "
		"приблизит где-то about around approximately approx over almost nearly least most under "},
	{FIGURE_WORD_TOTAL,
		" итого всего количеств* число численност* кол-во кол колво ответ* total count number "},
	{FIGURE_WORD_YEAR, " год года году годов годы годом г гг гг. year yr "},
	{FIGURE_WORD_THOUSAND, " тыс т.ч thousand "},
	{FIGURE_WORD_GREETING,
		" добрый доброе доброго здравствуйте здравствуй уважаем* приветств* hello dear good hi добрый коллеги "},
};

static bool holds_beginning(const char *forms, const char *word)
{
	for (const char *p = forms; *p != '\0'; p++) {
		if (p[0] != ' ' || p[1] == '\0')
			continue;
		const char *form = p + 1;
		size_t len = strcspn(form, " ");
		if (form[len - 1] == '*' ? strncmp(word, form, len - 1) == 0
					 : strlen(word) == len && strncmp(word, form, len) == 0)
			return true;
	}
	return false;
}

bool figure_word_is(const char *word, enum figure_word wanted)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].kind == wanted)
			return word[0] != '\0' && holds_beginning(kinds[i].forms, word);
	return false;
}
