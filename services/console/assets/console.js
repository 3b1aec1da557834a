/* What htmx does not do itself. Pages work without this file. */
"use strict";
/* A refused form comes back with 422: its page is shown, errors beside the fields. */
document.addEventListener("htmx:beforeSwap", (event) => {
	if (event.detail.xhr.status === 422) {
		event.detail.shouldSwap = true;
		event.detail.isError = false;
	}
});
/* An open list closes when something else is clicked, or with Escape. */
document.addEventListener("click", (event) => {
	for (const open of document.querySelectorAll("details.who[open]"))
		if (!open.contains(event.target)) open.open = false;
});
document.addEventListener("keydown", (event) => {
	if (event.key === "Escape")
		for (const open of document.querySelectorAll("details.who[open]")) open.open = false;
});

/* A chart of what came by when, drawn from the table beside it: .chart[data-chart="steps"] names it in data-table;
 * its cells hold data-x (seconds since 1970) and data-y. data-mark: a moment with a line of its own. */
function drawSteps(chart) {
	const table = document.getElementById(chart.dataset.table);
	if (!table || typeof uPlot === "undefined" || chart.firstChild) return;
	const numbers = (name) => [...table.querySelectorAll(`[data-${name}]`)].map((cell) => Number(cell.dataset[name]));
	const xs = numbers("x"), ys = numbers("y"), mark = Number(chart.dataset.mark || 0), top = Number(chart.dataset.top || 0);
	const style = getComputedStyle(document.documentElement);
	const accent = style.getPropertyValue("--accent").trim(), quiet = style.getPropertyValue("--quiet").trim();
	const end = Math.max(xs[xs.length - 1], mark), start = Math.min(xs[0], mark || xs[0]);
	const drawMark = (plot) => {
		if (!mark) return;
		const x = Math.round(plot.valToPos(mark, "x", true)), box = plot.bbox, pen = plot.ctx;
		pen.save();
		pen.strokeStyle = pen.fillStyle = "#a40e26";
		pen.setLineDash([6, 4]);
		pen.beginPath();
		pen.moveTo(x, box.top);
		pen.lineTo(x, box.top + box.height);
		pen.stroke();
		pen.textAlign = "right";
		pen.fillText(chart.dataset.markName || "", x - 6, box.top + 14);
		pen.restore();
	};
	const axis = { stroke: quiet, grid: { stroke: "#d0d7de", width: 1 }, ticks: { show: false } };
	const plot = new uPlot({
		width: chart.clientWidth, height: 240, legend: { show: false }, cursor: { show: false },
		scales: { x: { time: true, range: [start, end + (end - start) * 0.02 + 60] }, y: { range: [0, Math.max(top, ys[ys.length - 1], 1)] } },
		axes: [{ ...axis, values: (u, ticks) => ticks.map((at) => new Date(at * 1000).toLocaleDateString(document.documentElement.lang, { day: "numeric", month: "short" })), space: 70 },
			{ ...axis, size: 56, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000] }],
		series: [{}, { stroke: accent, width: 2, fill: accent + "22", paths: uPlot.paths.stepped({ align: 1 }), points: { show: false } }],
		hooks: { draw: [drawMark] },
	}, [xs, ys], chart);
	new ResizeObserver(() => plot.setSize({ width: chart.clientWidth, height: 240 })).observe(chart);
}
document.addEventListener("DOMContentLoaded", () => {
	for (const chart of document.querySelectorAll('.chart[data-chart="steps"]')) drawSteps(chart);
});
/* ---- lines over time: <div class="chart" data-chart="lines" data-table="ID"> draws the table with that id. Its first column is the
   moment (data-value: seconds since 1970), each further column a line: the heading is its name,
   data-colour on the heading its colour (accent good warn bad violet quiet), data-value of a cell its
   number. On the div: data-zone "Europe/Moscow". Without this file the table itself is read. ---- */
const chartColours = { accent: "--accent", good: "#2d8a4b", warn: "#b07a00", bad: "#c8324a", violet: "#7a4fbf", quiet: "#57606a" };
function chartColour(name) {
	const colour = chartColours[name] || chartColours.accent;
	return colour.startsWith("--") ? getComputedStyle(document.documentElement).getPropertyValue(colour).trim() : colour;
}
function chartNumber(cell) {
	return cell === undefined || cell.dataset.value === undefined || cell.dataset.value === "" ? null : Number(cell.dataset.value);
}
function chartData(table) {
	const columns = [...table.tHead.rows[0].cells].map(() => []);
	for (const row of table.tBodies[0].rows)
		columns.forEach((column, i) => column.push(chartNumber(row.cells[i])));
	return columns;
}
/* The moments of the axis as people here write them. */
function chartMoments(zone, seconds, axis) {
	const lang = document.documentElement.lang;
	const day = { day: "2-digit", month: "2-digit" }, time = { hour: "2-digit", minute: "2-digit" };
	const format = new Intl.DateTimeFormat(lang, { ...(axis > 2 * 86400 ? day : time), hourCycle: "h23", timeZone: zone });
	return seconds.map((s) => format.format(new Date(s * 1000)));
}
function drawLines(place) {
	const table = document.getElementById(place.dataset.table);
	if (table === null || place.firstChild !== null) return;
	const zone = place.dataset.zone || "UTC", data = chartData(table), heads = [...table.tHead.rows[0].cells];
	const lang = document.documentElement.lang, span = data[0][data[0].length - 1] - data[0][0];
	const whole = new Intl.DateTimeFormat(lang, { day: "2-digit", month: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
	const number = new Intl.NumberFormat(lang, { maximumFractionDigits: 1 });
	const line = (head) => {
		const colour = chartColour(head.dataset.colour);
		return { label: head.textContent, stroke: colour, fill: heads.length === 2 ? colour + "22" : undefined, width: 2, points: { show: data[0].length < 2 }, value: (u, v) => (v === null ? "—" : number.format(v)) };
	};
	const font = "13px " + getComputedStyle(document.body).fontFamily;
	const chart = new uPlot({
		width: place.clientWidth,
		height: 240,
		tzDate: (s) => uPlot.tzDate(new Date(s * 1000), zone),
		scales: { y: { range: (u, low, high) => [0, Math.max(1, high * 1.1)] } },
		series: [{ label: heads[0].textContent, value: (u, v) => (v === null ? "—" : whole.format(new Date(v * 1000))) }, ...heads.slice(1).map(line)],
		axes: [{ font, values: (u, moments) => chartMoments(zone, moments, span) }, { font, size: 60, values: (u, values) => values.map((v) => number.format(v)) }],
	}, data, place);
	place.setAttribute("role", "img");
	place.setAttribute("aria-label", heads.slice(1).map((head) => head.textContent).join(", "));
	new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: 240 })).observe(place);
}
function drawAllLines() {
	if (window.uPlot) document.querySelectorAll('.chart[data-chart="lines"]').forEach(drawLines);
}
document.addEventListener("DOMContentLoaded", drawAllLines);
document.addEventListener("htmx:load", drawAllLines);

/* The live log: a line that stands on the page already does not come twice, the page does not grow for ever,
   and on pause what comes is counted, not shown. */
const LOG_ROWS_MOST = 300;
document.addEventListener("htmx:sseBeforeMessage", (event) => {
	const log = event.target.closest("#log");
	if (!log || !log.classList.contains("held")) return;
	event.preventDefault();
	if (event.detail.type !== "lines") return;
	const count = log.querySelector(".log-count");
	count.textContent = Number(count.textContent) + event.detail.data.split("<tr ").length - 1;
});
document.addEventListener("htmx:sseMessage", (event) => {
	if (event.target.id === "log-rows") tidyLog(event.target);
});
function tidyLog(rows) {
	const seen = new Set();
	for (const row of [...rows.children]) {
		if (seen.has(row.id) || seen.size >= LOG_ROWS_MOST) row.remove();
		seen.add(row.id);
	}
}
document.addEventListener("click", (event) => {
	const pause = event.target.closest(".log-pause");
	if (!pause) return;
	event.preventDefault();
	pause.closest("#log").classList.add("held");
});
/* A file that is let fall on a .drop goes into its field; where the form says so (data-sends-itself) it is sent at once. */
for (const place of document.querySelectorAll(".drop")) {
	const field = place.querySelector("input[type=file]");
	if (!field) continue;
	const send = () => {
		if (field.form && "sendsItself" in field.form.dataset && field.files.length > 0) field.form.requestSubmit();
	};
	for (const over of ["dragenter", "dragover"])
		place.addEventListener(over, (event) => {
			event.preventDefault();
			place.classList.add("over");
		});
	place.addEventListener("dragleave", () => place.classList.remove("over"));
	place.addEventListener("drop", (event) => {
		event.preventDefault();
		place.classList.remove("over");
		if (event.dataTransfer.files.length === 0) return;
		field.files = event.dataTransfer.files;
		field.dispatchEvent(new Event("change", { bubbles: true }));
	});
	field.addEventListener("change", send);
}
/* While a long form (data-progress) is being worked on: a bar of how far it has come, its button pressed once. */
for (const form of document.querySelectorAll("form[data-progress]"))
	form.addEventListener("submit", (event) => {
		const bar = form.querySelector("progress");
		if (!bar || (event.submitter && event.submitter.hasAttribute("formaction"))) return;
		bar.hidden = false;
		bar.removeAttribute("value");
		for (const button of form.querySelectorAll("button")) setTimeout(() => (button.disabled = true));
		const look = async () => {
			const answer = await fetch(form.dataset.progress).catch(() => null);
			const told = answer && answer.ok ? await answer.json() : {};
			if (told.total > 0) {
				bar.max = told.total;
				bar.value = told.done;
			}
			setTimeout(look, 700);
		};
		setTimeout(look, 700);
	});

/* On a phone the rows of a list are cards (console.css): each cell is told the name of its column. */
function labelCells(table) {
	const names = [...(table.tHead?.rows[0]?.cells ?? [])].map((cell) => cell.textContent.trim());
	for (const body of table.tBodies)
		for (const row of body.rows)
			[...row.cells].forEach((cell, i) => {
				if (i > 0 && names[i] && cell.matches("td:not(.actions)") && cell.dataset.label === undefined) cell.dataset.label = names[i];
			});
	table.classList.toggle("labelled", names.length > 0);
}
function labelLists() {
	document.querySelectorAll("table.list").forEach(labelCells);
}
document.addEventListener("DOMContentLoaded", labelLists);
document.addEventListener("htmx:load", labelLists);
document.addEventListener("htmx:afterSettle", labelLists);
/* Writing a campaign: what is clicked is put where the cursor last stood in a letter. */
let lastLetter = null;
document.addEventListener("focusin", (event) => {
	if (event.target.matches("textarea.letter-source")) lastLetter = event.target;
});
document.addEventListener("click", (event) => {
	const button = event.target.closest("[data-insert]");
	if (!button) return;
	const field = lastLetter || document.querySelector("textarea.letter-source");
	field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
	field.dispatchEvent(new Event("input", { bubbles: true }));
	field.focus();
});
/* What cannot be undone is asked once more. */
document.addEventListener("click", (event) => {
	const button = event.target.closest("[data-confirm]");
	if (button && !window.confirm(button.dataset.confirm)) event.preventDefault();
});
