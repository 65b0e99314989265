// The page's address, to be taken along to another browser.

/** @typedef {import("./screens.js").Screens} Screens */

/**
 * Copy the page's address; where the browser does not allow that, show it selected.
 * @param {Screens} screens
 * @param {Event} event of the button
 */
export async function copyAddress(screens, { currentTarget }) {
  try {
    await navigator.clipboard.writeText(location.href);
    screens.confirm(/** @type {HTMLElement} */ (currentTarget), "copied");
  } catch {
    for (const field of document.querySelectorAll("input.address")) {
      if (!(field instanceof HTMLInputElement)) continue;
      field.value = location.href;
      field.hidden = false;
      field.select();
    }
  }
}
