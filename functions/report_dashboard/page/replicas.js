// The replicas of the functions, where the gateway tells them to anyone who asks.

import { credential, proof } from "./session.js";

const LIST = "../../system/functions";
const PATIENCE = 5e3;

let refused = null;

/** Return [{ name, replicas }], or null where the gateway does not say. */
export async function replicas(signal) {
  if (refused === credential()) return null;
  try {
    // Without cookies, a gateway that wants some does not make the browser ask for them.
    const response = await fetch(LIST, {
      cache: "no-store",
      credentials: "omit",
      headers: proof(),
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]),
    });
    refused = [401, 403, 404].includes(response.status) ? credential() : null;
    return response.ok ? await response.json() : null;
  } catch (error) {
    if (signal.aborted) throw error;
    return null;
  }
}
