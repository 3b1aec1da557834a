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
