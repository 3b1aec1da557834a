/* Actions as people read them. Nouns: they fit whoever did it. */
#include <string.h>

#include "audit/words.h"
#include "base/lang.h"

static const struct audit_words table[] = {
	{"campaign.launch", "Launch of a campaign", "Запуск рассылки"},
	{"campaign.store", "Campaign stored as a draft", "Сохранение черновика рассылки"},
	{"campaign.pause", "Campaign paused", "Приостановка рассылки"},
	{"campaign.resume", "Campaign resumed", "Возобновление рассылки"},
	{"campaign.cancel", "Campaign cancelled", "Отмена рассылки"},
	{"campaign.retry", "Letters sent again", "Повторная отправка писем"},
	{"campaign.stage", "Date of a stage", "Назначение даты этапа"},
	{"campaign.postpone", "Deadline postponed", "Перенос срока"},
	{"campaign.correct", "Correction sent", "Отправка исправления"},
	{"campaign.recall", "Campaign recalled", "Отзыв рассылки"},
	{"campaign.archive", "Case file kept", "Сохранение дела рассылки"},
	{"campaign.download", "Report or case file taken", "Выгрузка отчёта или дела"},
	{"recipient.readdress", "Another address for a recipient", "Смена адреса адресата"},
	{"notify", "Notice sent", "Отправка уведомления"},
	{"approval.ask", "Approval asked for", "Запрос согласования"},
	{"approval.approve", "Launch approved", "Согласование запуска"},
	{"approval.refuse", "Launch refused", "Отказ в согласовании"},
	{"directory.import", "Directory imported", "Загрузка справочника"},
	{"directory.export", "Directory taken as a file", "Выгрузка справочника"},
	{"directory.contact", "Contact changed", "Изменение контакта"},
	{"contact.put", "Contact changed", "Изменение контакта"},
	{"contact.end", "Contact removed", "Удаление контакта"},
	{"draft.create", "Draft begun", "Создание черновика"},
	{"draft.change", "Draft changed", "Изменение черновика"},
	{"draft.file", "File added to a draft", "Добавление файла в черновик"},
	{"draft.file_remove", "File taken off a draft", "Удаление файла из черновика"},
	{"draft.delete", "Draft deleted", "Удаление черновика"},
	{"answer.record", "Answer entered", "Внесение ответа"},
	{"answer.enter", "Answer entered", "Внесение ответа"},
	{"answer.correct", "Answer corrected", "Исправление ответа"},
	{"answer.set", "Answer entered", "Внесение ответа"},
	{"answer.confirm", "Answer confirmed", "Подтверждение ответа"},
	{"answer.refuse", "Answer refused", "Отклонение ответа"},
	{"answer.reopen", "Request opened again", "Повторное открытие запроса"},
	{"answer.import", "Answers imported", "Загрузка ответов"},
	{"mail.confirm", "Mail confirmed", "Подтверждение входящего письма"},
	{"mail.ignore", "Mail put aside", "Отклонение входящего письма"},
	{"mail.assign", "Mail assigned", "Привязка входящего письма"},
	{"suppression.add", "Address excluded", "Исключение адреса"},
	{"suppression.remove", "Address allowed again", "Возврат адреса"},
	{"webhook.add", "Webhook added", "Добавление вебхука"},
	{"webhook.change", "Webhook changed", "Изменение вебхука"},
	{"webhook.remove", "Webhook removed", "Удаление вебхука"},
	{"webhook.rotate", "Webhook's secret changed", "Смена секрета вебхука"},
	{"webhook.enable", "Webhook enabled", "Включение вебхука"},
	{"webhook.disable", "Webhook disabled", "Отключение вебхука"},
	{"webhook.replay", "Webhook messages sent again", "Повтор сообщений вебхука"},
	{"webhook.test", "Webhook tested", "Проверка вебхука"},
	{"delivery.export", "Delivery log taken as a file", "Выгрузка журнала доставки"},
	{"dead.replay", "Refused message sent again", "Повтор отклонённого сообщения"},
	{"dead.drop", "Refused message dropped", "Удаление отклонённого сообщения"},
	{"relay.stop", "Mail server stopped", "Остановка почтового сервера"},
	{"relay.start", "Mail server started", "Включение почтового сервера"},
	{"roadmap.import", "Road map imported", "Загрузка дорожной карты"},
	{"roadmap.map", "Responsible text explained", "Сопоставление ответственного"},
	{"roadmap.forget", "Responsible text forgotten", "Отмена сопоставления ответственного"},
	{"roadmap.mark", "Step of a road map marked", "Отметка мероприятия дорожной карты"},
	{"account.create", "Account made", "Создание учётной записи"},
	{"account.change", "Account changed", "Изменение учётной записи"},
	{"account.disable", "Account disabled", "Отключение учётной записи"},
	{"account.enable", "Account enabled", "Включение учётной записи"},
	{"account.password", "Password changed", "Смена пароля"},
	{"account.unlock", "Account opened", "Разблокировка учётной записи"},
	{"session.open", "Logged in", "Вход в консоль"},
	{"session.refused", "Log-in refused", "Отказ во входе"},
	{"session.close", "Logged out", "Выход из консоли"},
	{"session.end", "Session ended", "Завершение входа"},
	{"api_key.create", "API key made", "Создание ключа API"},
	{"api_key.revoke", "API key revoked", "Отзыв ключа API"},
	{"person.export", "A person's data handed out", "Выгрузка данных человека"},
	{"person.erase", "A person's data erased", "Удаление данных человека"},
	{"retention.run", "Old data deleted", "Удаление старых данных"},
	{"store.copy", "Store moved", "Перенос хранилища"},
	{"store.restored", "Store restored from a copy", "Восстановление хранилища из копии"},
	{0},
};

static const struct audit_words members[] = {
	{"address", "address", "адрес"},
	{"asked_by", "asked by", "запросил"},
	{"campaign", "campaign", "рассылка"},
	{"changed", "changed", "изменено"},
	{"content_hash", "content", "содержание"},
	{"deadline", "deadline", "срок"},
	{"fields", "figures", "показатели"},
	{"file", "file", "файл"},
	{"messages", "messages", "сообщений"},
	{"name", "name", "имя"},
	{"note", "note", "примечание"},
	{"organisation", "organisation", "организация"},
	{"phone", "phone", "телефон"},
	{"reason", "reason", "причина"},
	{"recipient", "recipient", "адресат"},
	{"recipients", "recipients", "адресатов"},
	{"role", "role", "роль"},
	{"round", "round", "период"},
	{"scopes", "may", "разрешено"},
	{"steps", "steps", "мероприятий"},
	{"task", "task", "задание"},
	{"version", "version", "версия"},
	{"way", "way", "способ"},
	{0},
};

const struct audit_words *audit_words_all(void)
{
	return table;
}

static const char *words_of(const struct audit_words *words, const char *name)
{
	for (; words->action != NULL; words++)
		if (strcmp(words->action, name) == 0)
			return tr(words->en, words->ru);
	return name;
}

const char *audit_action_words(const char *action)
{
	return words_of(table, action);
}

const char *audit_member_words(const char *name)
{
	return words_of(members, name);
}
