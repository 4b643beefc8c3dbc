// The replicas of the functions, where the gateway tells them to anyone who asks.

const LIST = "../../system/functions";

let refused = false;

/** Return [{ name, replicas }], or null where the gateway does not say. */
export async function replicas(signal) {
  if (refused) return null;
  try {
    // Without credentials, a gateway that wants some does not make the browser ask for them.
    const response = await fetch(LIST, { cache: "no-store", credentials: "omit", signal });
    refused = [401, 403, 404].includes(response.status);
    return response.ok ? await response.json() : null;
  } catch (error) {
    if (signal.aborted) throw error;
    return null;
  }
}
