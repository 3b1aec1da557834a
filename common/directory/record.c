#include "directory/record.h"

#include <string.h>

/* line, bad, contacts, then NUL-terminated strings in a fixed order. Own
 * process, own file: native byte order. */
struct head {
	int line;
	unsigned char bad, contacts;
};

static void fields_of(struct record *record, const char **all[static 11])
{
	const char **const list[] = {&record->key, &record->parent, &record->kind, &record->name,
		&record->region, &record->municipality, &record->zone, &record->extra,
		&record->trouble_field, &record->trouble, &record->trouble_hint};
	memcpy(all, list, sizeof list);
}

static void contact_fields_of(struct record_contact *contact, const char **all[static 5])
{
	const char **const list[] = {&contact->role, &contact->name, &contact->position,
		&contact->address, &contact->phone};
	memcpy(all, list, sizeof list);
}

void record_spoil(struct record *record, const char *field, const char *hint, const char *text)
{
	if (record->bad)
		return;
	record->bad = true;
	record->trouble_field = field != NULL ? field : "";
	record->trouble_hint = hint != NULL ? hint : "";
	record->trouble = text;
}

void record_write(const struct record *record, struct buf *out)
{
	const char **all[11], **five[5];
	struct record copy = *record;
	struct head head = {.line = record->line,
		.bad = record->bad,
		.contacts = (unsigned char)record->contacts};
	(void)buf_append(out, &head, sizeof head);
	fields_of(&copy, all);
	for (size_t i = 0; i < 11; i++)
		(void)buf_append(out, *all[i], strlen(*all[i]) + 1);
	for (size_t c = 0; c < copy.contacts; c++) {
		contact_fields_of(&copy.contact[c], five);
		for (size_t i = 0; i < 5; i++)
			(void)buf_append(out, *five[i], strlen(*five[i]) + 1);
	}
}

void record_read(const char *bytes, struct record *record)
{
	const char **all[11], **five[5];
	struct head head;
	memcpy(&head, bytes, sizeof head);
	bytes += sizeof head;
	record->line = head.line;
	record->bad = head.bad != 0;
	record->contacts = head.contacts;
	fields_of(record, all);
	for (size_t i = 0; i < 11; i++) {
		*all[i] = bytes;
		bytes += strlen(bytes) + 1;
	}
	for (size_t c = 0; c < record->contacts; c++) {
		contact_fields_of(&record->contact[c], five);
		for (size_t i = 0; i < 5; i++) {
			*five[i] = bytes;
			bytes += strlen(bytes) + 1;
		}
	}
}
