// Guesses how well phones will recognise a picture, as soon as it is chosen; uploading waits for nothing.
"use strict";

const GUESS_MS = 20_000;
const GUESS_TRIES = 4;

let guessing = new AbortController();

/** Ask for a guess; while the server has too much to do, ask again a little later. */
async function asked(/** @type {string} */ url, /** @type {HTMLInputElement} */ input, /** @type {AbortSignal} */ signal) {
  const body = new FormData();
  body.append("image", input.files?.[0] ?? "");
  const token = /** @type {HTMLInputElement | null} */ (input.form?.querySelector("[name=csrfmiddlewaretoken]"));
  for (let tries = 1; ; tries += 1) {
    const answer = await fetch(url, { method: "POST", headers: { "X-CSRFToken": token?.value ?? "" }, body, signal });
    if (answer.status !== 503 || tries === GUESS_TRIES) return answer;
    await new Promise((resolve) => setTimeout(resolve, 1000 * Number(answer.headers.get("Retry-After") ?? 1)));
  }
}

/** Say in a box how good the chosen picture is, or why that isn't known. */
async function guess(/** @type {HTMLElement} */ box, /** @type {HTMLInputElement} */ input) {
  guessing.abort(); // of a picture that was chosen before
  const mine = new AbortController();
  guessing = mine;
  const picture = input.files?.[0];
  box.hidden = !picture;
  box.classList.remove("desk-busy");
  if (!picture) return;
  if (picture.size > Number(input.dataset.maxBytes)) {
    box.textContent = input.dataset.tooHeavy ?? "";
    return;
  }
  box.textContent = box.dataset.busy ?? "";
  box.classList.add("desk-busy");
  const timer = setTimeout(() => mine.abort(), GUESS_MS);
  const answer = await asked(box.dataset.url ?? "", input, mine.signal).catch(() => null); // null: no connection
  const text = answer?.ok && !answer.redirected ? await answer.text().catch(() => "") : ""; // redirected: signed out
  clearTimeout(timer);
  if (guessing !== mine) return;
  box.classList.remove("desk-busy");
  if (text) box.replaceChildren(...parsed(text).body.childNodes);
  else box.textContent = box.dataset.broken ?? "";
}

document.addEventListener("change", ({ target }) => {
  const box = document.getElementById("desk-prescore");
  if (!box || !(target instanceof HTMLInputElement) || target.name !== "image") return;
  target.closest(".form-row")?.firstElementChild?.append(box);
  guess(box, target);
});
