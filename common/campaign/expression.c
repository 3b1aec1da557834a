/* Recursive descent into a flat array of nodes; a node's children stand before it. */
#include "campaign/expression.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"

#include "campaign/number.h"

enum node_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_COMPARE, NODE_HOLDS };
enum operator{ OP_LESS, OP_LESS_EQUAL, OP_GREATER, OP_GREATER_EQUAL, OP_EQUAL, OP_UNEQUAL };

struct operand {
	bool is_field;
	size_t field;
	char *text; /* literal */
	bool is_number;
	double number;
};
struct node {
	enum node_kind kind;
	size_t left, right; /* of AND, OR, NOT: nodes */
	enum operator op;
	struct operand a, b; /* of COMPARE; HOLDS: the field a */
	char *text;          /* of COMPARE and HOLDS: as it was written */
};
struct field {
	char *name;
	size_t at;
};
struct expression {
	struct node *node;
	size_t count, root;
	struct field *field;
	size_t fields;
};

/* ---- words ----------------------------------------------------------------------- */

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_NUMBER,
	TOKEN_TEXT,
	TOKEN_OPERATOR,
	TOKEN_OPEN,
	TOKEN_CLOSE
};

struct parser {
	const char *text;
	size_t at; /* bytes: after the token */
	enum token_kind kind;
	size_t start; /* of the token */
	size_t end;   /* of the one before */
	char *word;   /* WORD, NUMBER, TEXT: owned */
	enum operator op;
	int depth;
	struct expression *out;
	struct error *e;
	size_t mistake; /* bytes */
};

static size_t characters(const char *text, size_t bytes)
{
	size_t n = 0;
	for (size_t i = 0; i < bytes && text[i] != '\0'; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

__attribute__((format(printf, 3, 4))) static int mistake(
	struct parser *p, size_t at, const char *fmt, ...)
{
	char text[200];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	p->mistake = at;
	return error_set(p->e, ERROR_INPUT, "%s", text);
}

static bool word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.' || (unsigned char)c >= 0x80;
}

static int read_text(struct parser *p, const char *close)
{
	const char *from = p->text + p->at;
	const char *end = strstr(from, close);
	if (end == NULL)
		return mistake(p, p->start,
			tr("the quoted text has no end", "у текста в кавычках нет конца"));
	p->kind = TOKEN_TEXT;
	p->word = xstrndup(from, (size_t)(end - from));
	p->at += (size_t)(end - from) + strlen(close);
	return 0;
}

static int read_word(struct parser *p)
{
	size_t n = 0;
	const char *from = p->text + p->at;
	/* A closing » ends a word too, so that nobody finds it inside a name. */
	while (word_byte(from[n]) && strncmp(from + n, "»", 2) != 0 &&
		strncmp(from + n, "«", 2) != 0)
		n++;
	if (n == 0) {
		size_t len = 1;
		while (((unsigned char)from[len] & 0xc0) == 0x80)
			len++;
		return mistake(p, p->at, tr("«%.*s» does not belong here", "«%.*s» здесь лишнее"),
			(int)len, from);
	}
	p->word = xstrndup(from, n);
	p->at += n;
	double number;
	p->kind = number_parse(p->word, &number) ? TOKEN_NUMBER : TOKEN_WORD;
	return 0;
}

static int next(struct parser *p)
{
	static const struct {
		const char *text;
		enum operator op;
	} operators[] = {{"<=", OP_LESS_EQUAL}, {">=", OP_GREATER_EQUAL}, {"!=", OP_UNEQUAL},
		{"<>", OP_UNEQUAL}, {"==", OP_EQUAL}, {"<", OP_LESS}, {">", OP_GREATER},
		{"=", OP_EQUAL}};
	free(p->word);
	p->word = NULL;
	p->end = p->at;
	while (p->text[p->at] == ' ' || p->text[p->at] == '\t' || p->text[p->at] == '\n')
		p->at++;
	p->start = p->at;
	const char *from = p->text + p->at;
	if (from[0] == '\0') {
		p->kind = TOKEN_END;
		return 0;
	}
	for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++)
		if (strncmp(from, operators[i].text, strlen(operators[i].text)) == 0) {
			p->kind = TOKEN_OPERATOR;
			p->op = operators[i].op;
			p->at += strlen(operators[i].text);
			return 0;
		}
	if (from[0] == '(' || from[0] == ')') {
		p->kind = from[0] == '(' ? TOKEN_OPEN : TOKEN_CLOSE;
		p->at++;
		return 0;
	}
	if (from[0] == '"' || from[0] == '\'') {
		p->at++;
		return read_text(p, from[0] == '"' ? "\"" : "'");
	}
	if (strncmp(from, "«", 2) == 0) {
		p->at += 2;
		return read_text(p, "»");
	}
	return read_word(p);
}

static bool is_word(const struct parser *p, const char *en, const char *ru)
{
	return p->kind == TOKEN_WORD && (strcmp(p->word, en) == 0 || strcmp(p->word, ru) == 0);
}

/* ---- grammar --------------------------------------------------------------------- */

static int parse_or(struct parser *p, size_t *node);

static size_t add_node(struct parser *p, const struct node *node)
{
	struct expression *x = p->out;
	x->node = xrealloc(x->node, x->count + 1, sizeof *x->node);
	x->node[x->count] = *node;
	return x->count++;
}

static size_t add_field(struct parser *p, const char *name, size_t start)
{
	struct expression *x = p->out;
	for (size_t i = 0; i < x->fields; i++)
		if (strcmp(x->field[i].name, name) == 0)
			return i;
	x->field = xrealloc(x->field, x->fields + 1, sizeof *x->field);
	x->field[x->fields] =
		(struct field){.name = xstrdup(name), .at = characters(p->text, start)};
	return x->fields++;
}

/* «не ответили» is not (state.answered). */
static const char *state_of_word(const char *word)
{
	static const struct {
		const char *word, *field;
	} words[] = {{"answered", "state.answered"}, {"ответили", "state.answered"},
		{"ответил", "state.answered"}, {"ответила", "state.answered"},
		{"acknowledged", "state.acknowledged"}, {"ознакомлены", "state.acknowledged"},
		{"ознакомлен", "state.acknowledged"}, {"ознакомились", "state.acknowledged"},
		{"delivered", "state.delivered"}, {"доставлено", "state.delivered"},
		{"доставлены", "state.delivered"}};
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].field;
	return NULL;
}

static int parse_operand(struct parser *p, struct operand *out)
{
	if (p->kind != TOKEN_WORD && p->kind != TOKEN_NUMBER && p->kind != TOKEN_TEXT)
		return mistake(p, p->start, "%s",
			tr("a field (dataset.column), a number or a text is expected here",
				"здесь ожидается поле (таблица.столбец), число или текст"));
	const char *dot = p->kind == TOKEN_WORD ? strchr(p->word, '.') : NULL;
	if (dot != NULL) {
		if (dot == p->word || dot[1] == '\0' || strchr(dot + 1, '.') != NULL)
			return mistake(p, p->start,
				tr("«%.60s» is not a field: want dataset.column",
					"«%.60s» — не поле: нужно таблица.столбец"),
				p->word);
		out->is_field = true;
		out->field = add_field(p, p->word, p->start);
		return next(p);
	}
	if (p->kind != TOKEN_TEXT)
		out->is_number = number_parse(p->word, &out->number);
	out->text = p->word;
	p->word = NULL;
	return next(p);
}

static void operand_fini(struct operand *operand)
{
	free(operand->text);
}

static int parse_comparison(struct parser *p, size_t *node)
{
	struct node compare = {.kind = NODE_COMPARE};
	size_t start = p->start;
	const char *state = p->kind == TOKEN_WORD ? state_of_word(p->word) : NULL;
	int rc = parse_operand(p, &compare.a);
	if (rc == 0 && p->kind != TOKEN_OPERATOR && (state != NULL || compare.a.is_field)) {
		struct node holds = {.kind = NODE_HOLDS,
			.a = compare.a,
			.text = xstrndup(p->text + start, p->end - start)};
		if (state != NULL) {
			operand_fini(&compare.a);
			holds.a = (struct operand){
				.is_field = true, .field = add_field(p, state, start)};
		}
		*node = add_node(p, &holds);
		return 0;
	}
	if (rc == 0 && p->kind != TOKEN_OPERATOR)
		rc = mistake(p, p->start, "%s",
			tr("one of < <= > >= = != is expected here",
				"здесь ожидается один из знаков < <= > >= = !="));
	if (rc == 0) {
		compare.op = p->op;
		rc = next(p);
	}
	if (rc == 0)
		rc = parse_operand(p, &compare.b);
	if (rc == 0 && !compare.a.is_field && !compare.b.is_field)
		rc = mistake(p, start, "%s",
			tr("neither side is a field: want dataset.column",
				"ни слева, ни справа нет поля: нужно таблица.столбец"));
	if (rc == 0) {
		compare.text = xstrndup(p->text + start, p->end - start);
		*node = add_node(p, &compare);
	} else {
		operand_fini(&compare.a);
		operand_fini(&compare.b);
	}
	return rc;
}

static int parse_term(struct parser *p, size_t *node)
{
	if (++p->depth > EXPRESSION_DEPTH_MAX)
		return mistake(
			p, p->start, "%s", tr("nested too deeply", "слишком большая вложенность"));
	int rc;
	if (is_word(p, "not", "не")) {
		size_t inner = 0;
		rc = next(p) != 0 || parse_term(p, &inner) != 0 ? -1 : 0;
		if (rc == 0)
			*node = add_node(p, &(struct node){.kind = NODE_NOT, .left = inner});
	} else if (p->kind == TOKEN_OPEN) {
		rc = next(p) != 0 || parse_or(p, node) != 0 ? -1 : 0;
		if (rc == 0 && p->kind != TOKEN_CLOSE)
			rc = mistake(p, p->start, "%s", tr("«)» is missing", "не хватает «)»"));
		if (rc == 0)
			rc = next(p);
	} else {
		rc = parse_comparison(p, node);
	}
	p->depth--;
	return rc;
}

static int parse_and(struct parser *p, size_t *node)
{
	if (parse_term(p, node) != 0)
		return -1;
	while (is_word(p, "and", "и")) {
		size_t right = 0;
		if (next(p) != 0 || parse_term(p, &right) != 0)
			return -1;
		*node = add_node(
			p, &(struct node){.kind = NODE_AND, .left = *node, .right = right});
	}
	return 0;
}

static int parse_or(struct parser *p, size_t *node)
{
	if (parse_and(p, node) != 0)
		return -1;
	while (is_word(p, "or", "или")) {
		size_t right = 0;
		if (next(p) != 0 || parse_and(p, &right) != 0)
			return -1;
		*node = add_node(p, &(struct node){.kind = NODE_OR, .left = *node, .right = right});
	}
	return 0;
}

struct expression *expression_parse(const char *text, size_t *at, struct error *e)
{
	struct expression *out = xcalloc(1, sizeof *out);
	struct parser p = {.text = text, .out = out, .e = e};
	int rc;
	if (strlen(text) > EXPRESSION_MAX_BYTES || !gate_utf8(text, strlen(text)))
		rc = mistake(&p, 0,
			tr("the condition is longer than %d bytes", "условие длиннее %d байт"),
			EXPRESSION_MAX_BYTES);
	else
		rc = next(&p) != 0 || parse_or(&p, &out->root) != 0 ? -1 : 0;
	if (rc == 0 && p.kind != TOKEN_END)
		rc = mistake(&p, p.start, "%s",
			tr("the condition should end here or go on with and, or",
				"здесь условие должно кончаться или продолжаться словом and (и), "
				"or (или)"));
	free(p.word);
	if (rc != 0) {
		*at = characters(text, p.mistake);
		expression_free(&out);
	}
	return out;
}

void expression_free(struct expression **expression)
{
	struct expression *x = *expression;
	*expression = NULL;
	if (x == NULL)
		return;
	for (size_t i = 0; i < x->count; i++) {
		operand_fini(&x->node[i].a);
		operand_fini(&x->node[i].b);
		free(x->node[i].text);
	}
	for (size_t i = 0; i < x->fields; i++)
		free(x->field[i].name);
	free(x->node);
	free(x->field);
	free(x);
}

size_t expression_fields(const struct expression *expression)
{
	return expression == NULL ? 0 : expression->fields;
}

const char *expression_field(const struct expression *expression, size_t index, size_t *at)
{
	if (at != NULL)
		*at = expression->field[index].at;
	return expression->field[index].name;
}

/* ---- truth ----------------------------------------------------------------------- */

struct evaluation {
	const struct expression *x;
	const char *(*value)(void *arg, size_t field);
	void *arg;
};

static bool by_order(enum operator op, int order)
{
	switch (op) {
	case OP_LESS:
		return order < 0;
	case OP_LESS_EQUAL:
		return order <= 0;
	case OP_GREATER:
		return order > 0;
	case OP_GREATER_EQUAL:
		return order >= 0;
	case OP_EQUAL:
		return order == 0;
	default:
		return order != 0;
	}
}

static const char *operand_value(
	const struct evaluation *v, const struct operand *operand, bool *is_number, double *number)
{
	if (!operand->is_field) {
		*is_number = operand->is_number;
		*number = operand->number;
		return operand->text;
	}
	const char *text = v->value(v->arg, operand->field);
	if (text == NULL)
		text = "";
	*is_number = number_parse(text, number);
	return text;
}

static bool compare(const struct evaluation *v, const struct node *node)
{
	bool a_number, b_number;
	double a = 0, b = 0;
	const char *left = operand_value(v, &node->a, &a_number, &a);
	const char *right = operand_value(v, &node->b, &b_number, &b);
	if (a_number && b_number)
		return by_order(node->op, (a > b) - (a < b));
	/* "10" in quotes is a text; 10 is a number, and words have no order with it. */
	if ((node->a.is_number && !node->a.is_field) || (node->b.is_number && !node->b.is_field))
		return node->op == OP_UNEQUAL;
	return by_order(node->op, strcmp(left, right));
}

/* What tables and programs write for no. */
static bool holds(const struct evaluation *v, const struct operand *operand)
{
	static const char *const no[] = {"", "0", "no", "No", "NO", "false", "False", "FALSE",
		"нет", "Нет", "НЕТ", "-", "–", "—", NULL};
	const char *text = v->value(v->arg, operand->field);
	for (size_t i = 0; text != NULL && no[i] != NULL; i++)
		if (strcmp(no[i], text) == 0)
			return false;
	return text != NULL;
}

static bool truth(const struct evaluation *v, size_t index)
{
	const struct node *node = &v->x->node[index];
	switch (node->kind) {
	case NODE_AND:
		return truth(v, node->left) && truth(v, node->right);
	case NODE_OR:
		return truth(v, node->left) || truth(v, node->right);
	case NODE_NOT:
		return !truth(v, node->left);
	case NODE_HOLDS:
		return holds(v, &node->a);
	default:
		return compare(v, node);
	}
}

bool expression_true(const struct expression *expression,
	const char *(*value)(void *arg, size_t field), void *arg)
{
	struct evaluation v = {.x = expression, .value = value, .arg = arg};
	return truth(&v, expression->root);
}

/* ---- why --------------------------------------------------------------------------- */

static bool is_leaf(const struct node *node)
{
	return node->kind == NODE_COMPARE || node->kind == NODE_HOLDS;
}

/* Nodes stand in the order of the text, so leaves do. */
int expression_explain(const struct expression *expression,
	const char *(*value)(void *arg, size_t field), void *arg, struct buf *out)
{
	struct evaluation v = {.x = expression, .value = value, .arg = arg};
	int rc = 0;
	for (size_t i = 0; i < expression->count; i++) {
		const struct node *node = &expression->node[i];
		if (!is_leaf(node))
			continue;
		rc |= buf_printf(out, "%s%s: %s (", out->len == 0 ? "" : "; ", node->text,
			truth(&v, i) ? tr("yes", "да") : tr("no", "нет"));
		const struct operand *sides[] = {&node->a, &node->b};
		for (size_t k = 0, shown = 0; k < 2; k++) {
			if (!sides[k]->is_field)
				continue;
			const char *text = value(arg, sides[k]->field);
			rc |= buf_printf(out, "%s%s = «%s»", shown++ == 0 ? "" : ", ",
				expression->field[sides[k]->field].name, text == NULL ? "" : text);
		}
		rc |= buf_puts(out, ")");
	}
	return rc == 0 ? 0 : -1;
}
