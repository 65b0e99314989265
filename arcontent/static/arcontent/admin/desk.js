// The studio's desk: shows an upload's progress, and follows the preparing until it is done.
"use strict";

const POLL_MS = 1500;

/** Reload the page whenever one of the content's parts gets further. */
async function follow(/** @type {HTMLElement} */ box) {
  let known = "";
  for (;;) {
    const answer = await fetch(box.dataset.url ?? "", { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const { parts } = await answer.json();
    const now = parts.join();
    if (known && now !== known) return location.reload();
    known = now;
    if (parts.every((/** @type {string} */ part) => part === "ready" || part === "failed")) return;
    box.textContent = box.dataset.waiting ?? "";
    box.hidden = false;
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

/** Send the form with a progress bar; without scripts the browser sends it just the same. */
function upload(/** @type {HTMLElement} */ box, /** @type {HTMLFormElement} */ form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const bar = /** @type {HTMLProgressElement} */ (box.querySelector("progress"));
    const text = /** @type {HTMLOutputElement} */ (box.querySelector("output"));
    const data = new FormData(form);
    const submitter = /** @type {HTMLInputElement | null} */ (event.submitter);
    if (submitter?.name) data.append(submitter.name, submitter.value);
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = loaded / total;
      text.value = `${Math.round((100 * loaded) / total)} %`;
    });
    request.addEventListener("load", () => {
      if (request.responseURL !== location.href) return location.assign(request.responseURL);
      document.open();
      document.write(request.responseText);
      document.close();
      return undefined;
    });
    request.addEventListener("error", () => {
      box.hidden = true;
      form.submit();
    });
    box.hidden = false;
    box.scrollIntoView({ block: "center" });
    request.open("POST", location.href);
    request.send(data);
  });
}

document.addEventListener("DOMContentLoaded", () => {
  const status = document.getElementById("desk-status");
  if (status) follow(status);
  const box = document.getElementById("desk-upload");
  const form = document.querySelector("#arcontent_form");
  if (box && form instanceof HTMLFormElement) upload(box, form);
});
