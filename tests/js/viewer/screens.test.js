import assert from "node:assert/strict";
import { test } from "node:test";

import { Screens } from "../../../arcontent/static/arcontent/viewer/screens.js";

/** The link that a page shows for what a manifest calls for. */
function shownLink(action) {
  const elements = { "call-to-action": { hidden: true }, "call-to-action-label": { textContent: "" } };
  const page = {
    baseURI: "https://ar.example/ar/code",
    getElementById: (id) => elements[id] ?? null,
    querySelectorAll: () => [],
  };
  new Screens({ page, texts: {} }).show({ target: null, videos: [], call_to_action: action });
  return { ...elements["call-to-action"], label: elements["call-to-action-label"].textContent };
}

test("a link leads where the content says, with its words or else its host", () => {
  const named = shownLink({ label: "Tickets", url: "https://example.com/tickets?for=2" });
  const nameless = shownLink({ label: "", url: "https://example.com/" });

  assert.deepEqual(named, { hidden: false, href: "https://example.com/tickets?for=2", label: "Tickets" });
  assert.equal(nameless.label, "example.com");
});

for (const url of ["https://example.com:99999/", "https://1.1.1.1:70000", "https://a.xn--0", "javascript:alert(1)"]) {
  test(`a link to ${url} is not shown, and the rest of the page is`, () => {
    assert.equal(shownLink({ label: "Tickets", url }).hidden, true);
  });
}

test("without a link there is none", () => {
  assert.equal(shownLink(null).hidden, true);
});
