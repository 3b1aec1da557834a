/* What the writer and the reader of the Excel form agree on. */
#ifndef VESTNIK_ANSWER_WORKBOOK_INSIDE_H
#define VESTNIK_ANSWER_WORKBOOK_INSIDE_H

/* Row 1: marker, code "<ask>.<mac>" (base/ident.h ident_link). */
#define WORKBOOK_MARKER "vestnik-form"
#define WORKBOOK_PURPOSE "workbook"

/* Column A of the rows below. A table's columns are named in a hidden row of their own. */
#define WORKBOOK_FIELD "field:"     /* + name; the value stands in column C */
#define WORKBOOK_COLUMNS "columns:" /* + name of the table; from column B the names of its columns */
#define WORKBOOK_ROW "row:"         /* + name of the table; a row that somebody inserts has none */
#define WORKBOOK_END "end"
#define WORKBOOK_NAME "person:name"
#define WORKBOOK_PHONE "person:phone"

#define WORKBOOK_VALUE_COLUMN 2     /* C */
#define WORKBOOK_TABLE_COLUMN 1     /* B */

#endif
