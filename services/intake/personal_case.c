#include "intake/case.h"

#include "base/lang.h"

int case_personal(struct intake_case *c, struct error *e)
{
	(void)e;
	case_review(c, "%s", tr("a person's mail", "письмо человека"));
	return 0;
}
