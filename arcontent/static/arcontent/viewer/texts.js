// The page's words. All of them are in the page itself, in the visitor's language; here they are only found
// (`<template id="messages">`) and put where they are to be read.

/** What the page has to say has no words: a mistake in the template. */
class NoSuchMessage extends Error {}

export class Texts {
  /** @param {Document} page */
  constructor(page) {
    const template = page.querySelector("template#messages");
    if (!(template instanceof HTMLTemplateElement)) throw new NoSuchMessage("messages");
    /** @private */
    this.messages = template.content;
  }

  /**
   * A message's words.
   * @param {string} name
   * @returns {{title: string, text: string}} without a title, that is ""
   */
  words(name) {
    const message = this.messages.querySelector(`[data-message="${name}"]`);
    if (message === null) throw new NoSuchMessage(name);
    const title = message.querySelector("[data-title]")?.textContent?.trim() ?? "";
    const text = (message.querySelector("[data-text]") ?? message).textContent?.trim() ?? "";
    return { title, text };
  }
}
