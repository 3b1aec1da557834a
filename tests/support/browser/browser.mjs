// A real browser (Debian's Chromium) for tests of pages: what goes wrong in it is noted, not overlooked.
//
//   const browser = await open();                     // environment: VESTNIK_URL …, see browser.py
//   const page = await browser.page({width: 375});
//   await page.goto("/campaigns"); await browser.accessible(page); … await browser.close();
//
// close() fails when a page wrote an error to its console, threw, or asked another host for anything.
import { createRequire } from "node:module";
import { readFileSync, mkdirSync } from "node:fs";
import path from "node:path";

const modules = createRequire(path.join(process.env.VESTNIK_NODE, "node_modules", "x.js"));
const { chromium } = modules("playwright-core");
const axe = readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE_MS = 20000;

export function want(what, got, wanted) {
	if (JSON.stringify(got) !== JSON.stringify(wanted))
		throw new Error(`${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(wanted)}`);
}

export async function open() {
	const url = process.env.VESTNIK_URL, pictures = process.env.VESTNIK_PICTURES;
	const hosts = new Set([new URL(url).host, ...(process.env.VESTNIK_HOSTS ?? "").split(" ")]);
	const chrome = await chromium.launch({
		executablePath: process.env.VESTNIK_CHROMIUM ?? "/usr/bin/chromium",
		args: ["--no-sandbox", "--disable-dev-shm-usage"],
	});
	const trouble = [], contexts = new Map();
	if (pictures) mkdirSync(pictures, { recursive: true });

	// expected: statuses a page may answer with; the browser writes an error for each 4xx.
	async function page({ width = 1280, lang = "ru-RU", name = "one", expected = [] } = {}) {
		if (!contexts.has(name)) {
			const context = await chrome.newContext({ baseURL: url, locale: lang, acceptDownloads: true });
			context.setDefaultTimeout(PATIENCE_MS);
			contexts.set(name, context);
		}
		const opened = await contexts.get(name).newPage();
		await opened.setViewportSize({ width, height: 900 });
		opened.on("console", (said) => {
			const allowed = expected.some((status) => said.text().includes(`status of ${status}`));
			if (said.type() === "error" && !allowed && !forgiven.some((pattern) => pattern.test(said.text()))) trouble.push(`${opened.url()}: ${said.text()}`);
		});
		opened.on("pageerror", (error) => trouble.push(`${opened.url()}: ${error.message}`));
		opened.on("request", (request) => {
			const at = new URL(request.url());
			if (/^https?:$/.test(at.protocol) && !hosts.has(at.host))
				trouble.push(`${opened.url()} asked ${at.host} for ${at.pathname}`);
		});
		return opened;
	}

	// WCAG 2.2 AA as far as rules can tell, and nothing wider than the window.
	async function accessible(opened) {
		await opened.evaluate(axe);
		const found = await opened.evaluate(() =>
			axe.run({ resultTypes: ["violations"], preload: false, elementRef: false, iframes: false, runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
		for (const rule of found.violations)
			trouble.push(`${opened.url()} at ${opened.viewportSize().width}: ${rule.id}: ${rule.help}: ` +
				rule.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | "));
		await fits(opened);
	}
	async function fits(opened) {
		const over = await opened.evaluate(() =>
			document.documentElement.scrollWidth - document.documentElement.clientWidth);
		if (over > 0) trouble.push(`${opened.url()} at ${opened.viewportSize().width}: ${over} px wider than the window`);
	}

	function complain(text) {
		trouble.push(text);
	}

	async function picture(opened, name) {
		if (pictures) await opened.screenshot({ path: path.join(pictures, `${name}.png`), fullPage: true });
	}

	async function login(opened, name, password) {
		await opened.goto("/login");
		await opened.fill("#login", name);
		await opened.fill("#password", password);
		await Promise.all([opened.waitForURL((at) => at.pathname !== "/login"), opened.click("main button")]);
	}

	// From now on such errors are what the test wants to see survived.
	const forgiven = [];
	function forgive(pattern) {
		forgiven.push(pattern);
	}

	async function close() {
		await chrome.close();
		if (trouble.length > 0) throw new Error([...new Set(trouble)].join("\n"));
	}
	return { page, accessible, fits, complain, picture, login, forgive, close };
}
