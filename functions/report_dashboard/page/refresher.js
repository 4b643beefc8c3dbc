// Does the work again and again: never twice at once, later after failures, not while unseen.

const EVERY = 10e3;
const SELDOM = 120e3;

export class Refresher {
  #work;
  #failures = 0;
  #retryAfter = 0;
  #running = null;
  #timer = 0;

  /** `work(signal)` returns the seconds that a failed question wants to wait, or null if none failed. */
  constructor(work, paused) {
    this.#work = work;
    this.paused = paused;
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && !this.#running && !this.paused) this.now();
    });
  }

  /** Begin at once; what runs is given up, for it answers an older question. */
  async now() {
    this.#running?.abort();
    clearTimeout(this.#timer);
    const running = new AbortController();
    this.#running = running;
    const wait = await this.#work(running.signal).catch((error) => {
      if (!running.signal.aborted) throw error;
    });
    if (this.#running !== running) return;
    this.#running = null;
    this.#failures = wait === null ? 0 : this.#failures + 1;
    this.#retryAfter = wait ?? 0;
    this.#schedule();
  }

  pause(paused) {
    this.paused = paused;
    clearTimeout(this.#timer);
    if (!paused && !this.#running) this.now();
  }

  get delay() {
    return Math.max(Math.min(EVERY * 2 ** this.#failures, SELDOM), this.#retryAfter * 1000);
  }

  #schedule() {
    if (this.paused) return;
    this.#timer = setTimeout(() => {
      if (!document.hidden) this.now();
    }, this.delay);
  }
}
