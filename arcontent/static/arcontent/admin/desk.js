// The studio's desk: sends files and shows how far they are, follows the preparing, copies links.
"use strict";

const POLL_MS = 1500;

/** Read a page's text as a document, in which no script runs. */
const parsed = (/** @type {string} */ html) => new DOMParser().parseFromString(html, "text/html");

/** Show anew what the pipeline has written, and leave alone what somebody may be typing. */
async function refresh() {
  const page = parsed(await (await fetch(location.href)).text());
  const fresh = page.querySelectorAll("#arcontent_form .readonly");
  const shown = document.querySelectorAll("#arcontent_form .readonly");
  if (fresh.length === shown.length) shown.forEach((old, index) => old.replaceWith(fresh[index]));
}

/** Say how far the parts are until no worker has anything to do for them. */
async function follow(/** @type {HTMLElement} */ box) {
  let known = null;
  for (;;) {
    const answer = await fetch(box.dataset.url ?? "").catch(() => null); // null: no connection
    if (answer?.redirected) return location.reload(); // signed out meanwhile
    if (answer?.ok) {
      const { done, parts, says } = await answer.json();
      const now = parts.join();
      if (known === null && done) return undefined;
      if (known !== now) box.textContent = says;
      if (known !== null && known !== now) await refresh().catch(() => null);
      box.classList.toggle("desk-busy", !done);
      if (done) return undefined;
      known = now;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** The field with a file that the server would refuse for its weight. */
function tooHeavy(/** @type {HTMLFormElement} */ form) {
  const fields = /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("[data-max-bytes]"));
  return [...fields].find(({ files, dataset }) => (files?.[0]?.size ?? 0) > Number(dataset.maxBytes));
}

/** Send the form and show how far it is; without scripts the browser sends it just the same. */
function upload(/** @type {HTMLElement} */ box, /** @type {HTMLFormElement} */ form) {
  const bar = document.createElement("progress");
  const text = document.createElement("p");
  const buttons = () => /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("[type=submit]"));

  const settle = (/** @type {string} */ message) => {
    window.onbeforeunload = null;
    for (const button of buttons()) button.disabled = false;
    text.textContent = message;
    bar.remove();
    if (!message) box.replaceChildren();
  };

  /** Show the form as the server sent it back, with the files that were chosen still chosen. */
  const showErrors = (/** @type {string} */ page) => {
    const answer = parsed(page).querySelector("#arcontent_form");
    if (!(answer instanceof HTMLFormElement)) return settle(box.dataset.refused ?? "");
    settle("");
    for (const input of answer.querySelectorAll("input[type=file]")) {
      const { id } = /** @type {HTMLInputElement} */ (input);
      const chosen = /** @type {HTMLInputElement | null} */ (form.querySelector(`#${id}`));
      if (chosen) /** @type {HTMLInputElement} */ (input).files = chosen.files;
    }
    const guessed = form.querySelector("#desk-prescore");
    if (guessed && !answer.querySelector(".field-image .errorlist")) {
      answer.querySelector(".field-image")?.firstElementChild?.append(guessed);
    } else if (guessed instanceof HTMLElement) {
      guessed.hidden = true; // what is wrong with the picture is said at its field
      box.after(guessed);
    }
    form.replaceWith(answer);
    upload(box, answer);
    const wrong = /** @type {HTMLElement | null} */ (answer.querySelector("[aria-invalid=true]"));
    (wrong ?? answer).focus();
    answer.scrollIntoView();
    return undefined;
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const heavy = tooHeavy(form);
    if (heavy) {
      box.replaceChildren(text);
      settle(heavy.dataset.tooHeavy ?? "");
      box.scrollIntoView({ block: "center" });
      return;
    }
    const request = new XMLHttpRequest();
    request.open("POST", location.href);
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = ({ loaded, total }) => {
      bar.value = loaded / total;
    };
    request.upload.onload = () => {
      bar.removeAttribute("value");
      text.textContent = box.dataset.checking ?? "";
    };
    request.onload = () => {
      if (request.status === 201) {
        window.onbeforeunload = null;
        location.assign(JSON.parse(request.responseText).url);
      } else if (request.status === 200 && request.responseURL !== location.href) {
        window.onbeforeunload = null;
        location.assign(request.responseURL); // signed out meanwhile
      } else if (request.status === 200) {
        showErrors(request.responseText);
      } else {
        settle(box.dataset.refused ?? "");
      }
    };
    request.onerror = () => settle(box.dataset.broken ?? "");
    window.onbeforeunload = (leaving) => leaving.preventDefault();
    text.textContent = box.dataset.sending ?? "";
    bar.ariaLabel = text.textContent;
    bar.value = 0;
    box.replaceChildren(text, bar);
    box.scrollIntoView({ block: "center" });
    request.send(new FormData(form));
    for (const button of buttons()) button.disabled = true;
  });
}

/** Copy a link; where the browser does not let us, select it for the person to copy. */
async function copy(/** @type {HTMLElement} */ button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy ?? "");
    button.textContent = button.dataset.copied ?? "";
  } catch {
    const link = button.previousElementSibling;
    if (link) getSelection()?.selectAllChildren(link);
  }
}

document.addEventListener("click", ({ target }) => {
  const button = target instanceof Element ? target.closest("[data-copy]") : null;
  if (button instanceof HTMLElement) copy(button);
});

document.addEventListener("DOMContentLoaded", () => {
  const status = document.getElementById("desk-status");
  if (status) follow(status);
  const box = document.getElementById("desk-upload");
  const form = document.querySelector("#arcontent_form");
  if (box && form instanceof HTMLFormElement) upload(box, form);
});
