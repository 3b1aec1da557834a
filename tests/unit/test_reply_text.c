/* What is left of a reply when everything that is not the writer's own is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "intake/figure.h"
#include "intake/reply_text.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ---- plain text ------------------------------------------------------------ */

static const struct text_case {
	const char *name, *text, *own;
} texts[] = {
	{"nothing quoted", "25 человек", "25 человек"},
	{"quoted with arrows", "25\n\n> Сколько участников?\n> В прошлом году было 40\n", "25"},
	{"the answer below", "> Сколько участников?\n\n25", "25"},
	{"the answer between", "> Вопрос 1: сколько участников?\n25\n> Вопрос 2: что сделано?\nСобрания", "25\nСобрания"},
	{"The Bat's initials", "Здравствуйте!\n\nМО> Сколько участников? В 2022 было 40\n\n25", "Здравствуйте!\n\n\n25"},
	{"On … wrote", "25\n\nOn Mon, May 15, 2023 at 10:00 AM Ministry <outreach@ministry.example.org> wrote:\n\n> 40 last year\n", "25"},
	{"On … wrote, broken over lines",
		"25\n\nOn Mon, May 15, 2023 at 10:00 AM Ministry of Education\n<outreach@ministry.example.org> wrote:\n> 40\n", "25"},
	{"On … wrote, answer below", "On Mon, May 15, 2023 Ministry wrote:\n> How many?\n\n25\n", "25"},
	{"Gmail in Russian",
		"25\n\nпн, 15 мая 2023 г. в 10:00, Министерство <outreach@ministry.example.org>:\n\n> Сколько участников? 40?\n", "25"},
	{"Yandex without arrows",
		"25\n\n15.05.2023, 10:00, \"Министерство\" <outreach@ministry.example.org>:\nСколько участников? В прошлый раз 40.\n", "25"},
	{"Mail.ru",
		"25 участников\n\nПонедельник, 15 мая 2023, 10:00 +03:00 от Министерство <outreach@ministry.example.org>:\n \nБыло 40\n",
		"25 участников"},
	{"пишет", "25\n15 мая 2023 г. 10:00 Министерство пишет:\n> 40", "25"},
	{"написал(а)", "25\n\nМинистерство <outreach@ministry.example.org> написал(а):\n\nБыло 40", "25"},
	{"Вы писали", "25\n\nВы писали 15 мая 2023 г., 10:00:00:\n\n> было 40", "25"},
	{"Outlook in Russian",
		"25\n\nОт: Министерство <outreach@ministry.example.org>\nОтправлено: 15 мая 2023 г. 10:00\nКому: school@example.org\n"
		"Тема: О конкурсе\n\nБыло 40", "25"},
	{"Outlook in English",
		"25\n\nFrom: Ministry <outreach@ministry.example.org>\nSent: Monday, May 15, 2023 10:00 AM\nTo: School\nSubject: Contest\n\n40", "25"},
	{"Outlook with stars",
		"25\n\n*From:* Ministry\n*Sent:* Monday\n*To:* School\n*Subject:* Contest\n\n40", "25"},
	{"original message", "25\n\n-----Original Message-----\nFrom: Ministry\n\n40", "25"},
	{"исходное сообщение", "25\n\n-----Исходное сообщение-----\nОт: Министерство\n\n40", "25"},
	{"forwarded", "Переслали в школы\n\n-------- Пересылаемое сообщение --------\n15.05.2023, 10:00, \"М\" <m@example.org>:\n\n40",
		"Переслали в школы"},
	{"forwarded in English", "See below\n\n---------- Forwarded message ---------\nFrom: M\n\n40", "See below"},
	{"Apple forwards", "Смотрите\n\nНачало переадресованного сообщения:\n\nОт: М\n40", "Смотрите"},
	{"signature mark", "25\n-- \nШкола № 5, тел. 123", "25"},
	{"с уважением", "25\n\nС уважением,\nдиректор МБОУ СОШ № 5\n8 (495) 123-45-67", "25"},
	{"best regards", "25\n\nBest regards,\nHead, room 12", "25"},
	{"from the telephone", "25\nОтправлено с iPhone", "25"},
	{"from the telephone in English", "25\n\nSent from my iPhone 12", "25"},
	{"signature, then the old mail", "25\n\nС уважением, директор\n\n> 40\n", "25"},
	{"signature above, answer below the quote", "С уважением, директор\n> Сколько?\n25", "25"},
	{"nothing of his own", "> 40 участников\n> спасибо", ""},
	{"empty", "", ""},
	{"an address that ends in a colon is no introduction", "Участники:\n25", "Участники:\n25"},
	{"a word «От» is no head", "От: школы № 5\n25 участников", "От: школы № 5\n25 участников"},
	{"a comparison is no quote", "было 20 > стало 25", "было 20 > стало 25"},
};

static void plain_texts(void **state)
{
	(void)state;
	int wrong = 0;
	for (size_t i = 0; i < COUNT(texts); i++) {
		char *own = reply_text_own(texts[i].text);
		if (strcmp(own, texts[i].own) != 0) {
			wrong++;
			printf("%s: got «%s», want «%s»\n", texts[i].name, own, texts[i].own);
		}
		free(own);
	}
	assert_int_equal(wrong, 0);
}

/* ---- whole mails ----------------------------------------------------------- */

#define HEAD "From: school@example.org\nTo: outreach@ministry.example.org\nSubject: Re: contest\nMIME-Version: 1.0\n"
#define HTML HEAD "Content-Type: text/html; charset=utf-8\n\n"

static const struct mail_case {
	const char *name, *mail, *own;
} mails[] = {
	{"utf-8", HEAD "Content-Type: text/plain; charset=utf-8\n\nДвадцать пять\n", "Двадцать пять"},
	{"windows-1251", HEAD "Content-Type: text/plain; charset=windows-1251\n\n25 \xf7\xe5\xeb\xee\xe2\xe5\xea\n", "25 человек"},
	{"koi8-r", HEAD "Content-Type: text/plain; charset=koi8-r\n\n25 \xde\xc5\xcc\xcf\xd7\xc5\xcb\n", "25 человек"},
	{"windows-1251 without a word about it", HEAD "\n25 \xf7\xe5\xeb\xee\xe2\xe5\xea\n", "25 человек"},
	{"koi8-r without a word about it", HEAD "\n25 \xde\xc5\xcc\xcf\xd7\xc5\xcb\n", "25 человек"},
	{"says us-ascii, is windows-1251",
		HEAD "Content-Type: text/plain; charset=us-ascii\n\n25 \xf7\xe5\xeb\xee\xe2\xe5\xea\n", "25 человек"},
	{"says koi8-r, is utf-8", HEAD "Content-Type: text/plain; charset=koi8-r\n\n25 человек\n", "25 человек"},
	{"a charset nobody knows", HEAD "Content-Type: text/plain; charset=x-klingon\n\n25 человек\n", "25 человек"},
	{"base64", HEAD "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nMjUg0YfQtdC70L7QstC10Lo=\n",
		"25 человек"},
	{"quoted-printable",
		HEAD "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n25 =D1=87=D0=B5=D0=BB=\n.\n",
		"25 чел."},
	{"Gmail's HTML", HTML "<div dir=\"ltr\">25</div><br><div class=\"gmail_quote\"><div class=\"gmail_attr\">пн, 15 мая 2023 г., "
			      "Министерство &lt;<a href=\"mailto:m@example.org\">m@example.org</a>&gt;:<br></div>"
			      "<blockquote>Было 40</blockquote></div>", "25"},
	{"blockquote, answer below", HTML "<p>Министерство пишет:</p><blockquote>Сколько? <b>40</b></blockquote><p>25</p>", "25"},
	{"Outlook on the web", HTML "<div>25</div><div id=\"appendonsend\"></div><hr><div id=\"divRplyFwdMsg\"><b>От:</b> М</div><div>40</div>", "25"},
	{"Outlook on the desk",
		HTML "<html><head><style>p {margin: 0 40px}</style></head><body><div class=WordSection1><p class=MsoNormal>25<o:p></o:p></p>"
		     "<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p><b>From:</b> M<br><b>Sent:</b> May 15"
		     "</p></div><p>40</p></div></body></html>", "25"},
	{"OutlookMessageHeader", HTML "25<div class=\"OutlookMessageHeader\">From: M</div>40", "25"},
	{"Thunderbird", HTML "<p>25</p><div class=\"moz-cite-prefix\">15.05.2023 10:00, М пишет:<br></div><blockquote type=\"cite\">40</blockquote>", "25"},
	{"entities and cells", HTML "<table><tr><td>Участников&nbsp;&mdash;</td><td>1&#160;234</td></tr></table>", "Участников — 1 234"},
	{"scripts and comments are nothing", HTML "<script>var a = 40;</script><!-- 41 -->25<style>.x{width:42px}</style>", "25"},
	{"HTML that never ends", HTML "25<blockquote><div><p>40", "25"},
	{"a lone less-than", HTML "25 < 30", "25 < 30"},
	{"plain beside HTML", HEAD "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n25\n--b\n"
				   "Content-Type: text/html; charset=utf-8\n\n<p>25</p>\n--b--\n", "25"},
	{"an attached text is not his words", HEAD "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n25\n--b\n"
						   "Content-Type: text/plain; name=list.txt\nContent-Disposition: attachment; filename=list.txt\n\n40\n--b--\n", "25"},
	{"an attached mail is not his words", HEAD "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n25\n--b\n"
						   "Content-Type: message/rfc822\n\nFrom: m@example.org\nSubject: 40\n\n40\n--b--\n", "25"},
	{"a boundary that never comes", HEAD "Content-Type: multipart/mixed; boundary=b\n\n25\n", "25"},
	{"only an attachment", HEAD "Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\nMjU=\n", ""},
};

static void whole_mails(void **state)
{
	(void)state;
	int wrong = 0;
	for (size_t i = 0; i < COUNT(mails); i++) {
		struct mail *mail;
		struct error e;
		if (mail_parse(mails[i].mail, strlen(mails[i].mail), &mail, &e) != 0)
			fail_msg("%s: got «%s», want a mail", mails[i].name, e.text);
		char *own = reply_text(mail);
		for (char *p = own; *p != '\0'; p++)
			if ((unsigned char)p[0] == 0xc2 && (unsigned char)p[1] == 0xa0)
				fail_msg("%s: a no-break blank is left", mails[i].name);
		if (strcmp(own, mails[i].own) != 0) {
			wrong++;
			printf("%s: got «%s», want «%s»\n", mails[i].name, own, mails[i].own);
		}
		free(own);
		mail_free(&mail);
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(plain_texts), cmocka_unit_test(whole_mails)};
	mail_init();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	mail_shutdown();
	return failed;
}
