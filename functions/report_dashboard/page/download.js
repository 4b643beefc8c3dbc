// Saves a report as a file. A link cannot say who asks, so that signed-in readers get it this way.

import { reply } from "./reports.js";

const NAME = /filename="([\w.-]{1,128})"/;

/** Save what `url` answers. Throws Refusal. */
export async function download(url) {
  const response = await reply(url, { accept: "*/*" }, AbortSignal.timeout(300e3));
  const address = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = address;
  link.download = NAME.exec(response.headers.get("content-disposition") ?? "")?.[1] ?? "report.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60e3);
}
