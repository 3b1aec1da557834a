/* Replies to «сколько участников?» and the figure that may be proposed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "intake/figure.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define NONE FIGURE_NONE, 0
#define UNSURE FIGURE_AMBIGUOUS, 0
#define ONE(n) FIGURE_ONE, n

static const struct reply {
	const char *text;
	enum figure_result result;
	int64_t value;
} replies[] = {
	/* the number alone */
	{"25", ONE(25)},
	{"25.", ONE(25)},
	{"  25  ", ONE(25)},
	{"0", ONE(0)},
	{"007", ONE(7)},
	{"25\n", ONE(25)},
	{"\n\n25\n\n", ONE(25)},
	{"«25»", ONE(25)},
	{"(25)", ONE(25)},
	{"25!", ONE(25)},
	{"- 25", ONE(25)},
	{"*25*", ONE(25)},
	{"25 чел.", ONE(25)},
	{"25чел.", ONE(25)},
	{"25 человек", ONE(25)},
	{"25 участников", ONE(25)},
	{"25 participants", ONE(25)},
	{"Ответ: 25", ONE(25)},
	{"Итого: 25", ONE(25)},
	{"Total - 25", ONE(25)},
	{"Всего 25.", ONE(25)},
	{"Количество участников: 25", ONE(25)},
	{"Кол-во участников -25", ONE(25)},
	{"Количество участников, прошедших регистрацию — 25", ONE(25)},
	{"Зарегистрировано: 25 чел", ONE(25)},
	{"25 (двадцать пять)", ONE(25)},
	{"двадцать пять (25) человек", ONE(25)},
	/* large ones */
	{"1 234", ONE(1234)},
	{"1\xc2\xa0" "234", ONE(1234)},
	{"1\xe2\x80\xaf" "234 участника", ONE(1234)},
	{"12 345 678", ONE(12345678)},
	{"1234", ONE(1234)},
	{"100000", ONE(100000)},
	{"5 тыс. участников", ONE(5000)},
	{"5 тысяч", ONE(5000)},
	{"тысяча двести", ONE(1200)},
	{"одна тысяча двести тридцать четыре", ONE(1234)},
	/* in a sentence */
	{"Добрый день! В нашей школе зарегистрировались 25 учащихся.", ONE(25)},
	{"Здравствуйте.\nУчаствуют 12 педагогов.", ONE(12)},
	{"Сообщаем, что регистрацию прошли 25 человек.", ONE(25)},
	{"We have registered 25 students.", ONE(25)},
	{"От нашей школы 3 участника", ONE(3)},
	{"25 новых участников", ONE(25)},
	{"Количество зарегистрированных участников конкурса «Флагманы образования» от МБОУ СОШ № 5 — 25.", ONE(25)},
	{"Школа № 12: 25 участников", ONE(25)},
	{"МБОУ «СОШ №12» — 25 участников", ONE(25)},
	{"В школе 25 участников", ONE(25)},
	{"Гимназия 7: 25 учеников", ONE(25)},
	{"Лицей № 3. Зарегистрировано 25.", ONE(25)},
	{"25-ти участников", ONE(25)},
	{"Зарегистрировано 25 участников, подробнее на https://school5.example.org/2023", ONE(25)},
	{"25 человек (100 %)", ONE(25)},
	{"25 участников, это 30% от всех", ONE(25)},
	{"На 30 мая 2023 года зарегистрировано 25 участников", ONE(25)},
	{"По состоянию на 30.05.2023 зарегистрировано 25 чел.", ONE(25)},
	{"По состоянию на 10:00 — 25 участников", ONE(25)},
	{"В 2022-2023 учебном году 25 участников", ONE(25)},
	{"В 2023 году участвовали 25 школьников", ONE(25)},
	{"25 учеников 9-х классов", ONE(25)},
	{"25 учеников 9-11 классов", ONE(25)},
	{"25 учеников из 9А класса", ONE(25)},
	{"12 детей в возрасте 14-17 лет", ONE(12)},
	{"Тел.: 8 (495) 123-45-67. Участников 25", ONE(25)},
	{"25 участников. Моб. +7 000 000-00-00", ONE(25)},
	{"25 участников, ИНН 7701234567", ONE(25)},
	{"На ваш № 01-12/345 от 15.05.2023 сообщаем: 25 участников", ONE(25)},
	{"Во исполнение приказа № 202 сообщаем: зарегистрировано 25 человек", ONE(25)},
	{"25 участников, информация размещена в Приложении 1", ONE(25)},
	{"1. Участников: 25\n2. Мероприятия проведены", ONE(25)},
	{"1) 25 человек\n2) проведены собрания", ONE(25)},
	{"25 участников. Вопросы: school-5@example.org", ONE(25)},
	{"2023 участника", ONE(2023)},
	/* the first line is the answer, as the letter asks */
	{"25\nПроведено 3 собрания, опубликовано 2 статьи.", ONE(25)},
	{"Здравствуйте!\n25\nПроведено 3 собрания.", ONE(25)},
	{"25 участников\n\nПроведены 4 мероприятия", ONE(25)},
	/* words */
	{"пять", ONE(5)},
	{"Пять.", ONE(5)},
	{"ПЯТЬ", ONE(5)},
	{"пять человек", ONE(5)},
	{"двенадцать учеников", ONE(12)},
	{"двадцать три", ONE(23)},
	{"Двадцать три участника", ONE(23)},
	{"сто двадцать пять", ONE(125)},
	{"сорок", ONE(40)},
	{"двое", ONE(2)},
	{"Один участник", ONE(1)},
	{"один", ONE(1)},
	{"Одна команда", ONE(1)},
	{"Зарегистрировались трое учеников", ONE(3)},
	{"у нас трёх человек зарегистрировали", ONE(3)},
	{"five", ONE(5)},
	{"twenty-three students", ONE(23)},
	{"two hundred participants", ONE(200)},
	{"Ни одного участника", ONE(0)},
	{"ни одного", ONE(0)},
	{"Ноль", ONE(0)},
	{"Участников нет.", ONE(0)},
	{"нет участников", ONE(0)},
	{"Никто не зарегистрировался", ONE(0)},
	{"no participants", ONE(0)},
	{"none", ONE(0)},
	{"one hundred and five", ONE(105)},
	{"15 уч.", ONE(15)},
	{"15 уч-ся", ONE(15)},
	{"участников-15", ONE(15)},
	{"25-го мая было 12 участников", ONE(12)},
	{"В 9 «А» классе 15 участников", ONE(15)},
	{"п. 1 - 15 участников", ONE(15)},
	{"тел 555-35-35, 15 участников", ONE(15)},
	{"15 человек\nтел. 2-34-56", ONE(15)},
	{"МАОУ «Лицей № 21»: 15 чел.", ONE(15)},
	{"15 чел. (МБОУ СОШ № 5 г. Энска)", ONE(15)},
	{"15 участников на 01.06", ONE(15)},
	{"К сожалению, никто не прошел регистрацию", ONE(0)},
	{"Регистрацию не прошел ни один участник", ONE(0)},
	{"сорока двух человек", ONE(42)},
	/* never guessed */
	{"Всего 25, из них девочек 12", UNSURE},
	{"план 20, факт 15", UNSURE},
	{"в 2 школах 15 участников", UNSURE},
	{"15 (из них 3 призера)", UNSURE},
	{"Итого 12+3=15", UNSURE},
	{"пятьдесят с лишним", UNSURE},
	{"тридцать - сорок", UNSURE},
	{"We have 15 registered participants out of 20", UNSURE},
	{"15,0", UNSURE},
	{"5-7", UNSURE},
	{"5–7 человек", UNSURE},
	{"5 - 7", UNSURE},
	{"5 или 7", UNSURE},
	{"от 5 до 7 участников", UNSURE},
	{"пять-семь", UNSURE},
	{"пять или шесть", UNSURE},
	{"около 20", UNSURE},
	{"примерно двадцать", UNSURE},
	{"~20", UNSURE},
	{"более 100 человек", UNSURE},
	{"не менее 20 участников", UNSURE},
	{"до 20 человек", UNSURE},
	{"человек 20", UNSURE},
	{"20+", UNSURE},
	{"about 20", UNSURE},
	{"3,7", UNSURE},
	{"3.7", UNSURE},
	{"-5", UNSURE},
	{"−5", UNSURE},
	{"минус пять", UNSURE},
	{"1,234", UNSURE},
	{"25 из 30", UNSURE},
	{"10/12", UNSURE},
	{"5+7", UNSURE},
	{"25 или 30 участников", UNSURE},
	{"12 учеников и 3 педагога", UNSURE},
	{"Учеников - 12, учителей - 3", UNSURE},
	{"25, нет, 26", UNSURE},
	{"25\n26", UNSURE},
	{"25 участников\nисправлено: 27 участников", UNSURE},
	{"СОШ № 1 — 5 участников, СОШ № 2 — 7 участников", UNSURE},
	{"2023", UNSURE},
	{"двадцать пять (26) человек", UNSURE},
	/* no figure */
	{"", NONE},
	{"   \n\n", NONE},
	{"Спасибо, информация принята.", NONE},
	{"Ответим до 30 мая.", NONE},
	{"Ответим до 30.05.2023 г.", NONE},
	{"Ответ направим 15 июня", NONE},
	{"Сообщим к 15-му числу", NONE},
	{"Будет готово через 2 дня", NONE},
	{"Позвоните по тел. 8-495-123-45-67", NONE},
	{"+7 (000) 000-00-00", NONE},
	{"84951234567", NONE},
	{"тел. 2-34-56", NONE},
	{"доб. 123", NONE},
	{"ИНН 7701234567, КПП 770101001", NONE},
	{"№ 5", NONE},
	{"Приказ № 202 от 05.03.2024", NONE},
	{"Вх. 345", NONE},
	{"МБОУ СОШ № 5", NONE},
	{"МБОУ СОШ 5", NONE},
	{"школа 12", NONE},
	{"п. 4.2 приказа исполнен", NONE},
	{"каб. 12", NONE},
	{"ул. Ленина, д. 5", NONE},
	{"9 класс", NONE},
	{"5-7 классы", NONE},
	{"9А", NONE},
	{"30 %", NONE},
	{"5000 руб.", NONE},
	{"в 10:00", NONE},
	{"в 15 часов", NONE},
	{"с 2023 года", NONE},
	{"2022/2023 учебный год", NONE},
	{"school5@example.org", NONE},
	{"https://example.org/25", NONE},
	{"один из наших учеников", NONE},
	{"В один из дней проведём собрание", NONE},
	{"Скан во вложении, 2 листа", NONE},
	{"1 место", NONE},
	{"12345678901234567890", NONE},
	{"несколько человек", NONE},
	{"Нет", NONE},
	{"не участвуем", NONE},
	{"COVID-19", NONE},
	{"2022/2023 уч. год", NONE},
};

static void replies_are_read(void **state)
{
	(void)state;
	static const char *const names[] = {"none", "one", "ambiguous"};
	int wrong = 0;
	for (size_t i = 0; i < COUNT(replies); i++) {
		struct figures got;
		figure_find(replies[i].text, &got);
		if (got.result == replies[i].result && got.value == replies[i].value)
			continue;
		wrong++;
		printf("«%s»: got %s %lld, want %s %lld\n", replies[i].text, names[got.result], (long long)got.value,
			names[replies[i].result], (long long)replies[i].value);
	}
	printf("%zu replies, %d read otherwise\n", COUNT(replies), wrong);
	assert_int_equal(wrong, 0);
}

static void places_stand_where_the_figures_do(void **state)
{
	(void)state;
	static const char text[] = "Зарегистрировано 1 234 участника, было двадцать три";
	struct figures got;
	figure_find(text, &got);
	assert_int_equal(got.result, FIGURE_AMBIGUOUS);
	assert_int_equal(got.places, 2);
	assert_int_equal(got.place[0].value, 1234);
	assert_memory_equal(text + got.place[0].start, "1 234", got.place[0].len);
	assert_int_equal(got.place[1].value, 23);
	assert_memory_equal(text + got.place[1].start, "двадцать три", got.place[1].len);
}

static void much_text_ends(void **state)
{
	(void)state;
	static const char *const pieces[] = {"1 ", "1-", "1.", "+", "пять ", "«", "\xd0", "9 000 ", "1:", "(", "a@", "№"};
	for (size_t i = 0; i < COUNT(pieces); i++) {
		size_t len = strlen(pieces[i]), size = 200000;
		char *text = malloc(size + 1);
		assert_non_null(text);
		for (size_t n = 0; n < size; n++)
			text[n] = pieces[i][n % len];
		text[size] = '\0';
		struct figures got;
		figure_find(text, &got);
		assert_true(got.places <= FIGURE_PLACES_MAX);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(replies_are_read),
		cmocka_unit_test(places_stand_where_the_figures_do), cmocka_unit_test(much_text_ends)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
