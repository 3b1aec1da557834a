// Walks through all pages a person can reach by links from the first one: each kind of page at both widths and
// in both languages; errors in the browser's console, requests to other hosts, WCAG, overflow.
import { open, want } from "./browser.mjs";

const MOST_KINDS = 150;
const browser = await open();
const first = await browser.page();
await browser.login(first, process.env.VESTNIK_LOGIN, process.env.VESTNIK_PASSWORD);

// A draft to look at.
if (process.env.VESTNIK_DRAFT) {
	await first.goto("/compose");
	await first.fill("#title", process.env.VESTNIK_DRAFT);
	await Promise.all([first.waitForURL(/letter$/), first.click('form[action="/compose"] button')]);
}

// /delivery/17 and /delivery/18 are one kind of page; so are a list and the same list filtered, but for ?edit.
function kind(href) {
	const at = new URL(href);
	const names = [...at.searchParams.keys()].filter((name) => ["edit", "show", "why"].includes(name)).sort();
	const shape = at.pathname.split("/").map((part) => (/\d|^(ep-|msg_)/.test(part) ? "#" : part)).join("/");
	return shape + (names.length > 0 ? "?" + names.join("&") : "");
}

async function links(page) {
	return page.evaluate(() => [...document.querySelectorAll("a[href]")]
		.filter((a) => a.origin === location.origin && !a.hasAttribute("download")).map((a) => a.href.split("#")[0]));
}

const from = new Map(), seen = new Set(), waiting = [new URL("/", process.env.VESTNIK_URL).href], kinds = [];
while (waiting.length > 0 && kinds.length < MOST_KINDS) {
	const href = waiting.shift(), shape = kind(href);
	if (seen.has(shape)) continue;
	seen.add(shape);
	const answer = await first.goto(href).catch((error) => {
		if (!String(error).includes("Download is starting")) throw error;
	});
	if (answer === undefined || answer === null) continue; // a file to keep
	if (!(answer.headers()["content-type"] ?? "").startsWith("text/html")) continue;
	if ((answer.headers()["content-security-policy"] ?? "").includes("sandbox")) continue; // a frame's: nothing runs in it
	if (answer.status() !== 200) {
		browser.complain(`${href}, a link of ${from.get(href)}: got ${answer.status()}, want 200`);
		continue;
	}
	if (kind(first.url()) !== shape && seen.has(kind(first.url()))) continue; // it led to another
	seen.add(kind(first.url()));
	kinds.push({ href: first.url(), shape: kind(first.url()) });
	for (const next of await links(first)) {
		if (seen.has(kind(next))) continue;
		if (!from.has(next)) from.set(next, href);
		waiting.push(next);
	}
}
console.log(`${kinds.length} kinds of pages:`, kinds.map((page) => page.shape).join(" "));
for (const wanted of (process.env.VESTNIK_KINDS ?? "").split(" ").filter(Boolean))
	if (!kinds.some((page) => page.shape === wanted)) throw new Error(`no link leads to ${wanted}`);

for (const { href, shape } of kinds) {
	console.log(shape); // where it stood, should it stand still
	for (const lang of ["ru", "en"])
		for (const width of [1280, 375]) {
			// the English page on a wide screen is only looked at by people
			if (lang === "en" && width === 1280 && !process.env.VESTNIK_PICTURES) continue;
			const at = new URL(href);
			at.searchParams.set("lang", lang);
			await first.setViewportSize({ width, height: 900 });
			await first.goto(at.href);
			want(`${at.href}: lang`, await first.getAttribute("html", "lang"), lang);
			const left = await first.evaluate(() => document.body.innerText.match(/\[\[[^\]]*\|[^\]]*\]\]|\{\{[^}]*\}\}/g) ?? []);
			want(`${at.href}: what the template left over`, left, []);
			if (lang === "ru") await browser.accessible(first); // the rules look at what is the same in both
			else await browser.fits(first);
			await browser.picture(first, `${shape.replace(/[^a-zA-Z0-9#]+/g, "_").replace(/#/g, "N")}.${lang}.${width}`);
		}
}
await browser.close();
