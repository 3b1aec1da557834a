#include "control/bus_view.h"

const struct bus_queue bus_queues[BUS_QUEUES] = {
	{"planner", BUS_TASKS, "orders wait to be carried out", "поручения ждут исполнения"},
	{"mailer", BUS_MAIL_URGENT, "urgent letters wait to be sent", "срочные письма ждут отправки"},
	{"mailer", BUS_MAIL, "letters wait to be sent", "письма ждут отправки"},
	{"ledger", BUS_STATUS, "outcomes wait to be recorded", "результаты ждут записи"},
	{"notifier", BUS_STATUS, "events wait for the webhooks", "события ждут отправки вебхуками"},
};

int bus_queues_read(struct bus *bus, int64_t lag[static BUS_QUEUES], size_t *known, struct error *e)
{
	for (*known = 0; *known < BUS_QUEUES; ++*known)
		if (bus_lag(bus, bus_queues[*known].topic, bus_queues[*known].group, &lag[*known], e) != 0)
			return -1;
	return 0;
}
