// The console works without this. It saves clicks: copying, refreshing what is live, marking a form as sent.
"use strict";
for (const button of document.querySelectorAll("[data-copy]")) {
  const code = button.closest(".code")?.querySelector("code");
  if (code === null || code === undefined || navigator.clipboard === undefined) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.textContent ?? "");
    button.firstChild.textContent = "Copied";
    setTimeout(() => button.firstChild.textContent = "Copy", 2000);
  });
}
document.querySelector(".summary")?.focus();
for (const form of document.forms) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent !== undefined) event.preventDefault();
    if (form.method === "post") form.dataset.sent = "";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
const LIVE_MS = 2000;
const LIVE_FOR_MS = 600000;
const refresh = async (part, until) => {
  if (!part.isConnected || Date.now() > until) return;
  if (document.visibilityState === "visible") {
    try {
      const answer = await fetch(part.dataset.live, { credentials: "same-origin" });
      const fresh = answer.redirected || !answer.ok ? null : new DOMParser()
        .parseFromString(await answer.text(), "text/html")
        .getElementById(part.id);
      if (fresh !== null && fresh.innerHTML !== part.innerHTML) part.replaceWith(fresh);
      const next = fresh === null || !document.contains(fresh) ? part : fresh;
      if (fresh !== null && fresh.dataset.live === undefined) return;
      setTimeout(() => refresh(next, until), LIVE_MS);
      return;
    } catch { /* The server is away for a moment: the next look tells. */ }
  }
  setTimeout(() => refresh(part, until), LIVE_MS);
};
for (const part of document.querySelectorAll("[data-live]")) {
  setTimeout(() => refresh(part, Date.now() + LIVE_FOR_MS), LIVE_MS);
}
