// Light or dark: as the system says, or as the reader chose.

import { byId } from "./elements.js";

const KEY = "hookstream-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

export const isDark = () => (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";

/** The value of a colour of colours.css. */
export const colour = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Let the button switch; `changed` is called after each change. */
export function themeButton(changed) {
  const button = byId("theme");
  const show = () => {
    const next = isDark() ? "light" : "dark";
    button.setAttribute("aria-label", `Switch to the ${next} theme`);
    button.title = `Switch to the ${next} theme`;
    button.textContent = isDark() ? "☀" : "☾";
  };
  button.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem(KEY, next);
    } catch {
      button.title = "Your browser does not keep this choice.";
    }
    show();
    changed();
  });
  system.addEventListener("change", () => {
    show();
    changed();
  });
  show();
}
