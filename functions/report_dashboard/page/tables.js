// Figures as tables: plain ones, and ones whose rows have bars.

import { element } from "./elements.js";

/** A table; the first cell of each row is its heading. */
export function table(caption, heads, rows) {
  const head = heads.map((text) => element("th", { scope: "col" }, text));
  return element(
    "div",
    { class: "scroller", tabindex: "0", role: "region", "aria-label": caption },
    element(
      "table",
      {},
      element("caption", { class: "hidden" }, caption),
      element("thead", {}, element("tr", {}, ...head)),
      element("tbody", {}, ...rows.map(row)),
    ),
  );
}

function row([first, ...rest]) {
  const cells = rest.map((text) => element("td", {}, text));
  return element("tr", {}, element("th", { scope: "row" }, first), ...cells);
}

/**
 * A table with a bar in each row. Rows are { name, size, value, extra, tone }: `size` is what the
 * bar's length stands for, `tone` the class of its colour.
 */
export function bars(caption, heads, rows) {
  const most = Math.max(...rows.map(({ size }) => size), Number.MIN_VALUE);
  const head = heads.map((text) => element("th", { scope: "col" }, text));
  return element(
    "table",
    { class: "bars" },
    element("caption", { class: "hidden" }, caption),
    element("thead", { class: "hidden" }, element("tr", {}, ...head)),
    element("tbody", {}, ...rows.map((each) => barRow(each, most))),
  );
}

function barRow({ name, size, value, extra, tone }, most) {
  const bar = element("span", { class: `bar ${tone}`, "aria-hidden": "true" });
  bar.style.width = `${(100 * size) / most}%`;
  const label = element("span", { class: "name", title: name }, name);
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, bar, label),
    element("td", {}, value),
    element("td", { class: "extra" }, extra),
  );
}

/** The names of colours. */
export function legend(entries) {
  return element(
    "ul",
    { class: "legend" },
    ...entries.map(({ name, tone, value }) =>
      element(
        "li",
        {},
        element("span", { class: `swatch ${tone}`, "aria-hidden": "true" }),
        `${name} `,
        element("strong", {}, value),
      ),
    ),
  );
}
