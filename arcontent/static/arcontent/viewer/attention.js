// Whether the visitor sees the page: another tab or app may be in front, or the page may only be kept for going back.

/**
 * Tell when that changes.
 * @param {Document} page
 * @param {Window} view that it is in
 * @param {(isSeen: boolean) => void} onChange may be told the same twice
 */
export function watchAttention(page, view, onChange) {
  page.addEventListener("visibilitychange", () => onChange(!page.hidden));
  view.addEventListener("pagehide", () => onChange(false));
  view.addEventListener("pageshow", ({ persisted }) => persisted && onChange(true));
}
