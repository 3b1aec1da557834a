#include "account/role.h"

#include <string.h>

#include "base/lang.h"

static const struct {
	const char *name, *en, *ru;
} right_table[RIGHTS] = {
	[RIGHT_NONE] = {"none", "nothing is needed", "ничего не требуется"},
	[RIGHT_OWN] = {"own", "the own account", "своя учётная запись"},
	[RIGHT_CAMPAIGN_READ] = {"campaign.read", "see campaigns, answers and reports", "видеть рассылки, ответы и отчёты"},
	[RIGHT_CAMPAIGN_WRITE] = {"campaign.write", "write drafts, send tests", "готовить черновики, отправлять пробные письма"},
	[RIGHT_CAMPAIGN_LAUNCH] = {"campaign.launch", "launch and change campaigns", "запускать и изменять рассылки"},
	[RIGHT_CAMPAIGN_PAUSE] = {"campaign.pause", "pause campaigns", "приостанавливать рассылки"},
	[RIGHT_CAMPAIGN_APPROVE] = {"campaign.approve", "approve what others launch", "согласовывать запуск"},
	[RIGHT_ANSWER_WRITE] = {"answer.write", "enter and correct answers", "вводить и исправлять ответы"},
	[RIGHT_DIRECTORY_READ] = {"directory.read", "see organisations and contacts", "видеть организации и контакты"},
	[RIGHT_DIRECTORY_WRITE] = {"directory.write", "import and change organisations", "загружать и изменять организации"},
	[RIGHT_NOTIFY] = {"notify", "send single notices", "отправлять отдельные уведомления"},
	[RIGHT_DELIVERY_READ] = {"delivery.read", "see what happened to letters", "видеть судьбу писем"},
	[RIGHT_OPERATE_READ] = {"operate.read", "see services, relays and queues", "видеть службы, серверы и очереди"},
	[RIGHT_OPERATE] = {"operate", "replay, resend, readdress", "повторять, отправлять заново, менять адрес"},
	[RIGHT_WEBHOOK] = {"webhook", "manage webhooks", "управлять вебхуками"},
	[RIGHT_SUPPRESSION] = {"suppression", "manage addresses that get no letters", "управлять исключёнными адресами"},
	[RIGHT_PERSONAL] = {"personal", "find, export and erase a person", "находить, выгружать и удалять данные человека"},
	[RIGHT_ACCOUNT] = {"account", "manage accounts and API keys", "управлять учётными записями и ключами API"},
	[RIGHT_AUDIT] = {"audit", "read the audit log", "читать журнал действий"},
	[RIGHT_METRICS] = {"metrics", "read metrics", "читать метрики"},
};

const char *right_name(enum right right)
{
	return right_table[right].name;
}

enum right right_named(const char *name)
{
	for (enum right right = 0; right < RIGHTS; right++)
		if (strcmp(name, right_table[right].name) == 0)
			return right;
	return RIGHTS;
}

const char *right_words(enum right right)
{
	return tr(right_table[right].en, right_table[right].ru);
}

#define READER                                                                                                         \
	(RIGHT_BIT(RIGHT_OWN) | RIGHT_BIT(RIGHT_CAMPAIGN_READ) | RIGHT_BIT(RIGHT_DIRECTORY_READ) |                      \
		RIGHT_BIT(RIGHT_DELIVERY_READ))
#define STAFF                                                                                                          \
	(READER | RIGHT_BIT(RIGHT_CAMPAIGN_WRITE) | RIGHT_BIT(RIGHT_CAMPAIGN_LAUNCH) | RIGHT_BIT(RIGHT_CAMPAIGN_PAUSE) | \
		RIGHT_BIT(RIGHT_ANSWER_WRITE) | RIGHT_BIT(RIGHT_DIRECTORY_WRITE) | RIGHT_BIT(RIGHT_NOTIFY))

static const struct {
	const char *name;
	uint32_t rights;
	const char *en, *ru;
} role_table[ROLES] = {
	[ROLE_ADMIN] = {"admin", RIGHT_BIT(RIGHTS) - 1, "Administrator: everything", "Администратор: всё"},
	[ROLE_STAFF] = {"staff", STAFF, "Staff: directory, campaigns, answers", "Сотрудник: справочник, рассылки, ответы"},
	[ROLE_APPROVER] = {"approver", STAFF | RIGHT_BIT(RIGHT_CAMPAIGN_APPROVE) | RIGHT_BIT(RIGHT_AUDIT),
		"Approver: as staff, and approves what others launch",
		"Согласующий: как сотрудник, и согласует запуск чужих рассылок"},
	[ROLE_OPERATOR] = {"operator",
		READER | RIGHT_BIT(RIGHT_CAMPAIGN_PAUSE) | RIGHT_BIT(RIGHT_OPERATE_READ) | RIGHT_BIT(RIGHT_OPERATE) |
			RIGHT_BIT(RIGHT_WEBHOOK) | RIGHT_BIT(RIGHT_SUPPRESSION) | RIGHT_BIT(RIGHT_METRICS),
		"Operator: deliveries, relays, queues, webhooks", "Оператор: доставка, серверы, очереди, вебхуки"},
	[ROLE_READER] = {"read-only", READER | RIGHT_BIT(RIGHT_OPERATE_READ), "Reader: sees, changes nothing",
		"Наблюдатель: видит, ничего не меняет"},
};

const char *role_name(enum role role)
{
	return role_table[role].name;
}

const char *role_words(enum role role)
{
	return tr(role_table[role].en, role_table[role].ru);
}

enum role role_named(const char *name)
{
	enum role role = 0;
	while (role < ROLES && strcmp(name, role_table[role].name) != 0)
		role++;
	return role;
}

uint32_t role_rights(enum role role)
{
	return role_table[role].rights;
}
