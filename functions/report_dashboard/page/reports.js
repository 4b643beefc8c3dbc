// Asks the report functions. Answers are kept with their tags, so that asking again is cheap.

import { proof } from "./session.js";

const PATIENCE = 30e3;
const MOST_KEPT = 48;

/** Why there is no answer; `title` and `detail` are for the reader. */
export class Refusal extends Error {
  constructor(title, detail, { status = 0, retryAfter = 0 } = {}) {
    super(title);
    this.title = title;
    this.detail = detail;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

export class Reports {
  #kept = new Map();

  /** Return a report's answer. Throws Refusal, or AbortError once `signal` says so. */
  async ask(url, signal) {
    const known = this.#kept.get(url);
    const response = await this.#fetch(url, known, signal);
    if (response.status === 304 && known) return known.answer;
    if (!response.ok) throw await refusal(response);
    const answer = await response.json();
    this.#keep(url, { answer, tag: response.headers.get("etag") });
    return answer;
  }

  async #fetch(url, known, signal) {
    const limit = AbortSignal.timeout(PATIENCE);
    const headers = { accept: "application/json" };
    if (known?.tag) headers["if-none-match"] = known.tag;
    try {
      return await fetch(url, {
        headers: { ...headers, ...proof() },
        cache: "no-store",
        credentials: "same-origin",
        signal: AbortSignal.any([signal, limit]),
      });
    } catch (error) {
      if (signal.aborted) throw error;
      if (limit.aborted) {
        throw new Refusal("The report took too long", "Choose a shorter range or fewer filters.");
      }
      throw new Refusal(
        "The gateway does not answer",
        "Check that the stack is running (hookstream status) and that you are connected.",
      );
    }
  }

  #keep(url, entry) {
    this.#kept.delete(url);
    this.#kept.set(url, entry);
    if (this.#kept.size > MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value);
  }
}

/** Return the answer to a question that is asked once. Throws Refusal. */
export async function reply(url, headers, signal) {
  const response = await fetch(url, {
    headers: { ...headers, ...proof() },
    credentials: "same-origin",
    signal,
  }).catch(() => {
    throw new Refusal("The gateway does not answer", "Check that you are connected.");
  });
  if (!response.ok) throw await refusal(response);
  return response;
}

async function refusal(response) {
  const about = { status: response.status, retryAfter: Number(response.headers.get("retry-after")) };
  let said = {};
  if (response.headers.get("content-type")?.includes("json")) {
    said = await response.json().catch(() => ({}));
  }
  const title = typeof said.title === "string" ? said.title : `The answer was HTTP ${about.status}`;
  const detail = typeof said.detail === "string" ? said.detail : "";
  return new Refusal(title, detail, about);
}
