// What the reader signed in with, an API key or a token: kept for this tab alone, until it closes.

const KEY = "hookstream-credential";

let kept = stored();

function stored() {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return ""; // storage is blocked: it is kept as long as the page is
  }
}

export const credential = () => kept;

/** The headers that tell the functions who asks; none without a sign-in. */
export const proof = () => (kept ? { authorization: `Bearer ${kept}` } : {});

/** Sign in, or out with "". */
export function keep(text) {
  kept = text;
  try {
    if (text) sessionStorage.setItem(KEY, text);
    else sessionStorage.removeItem(KEY);
  } catch {
    // as above
  }
}
