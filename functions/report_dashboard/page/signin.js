// The form that asks who the reader is, where a function wants to know.

import { byId } from "./elements.js";
import { credential, keep } from "./session.js";

// What a header can hold: a key or a token has nothing else.
const FORM = /^[\x21-\x7e]{1,8192}$/;

export class SignIn {
  #form = byId("signin");
  #field = byId("credential");
  #said = byId("signin-said");
  #out = byId("signout");

  /** `signedIn()` is called when there is something new to ask with. */
  constructor(signedIn) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#field.value.trim();
      if (!FORM.test(text)) {
        this.#say("That is neither a key nor a token.");
        return;
      }
      keep(text);
      this.#field.value = "";
      this.hide();
      signedIn();
    });
    this.#out.addEventListener("click", () => {
      keep("");
      location.reload();
    });
    this.#show(false);
  }

  /** Whether nothing is to be asked before the reader has signed in. */
  get asking() {
    return !this.#form.hidden;
  }

  /** Ask; what was tried before is not valid, or not any more. */
  ask() {
    this.#say(credential() ? "That key or token is not valid here." : "");
    keep("");
    this.#show(true);
    this.#field.focus();
  }

  hide() {
    this.#show(false);
  }

  #say(text) {
    this.#said.textContent = text;
    this.#field.setAttribute("aria-invalid", String(text !== ""));
  }

  #show(asking) {
    this.#form.hidden = !asking;
    for (const id of ["filters", "cards", "refresh"]) byId(id).hidden = asking;
    this.#out.hidden = asking || !credential();
  }
}
