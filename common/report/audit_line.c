#include "report/audit_line.h"

#include "audit/audit.h"
#include "base/xalloc.h"
#include "report/words.h"

#define SHOWN 16 /* hex digits: 64 bits, and still to be read out over the telephone; audit verify takes as many */

int audit_line(struct db *db, enum lang lang, char **out, struct error *e)
{
	struct audit_head head;
	*out = NULL;
	if (audit_head(db, &head, e) != 0)
		return -1;
	if (head.number > 0)
		*out = xasprintf(word(lang, "Audit log: entry no. %lld, checksum %.*s", "Журнал действий: запись № %lld, контрольная сумма %.*s"),
			(long long)head.number, SHOWN, head.mac);
	return 0;
}
