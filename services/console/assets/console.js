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
