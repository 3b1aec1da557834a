// The browser's side of the_console_carries_s3_in_a_browser.py, one part a call (VESTNIK_PART).
import { readFileSync } from "node:fs";
import path from "node:path";
import { open, want } from "../support/browser/browser.mjs";

const { VESTNIK_PART: part, VESTNIK_SLUG: slug, VESTNIK_PASSWORD: password, VESTNIK_CAMPAIGN: folder } = process.env;
const browser = await open();

async function says(page, what, words) {
	const text = (await page.innerText("main")).replace(/\s+/g, " ");
	for (const word of [words].flat())
		if (!text.includes(word)) throw new Error(`${what}: «${word}» is not on ${page.url()}:\n${text.slice(0, 3000)}`);
}
// A person opens a fold before typing into it.
async function unfold(page) {
	await page.evaluate(() => document.querySelectorAll("main details").forEach((fold) => (fold.open = true)));
}
async function fill(page, values) {
	await unfold(page);
	for (const [name, value] of Object.entries(values)) {
		const field = page.locator(`[name="${name}"]:not([type=hidden])`).first();
		if ((await field.evaluate((at) => at.tagName)) === "SELECT") await field.selectOption(value);
		else await field.fill(value);
	}
}
async function press(page, button, to) {
	await Promise.all([page.waitForURL((at) => at.pathname === to), page.click(button)]);
}

// ---- from the spreadsheet to the launch -------------------------------------------------

async function importsTheSheet(page) {
	await page.goto("/");
	await browser.accessible(page);
	await page.goto("/directory/import");
	// let fall on the page, as from a folder's window
	const data = readFileSync(process.env.VESTNIK_SHEET).toString("base64");
	const transfer = await page.evaluateHandle((bytes) => {
		const dragged = new DataTransfer();
		dragged.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], "schools.csv", { type: "text/csv" }));
		return dragged;
	}, data);
	await page.dispatchEvent(".drop", "drop", { dataTransfer: transfer });
	if (new URL(page.url()).pathname === "/directory/import")
		await Promise.all([page.waitForURL(/\/directory\/import\/./), page.click("main form[enctype] button")]).catch(() => {});
	await says(page, "every row's fate", ["110", "Управление образования Северного района", "Пока ничего не изменено"]);
	await browser.accessible(page);
	await browser.picture(page, "import");
	await press(page, "form[data-progress] button:not(.second)", "/directory");
	await says(page, "the directory", "110");
}

async function writesTheLetter(page) {
	await page.goto("/compose");
	await page.fill("#title", "Флагманы образования");
	await press(page, 'form[action="/compose"] button', `/compose/${slug}/letter`);
	await fill(page, {
		title: "«Флагманы образования»: информационная поддержка",
		"document.number": "01-12/245", "document.date": "2023-04-10",
		"document.signatory.position": "Заместитель министра", "document.signatory.name": "И. О. Фамилия",
		organisation: "Министерство образования", "from.name": "Министерство образования",
		"from.address": "outreach@ministry.example.org", reply_to: "answers@ministry.example.org",
	});
	await page.setInputFiles("#file", { name: "Результаты мониторинга.pdf", mimeType: "application/pdf",
		buffer: readFileSync(path.join(folder, "monitoring.pdf")) });
	await page.fill('[name="letters.first"]', "# Просим помочь\n\nУважаемые коллеги!\n\nДля {{recipient.name}}: {{нет.такого}}\n");
	await page.locator("#preview").getByText("строка 5").first().waitFor(); // while one types
	await page.fill('[name="letters.first"]',
		"# «Флагманы образования»: информационная поддержка\n\nУважаемые коллеги!\n\n**{{recipient.name}}** зарегистрировала участников. " +
		"Просим распространить информацию о конкурсе и сообщить итоги до {{deadline.full}}: [заполнить форму]({{link.answer}}).\n");
	await page.frameLocator("#preview iframe").getByText("Уважаемые коллеги").waitFor();
	await browser.accessible(page);
	await browser.picture(page, "letter");
	await press(page, 'button[name="do"][value="next"]', `/compose/${slug}/audience`);
}

async function choosesWhoGetsIt(page) {
	await page.locator("label.choice", { hasText: "муниципальный орган" }).locator("input").check();
	await page.setInputFiles("#table", { name: "monitoring.csv", mimeType: "text/csv", buffer: readFileSync(path.join(folder, "monitoring.csv")) });
	await page.click('button[name="do"][value="save"]:not(.unseen)');
	await says(page, "who gets it", ["10 адресатов", "education-01@district.example.org", "registered"]);
	await browser.accessible(page);
	await browser.picture(page, "audience");
	await press(page, 'button[name="do"][value="next"]', `/compose/${slug}/dates`);
}

async function setsDates(page) {
	await unfold(page);
	const wanted = page.locator('input[type=checkbox][name="ask.wanted"]');
	if (!(await wanted.isChecked())) {
		await wanted.check();
		await page.click('button[name="do"][value="save"]:not(.unseen)');
	}
	if ((await page.locator('[name="ask.answer.0.label"]').count()) === 0) {
		await page.click('button[value="add:ask.answer"]');
		await page.locator('[name="ask.answer.0.label"]').waitFor();
	}
	await fill(page, {
		"x.send.from": "09:00", "x.send.to": "18:00",
		"x.ask.date": "2023-04-28", "x.ask.time": "18:00", "x.remind": "7, 3 и 1",
		"ask.answer.0.label": "Количество участников, прошедших регистрацию", "ask.answer.0.type": "count",
		"ask.through": "municipality", "x.collect": "3", "ask.report.to": "head@ministry.example.org",
		"controller.name": "И. О. Фамилия", "controller.address": "controller@ministry.example.org",
	});
	await page.locator('input[type=checkbox][name="ask.answer.0.required"]').check();
	await page.click('button[name="do"][value="save"]:not(.unseen)');
	await says(page, "what comes of the dates", "Что получится");
	await browser.accessible(page);
	await browser.picture(page, "dates");
	await press(page, 'button[name="do"][value="next"]', `/compose/${slug}/check`);
}

async function launches(page) {
	await says(page, "the summary", ["10 адресатов", "100 организаций", "Напоминания не ответившим", "Сводный отчёт"]);
	await browser.accessible(page);
	await browser.picture(page, "check");
	await page.setViewportSize({ width: 375, height: 900 });
	await browser.accessible(page);
	await page.setViewportSize({ width: 1280, height: 900 });
	await press(page, 'button[name="do"][value="launch"]', `/campaigns/${slug}`);
	await browser.accessible(page);
}

// ---- the live log; the console is killed and comes back -----------------------------------

const rows = (page) => page.locator("#log-rows tr");

// `vestnik up` starts another; the open page finds it by itself.
async function comesBack(log) {
	browser.forgive(/ERR_(CONNECTION_REFUSED|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET|SOCKET_NOT_CONNECTED)|^\[object Event\]$/);
	const again = log.waitForResponse((answer) => answer.url().includes("/log/live") && answer.ok(), { timeout: 60000 });
	process.kill(Number(process.env.VESTNIK_CONSOLE_PID), "SIGKILL");
	await again;
}
async function seesEachLetterOnce(log) {
	await log.waitForFunction(() => document.querySelectorAll("#log-rows tr").length >= 110, null, { timeout: 60000 });
	const ids = await rows(log).evaluateAll((all) => all.map((row) => row.id));
	want("lines", [ids.length, new Set(ids).size], [110, 110]);
	await browser.accessible(log);
	await browser.picture(log, "log");
}

const parts = {
	async launch() {
		const page = await browser.page({ name: "sekretar", expected: [422] });
		await browser.login(page, "sekretar", password);
		await importsTheSheet(page);
		await writesTheLetter(page);
		await choosesWhoGetsIt(page);
		await setsDates(page);
		const operator = await browser.page({ name: "operator", expected: [] });
		await browser.login(operator, "operator", password);
		await operator.goto("/log?state=accepted");
		want("nothing was sent before", await rows(operator).count(), 0);
		await comesBack(operator);
		await launches(page);
		await seesEachLetterOnce(operator);
		// an operator's rights: sees the campaign, launches nothing
		await operator.goto(`/campaigns/${slug}`);
		want("an operator's buttons", await operator.locator(`a[href*="/campaigns/${slug}/cancel"]`).count(), 0);
	},

	// ---- an addressee on a phone ----------------------------------------------------------
	async answer() {
		const phone = await browser.page({ width: 375, name: "phone", expected: [422] });
		await phone.goto(process.env.VESTNIK_LINK);
		await browser.accessible(phone);
		await phone.fill("#name", "И. О. Фамилия");
		await phone.click('button[name="send"][value="all"]:not(.unseen)');
		await says(phone, "a figure is missing", "Количество участников");
		await browser.accessible(phone);
		await phone.locator('main input.number').first().fill("44");
		await phone.click('button[name="send"][value="all"]:not(.unseen)');
		await says(phone, "thanks", "44");
		await browser.accessible(phone);
		await browser.picture(phone, "answer.375");
	},

	// ---- staff: a reply to confirm, a telephone call to note -----------------------------------
	async staff() {
		const page = await browser.page({ name: "sekretar", expected: [422] });
		await browser.login(page, "sekretar", password);
		await says(page, "the first page", "1 письмо ждёт");
		await page.goto("/mail");
		await page.locator("main table a").first().click();
		await says(page, "reply and figure side by side", ["56", "Что будет засчитано"]);
		await browser.accessible(page);
		await browser.picture(page, "mail");
		await Promise.all([page.waitForLoadState(), page.click('button[name="action"][value="confirm"]')]);
		await page.goto(`/campaigns/${slug}/calls`);
		await browser.accessible(page);
		await page.locator("tr", { hasText: "Центрального" }).getByRole("link", { name: "Записать ответ" }).click();
		await page.locator('main input.number').first().fill("17");
		await page.fill("#said_by", "И. О. Фамилия, директор");
		await Promise.all([page.waitForLoadState(), page.click('main form button:not(.unseen)')]);
		await page.goto(`/campaigns/${slug}/answers`);
		await says(page, "the answers", ["44", "56", "17", "3 из 10"]);
		await browser.accessible(page);
		await browser.picture(page, "answers");
		const reader = await browser.page({ name: "rukovoditel", expected: [403] });
		await browser.login(reader, "rukovoditel", password);
		want("who only reads composes nothing", (await reader.goto("/compose")).status(), 403);
		await reader.goto(`/campaigns/${slug}/answers`);
		await says(reader, "but sees the answers", "44");
	},

	async report() {
		const page = await browser.page({ name: "rukovoditel" });
		await browser.login(page, "rukovoditel", password);
		await page.goto(`/campaigns/${slug}`);
		await says(page, "the overview", ["3 из 10", "7"]);
		const moments = await page.$$eval("#answers-over-time [data-x]", (cells) => cells.map((cell) => Number(cell.dataset.x)));
		want("nobody since: the line goes on to the deadline", new Date(moments.at(-1) * 1000).toISOString(), "2023-04-28T15:00:00.000Z");
		await browser.accessible(page);
		await browser.picture(page, "overview");
		await page.goto(`/campaigns/${slug}/report`);
		await page.frameLocator("iframe").getByText("117").first().waitFor(); // 44 + 56 + 17
		const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Excel" }).first().click()]);
		want("the workbook's first bytes", readFileSync(await file.path()).subarray(0, 2).toString(), "PK");
		await page.goto(`/campaigns/${slug}/municipalities`);
		await browser.accessible(page);
		await browser.picture(page, "municipalities");
	},
};
await parts[part]();
await browser.close();
